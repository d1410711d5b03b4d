import Foundation
import Glibc
import Stack
import TestSupport

/// An nginx of the test in front of a service's workers, which includes the files of `nginx/` as an operator does.
final class Front: @unchecked Sendable {
    let glance: TestGlance
    let port: Int
    let folder: String
    /// The prefix of every path.
    let prefix: String
    private var processes: [ChildProcess] = []

    /// The three ways that are shipped.
    enum Way: String, CaseIterable, Sendable {
        case site, prefix, cgi

        var prefix: String { self == .prefix ? "/image" : "" }

        /// The content of the http block.
        func http(_ port: Int) -> String {
            switch self {
            case .site: "include vitrine/site.conf;"
            case .prefix: "include vitrine/glance-upstreams.conf; server { listen 127.0.0.1:\(port); include vitrine/prefix.conf; }"
            case .cgi: "server { listen 127.0.0.1:\(port); include vitrine/cgi.conf; }"
            }
        }
    }

    /// - Parameters:
    ///   - http: the content of the http block, made from the port; `FOLDER` stands for nginx's folder.
    ///   - changes: replacements in the shipped files, in addition to the paths.
    init(before glance: TestGlance, prefix: String = "", changes: [String: String] = [:], http: (Int) -> String) throws {
        self.glance = glance
        self.prefix = prefix
        port = try freePort()
        folder = "\(TestFolder.root)/front-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/vitrine", withIntermediateDirectories: true)
        var changes = changes
        changes["9292"] = String(port)
        changes["9191"] = String(try freePort())
        changes["/run/vitrine/registry.sock"] = "\(glance.folder)/run/registry.sock"
        changes["/run/vitrine/metadata.sock"] = "\(glance.folder)/run/metadata.sock"
        changes["/run/vitrine/data.sock"] = "\(glance.folder)/run/data.sock"
        changes["/var/lib/glance/images"] = glance.storeFolder
        changes["/run/fcgiwrap.socket"] = "\(folder)/fcgiwrap.socket"
        changes["/usr/bin/glance-api"] = "\(TestGlance.programs)/glance-api"
        changes["/etc/glance;"] = "\(glance.folder);"
        try Self.copyShipped(to: "\(folder)/vitrine", changes)
        try Self.configuration(in: folder, http: http(port).replacing("FOLDER", with: folder)).write(
            toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
        processes = [
            try ChildProcess("fcgiwrap", ["-f", "-s", "unix:\(folder)/fcgiwrap.socket"], output: "\(folder)/fcgiwrap.log"),
            try ChildProcess(
                "nginx", ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", "\(folder)/nginx.log"], output: "\(folder)/nginx.log"),
        ]
        // nginx writes this file after it has bound all of its ports.
        let ready = eventually {
            ["nginx.pid", "fcgiwrap.socket"].allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
                && (try? HTTPConnection(port: port)) != nil
        }
        guard ready else { throw Unexpected("nginx or fcgiwrap does not start: \(try log())") }
    }

    deinit { for process in processes { process.stop() } }

    convenience init(_ way: Way, before glance: TestGlance) throws {
        try self.init(before: glance, prefix: way.prefix) { way.http($0) }
    }

    /// The front of a kind that the suites with `.sharesServices(Front.self)` share, before a service that they share as well.
    static func of(_ way: Way) throws -> Front { try shared[way]!.get() }

    private static let shared = Dictionary(
        uniqueKeysWithValues: Way.allCases.map { way in
            (way, Shared(among: Front.self) { try Front(way, before: .of(Front.self)) })
        })

    /// The shipped files with some texts replaced; each must occur in one of them.
    static func copyShipped(to folder: String, _ changes: [String: String]) throws {
        var unseen = Set(changes.keys)
        let shipped = TestGlance.repository + "nginx"
        for name in try FileManager.default.contentsOfDirectory(atPath: shipped) {
            var text = try String(contentsOfFile: "\(shipped)/\(name)", encoding: .utf8)
            // The longest first, because one may contain another.
            for (old, new) in changes.sorted(by: { $0.key.count > $1.key.count }) where text.contains(old) {
                text = text.replacing(old, with: new)
                unseen.remove(old)
            }
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        guard unseen.isEmpty else { throw Unexpected("nginx/ does not say \(unseen.sorted())") }
    }

    /// An nginx.conf that uses only its own folder.
    static func configuration(in folder: String, http: String) -> String {
        let buffers = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"].map { "\($0)_temp_path \(folder)/\($0);" }
        return """
            daemon off;
            \(getuid() == 0 ? "user root;" : "")
            worker_processes 2;
            pid \(folder)/nginx.pid;
            events { worker_connections 1024; }
            http {
                access_log \(folder)/access.log;
                default_type application/octet-stream;
                \(buffers.joined(separator: " "))
                \(http)
            }
            """
    }

    // MARK: asking

    /// Sends a request below the prefix, and reads the whole answer.
    func send(
        _ method: String, _ path: String, as person: TestGlance.Person? = .alice, _ headers: [String: String] = [:], body: [UInt8]? = nil
    ) throws -> Reply {
        let connection = try HTTPConnection(port: port)
        try connection.send(head(method, path, as: person, headers, length: body?.count))
        // If the request is refused by its head, the server need not read the rest.
        if let body { try? connection.send(body) }
        return try connection.receive(isHead: method == "HEAD")
    }

    func head(
        _ method: String, _ path: String, as person: TestGlance.Person? = .alice, _ headers: [String: String] = [:], length: Int? = nil
    ) -> [UInt8] {
        glance.head(method, prefix + path, person, ["Host": "127.0.0.1:\(port)"].merging(headers) { $1 }, length: length)
    }

    func upload(_ data: [UInt8], to id: String) throws -> Reply {
        try send("PUT", "/v2/images/\(id)/file", ["Content-Type": "application/octet-stream"], body: data)
    }

    var address: String { "http://127.0.0.1:\(port)\(prefix)" }

    /// The errors of nginx and fcgiwrap.
    func log() throws -> String {
        try ["nginx.log", "fcgiwrap.log"].map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined()
    }
}

/// Bytes without a pattern that repeats within a block.
func bytes(_ count: Int) -> [UInt8] { filled(count) { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) } }
