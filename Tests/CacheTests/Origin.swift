import Foundation
import TestSupport
import Threading

/// A remote web server with one file, which may misbehave.
final class Origin: Sendable {
    private let server: RawServer
    private let gate: Monitor<Bool>

    enum Way {
        /// Sends the file, and answers requests for the rest of it, unless it holds.
        case honest
        /// Sends this many bytes, and the others after it is released.
        case holding(Int)
        /// Closes the connection after this many bytes.
        case dying(Int)
    }

    /// - Parameter sent: bytes that it sends instead of the file.
    init(_ data: [UInt8], _ way: Way = .honest, sent: [UInt8]? = nil) throws {
        let gate = Monitor(false)
        self.gate = gate
        let sent = sent ?? data
        server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            let first = Self.first(in: head)
            let bytes = sent[(first ?? 0)...]
            connection.send(
                "HTTP/1.1 \(first == nil ? "200 OK" : "206 Partial Content")\r\nContent-Length: \(bytes.count)\r\n"
                    + (first.map { "Content-Range: bytes \($0)-\(data.count - 1)/\(data.count)\r\n" } ?? "") + "Connection: close\r\n\r\n")
            guard head.hasPrefix("GET") else { return }
            switch way {
            case .honest: connection.send(Array(bytes))
            case .dying(let count): connection.send(Array(bytes.prefix(count)))
            case .holding(let count):
                connection.send(Array(bytes.prefix(count)))
                gate.wait { $0 ? () : nil }
                connection.send(Array(bytes.dropFirst(count)))
            }
        }
    }

    deinit { release() }

    var url: String { server.url("/disk.raw") }
    /// The number of requests for bytes.
    var fetches: Int { server.heads.count { $0.hasPrefix("GET") } }
    func release() { gate.with { $0 = true } }

    /// The offset in `Range: bytes=5-`.
    private static func first(in head: String) -> Int? {
        head.split(separator: "\r\n").first { $0.hasPrefix("Range: bytes=") && $0.hasSuffix("-") }
            .flatMap { Int($0.dropFirst("Range: bytes=".count).dropLast()) }
    }
}

extension TestGlance {
    /// Any port of the loopback address, where the origins of these tests listen.
    static func cached(
        _ options: [String: String] = [:], flavor: String = "cachemanagement", in folder: String? = nil, workers: Int = 2,
        runsTasks: Bool = false, runsRegistry: Bool = false
    ) throws -> TestGlance {
        let folder = folder ?? "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))"
        let own = [
            "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "paste_deploy": "flavor = \(flavor)",
            "DEFAULT": "worker_self_reference_url = http://node.example:9292",
        ]
        return try TestGlance(
            own.merging(options) { "\($0)\n\($1)" }, workers: workers, cacheFolder: folder, runsTasks: runsTasks, runsRegistry: runsRegistry
        )
    }

    var cacheFolder: String {
        get throws {
            let lines = try String(contentsOfFile: configurationFile, encoding: .utf8).split(separator: "\n")
            return String(lines.first { $0.hasPrefix("image_cache_dir = ") }!.dropFirst("image_cache_dir = ".count))
        }
    }

    /// An image of alice's with the digests of `data`, located at an origin.
    func hasImage(_ data: [UInt8], at origin: Origin, visibility: String = "shared") throws -> String {
        let id = try hasImage(
            as: visibility == "public" ? .admin : .alice,
            #"{"disk_format": "raw", "container_format": "bare", "visibility": "\#(visibility)", "owner": "acme"}"#)
        let reply = try upload(data, to: id)
        guard reply.status == 204 else { throw Unexpected(reply) }
        try execute("UPDATE image_locations SET value = '\(origin.url)', meta_data = '{}' WHERE image_id = '\(id)'")
        try FileManager.default.removeItem(atPath: "\(storeFolder)/\(id)")
        return id
    }

    func download(_ id: String, as person: Person = .alice, _ headers: [String: String] = [:]) throws -> Reply {
        try send("GET", "/v2/images/\(id)/file", as: person, headers)
    }

    /// A running download, whose head has arrived.
    func startDownload(_ id: String) throws -> HTTPConnection {
        let connection = try HTTPConnection(port: port)
        try connection.send(head("GET", "/v2/images/\(id)/file", .alice))
        guard try connection.receiveHead().status == 200 else { throw Unexpected("no download") }
        return connection
    }

    /// Whether the cache has an image, or a part of it: `incomplete`, `invalid`, `queue`.
    func caches(_ id: String, in part: String? = nil) throws -> Bool {
        FileManager.default.fileExists(atPath: "\(try cacheFolder)/\(part.map { "\($0)/" } ?? "")\(id)")
    }

    func cacheLines(_ words: String) throws -> Int { try workerLog().split(separator: "\n").count { $0.contains(words) } }
}
