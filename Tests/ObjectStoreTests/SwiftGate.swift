import Domain
import Foundation
import ObjectStores
import Stack
import TestSupport

/// Ceph's gateway by its Swift API; nil where Ceph is not to be had.
enum SwiftEngine {
    static func login() throws -> SwiftLogin? {
        guard let ceph = try CephEngine.running() else {
            print("Ceph is not to be had here: tests of Swift are skipped")
            return nil
        }
        return try SwiftLogin(address: ceph.swift.authURL, version: .v1, identity: .user(ceph.swift.user, key: ceph.swift.key))
    }

    /// A container that no other test uses.
    static func freshContainer() -> String { "vitrine-\(String(UInt64.random(in: 0 ... .max), radix: 36))" }

    static func settings(_ login: SwiftLogin) -> SwiftStore.Settings {
        var settings = SwiftStore.Settings(references: ["ref1": login], mainReference: "ref1")
        settings.container = freshContainer()
        settings.createsContainers = true
        return settings
    }
}

/// The program `Tests/Engines/swift-gate`: a Swift that gives tokens and fails on order, with Ceph's behind it.
final class SwiftGate: Sendable {
    let address: String
    private let program: ChildProcess
    private let user, key: String

    init?() throws {
        guard let ceph = try CephEngine.running() else {
            print("Ceph is not to be had here: tests of Swift are skipped")
            return nil
        }
        (user, key) = (ceph.swift.user, ceph.swift.key)
        let said = "\(TestFolder.root)/gate-\(UInt32.random(in: 0 ... .max)).out"
        let program = try ChildProcess(
            "\(TestGlance.repository)Tests/Engines/swift-gate",
            ["--auth", ceph.swift.authURL, "--user", ceph.swift.user, "--key", ceph.swift.key], output: said)
        func text() -> String { (try? String(contentsOfFile: said, encoding: .utf8)) ?? "" }
        var port: Substring?
        _ = eventually(within: 60) {
            port = text().firstMatch(of: /Gate on http:\/\/127.0.0.1:(\d+)\n/)?.1
            return port != nil || !program.isRunning
        }
        guard let port else { throw Unexpected("the gate does not start: \(text())") }
        self.program = program
        address = "http://127.0.0.1:\(port)"
    }

    deinit { program.stop() }

    var login: SwiftLogin {
        get throws { try SwiftLogin(address: "\(address)/auth/v1.0", version: .v1, identity: .user(user, key: key)) }
    }

    /// Settings of a store on this gate.
    func settings() throws -> SwiftStore.Settings { SwiftEngine.settings(try login) }

    /// Requests since the last `forget`, as `PUT /container/object`, and the logins so far.
    func told() throws -> (requests: [String], logins: Int) {
        let told = try send("GET", "").json
        return (told["requests"]?.array?.compactMap(\.string) ?? [], Int(told["logins"]?.int ?? 0))
    }

    /// Lets requests fail: JSON objects of `method`, `path` (a pattern), and what happens.
    func order(faults: String...) throws { _ = try send("POST", #"{"faults": [\#(faults.joined(separator: ", "))], "forget": true}"#) }

    /// Refuses all tokens that it gave or accepted so far.
    func expireTokens() throws { _ = try send("POST", #"{"expire": true}"#) }

    /// Accepts the tokens of a Keystone, too.
    func order(keystone: String) throws { _ = try send("POST", #"{"keystone": "\#(keystone)"}"#) }

    /// The life of new tokens, in seconds.
    func order(life: Int) throws { _ = try send("POST", #"{"life": \#(life)}"#) }

    private func send(_ method: String, _ body: String) throws -> Reply {
        let connection = try HTTPConnection(port: Int(address.split(separator: ":").last!)!)
        try connection.send(
            "\(method) /gate HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try connection.receive()
    }
}

extension BlobWriter {
    /// Appends bytes in pieces as an upload does.
    func write(_ bytes: [UInt8]) throws {
        for start in stride(from: 0, to: bytes.count, by: 300_000) {
            try bytes[start..<min(bytes.count, start + 300_000)].withUnsafeBytes { try append($0) }
        }
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }
}

extension ByteStream {
    func all() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

/// Bytes of which no segment has the same as another.
func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += block.prefix(count - bytes.count) }
    return bytes
}

/// Its length is prime, and so has no factor in common with a segment's.
private let block: [UInt8] = (0..<10_007).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

extension String {
    static func token() -> String { String(UInt64.random(in: 0 ... .max), radix: 16) }
}
