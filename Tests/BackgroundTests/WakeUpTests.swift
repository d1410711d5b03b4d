import Foundation
import Glibc
import MariaDB
import Stack
import TestSupport
import Testing

/// The statements of an idle `glance-tasks`, its wake-ups, and what strangers can do with them.
@Suite(.serialized) struct `glance-tasks that waits` {
    /// Every periodic job that queries the database is on.
    private func site(_ name: String, on server: PrivateMariaDB, notifies: Bool = true) throws -> TestGlance {
        let cache = "\(TestFolder.root)/\(name)-\(UInt32.random(in: 0 ... .max))"
        let glance = try TestGlance(
            [
                "DEFAULT": "worker_self_reference_url = http://127.0.0.1:1",
                "oslo_messaging_notifications": "driver = \(notifies ? "log" : "noop")",
                "paste_deploy": "flavor = cachemanagement", "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
            ], workers: 1, cacheFolder: cache, runsTasks: true, runsRegistry: true, server: server)
        try glance.site.waitUntilReady()
        return glance
    }

    /// Statements that a server has run.
    private func statements(_ server: PrivateMariaDB) throws -> Int {
        let connection = try server.connect()
        let rows = try connection.all(
            Query("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'QUESTIONS'") {
                row throws(MariaDBError) in try row.text(0)
            })
        return Int(rows[0])!
    }

    /// Statements within some seconds, without those that count them.
    private func statements(_ server: PrivateMariaDB, during body: () throws -> Void) throws -> Int {
        let before = try statements(server)
        let again = try statements(server)
        try body()
        return try statements(server) - again - (again - before)
    }

    private func wait(_ seconds: Double) { usleep(useconds_t(seconds * 1_000_000)) }

    private func imports(_ glance: TestGlance) throws -> String {
        let id = try glance.hasImage()
        let staged = try glance.send(
            "PUT", "/v2/images/\(id)/stage", ["Content-Type": "application/octet-stream"], body: [1, 2, 3])
        #expect(staged.status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
        return id
    }

    @Test func `asks the database less than once a second, and a flood of wake-ups changes that by ten a second`() throws {
        let server = try PrivateMariaDB.fresh("idle-\(UInt32.random(in: 0 ... .max))")
        defer { server.stop() }
        let glance = try site("idle", on: server)
        let name = try #require(try wakeUpName(of: glance))
        // After the statements of the start.
        wait(15)
        let idle = try statements(server) { wait(20) }
        #expect(5...20 ~= idle)

        let stranger = try Datagrams(to: name)
        let flooded = try statements(server) { stranger.flood(seconds: 5) }
        // The datagrams arrived.
        #expect(15...75 ~= flooded)
        let id = try imports(glance)
        #expect(try eventually { try glance.status(of: id) == "active" })
        glance.site.stop()
    }

    @Test func `is woken by every order, and by nobody who only reads`() throws {
        let glance = try site("woken", on: SharedMariaDB.running(), notifies: false)
        let name = try #require(try wakeUpName(of: glance))
        let tasks = try #require(glance.site.tasksID)
        let image = try glance.hasActiveImage("hello", visibility: "public")
        kill(tasks, SIGKILL)
        let heard = try Datagrams(takingOver: name)

        _ = try imports(glance)
        #expect(heard.came())
        #expect(try glance.send("PUT", "/v2/cache/\(image)", as: .admin).status == 202)
        #expect(heard.came())
        // V1 orders at the registry.
        let source = try RawServer { connection, _ in
            guard connection.readHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        }
        let copy = try glance.send(
            "POST", "/v1/images",
            [
                "x-glance-api-copy-from": source.url(), "x-image-meta-name": "copied", "x-image-meta-disk_format": "raw",
                "x-image-meta-container_format": "bare",
            ])
        #expect(copy.status == 201)
        #expect(heard.came())
        // There are no notifications, so these changes give no work.
        #expect(try glance.patch(image, as: .admin, #"[{"op": "add", "path": "/os", "value": "x"}]"#).status == 200)
        #expect(try glance.send("GET", "/v2/images").status == 200)
        #expect(try glance.send("GET", "/v2/images/\(image)").status == 200)
        #expect(!heard.came(within: 0))
    }

    /// A job begins with the next look at the database, and wake-ups are received as soon as the name is free.
    @Test func `does without wake-ups while another process has their name`() throws {
        let glance = try site("taken", on: SharedMariaDB.running())
        let name = try #require(try wakeUpName(of: glance))
        let first = try #require(glance.site.tasksID)
        kill(first, SIGKILL)
        do {
            let stranger = try Datagrams(takingOver: name)
            #expect(
                try eventually {
                    try glance.site.revive()
                    return glance.site.tasksID != first
                })
            let id = try imports(glance)
            #expect(try eventually { try glance.status(of: id) == "active" })
            #expect(stranger.came())
            // With notifications every change wakes it.
            _ = stranger.came(within: 0)
            #expect(try glance.patch(id, #"[{"op": "add", "path": "/os", "value": "x"}]"#).status == 200)
            #expect(stranger.came())
        }
        #expect(try eventually { try wakeUpName(of: glance) == name })
    }

    // MARK: looking

    /// The name of the socket of the site's `glance-tasks`, as the kernel shows it.
    private func wakeUpName(of glance: TestGlance) throws -> String? {
        let process = try #require(glance.site.tasksID)
        var found: String?
        _ = eventually(within: 30) {
            let folder = "/proc/\(process)/fd"
            let links = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            }
            let lines = String(decoding: wholeFile("/proc/net/unix"), as: UTF8.self).split(separator: "\n")
            found = lines.map { $0.split(separator: " ") }.first {
                $0.count == 8 && $0[7].hasPrefix("@vitrine/") && links.contains("socket:[\($0[6])]")
            }.map { String($0[7].dropFirst()) }
            return found != nil
        }
        return found
    }

    /// Foundation takes the first piece that the kernel returns for the whole file.
    private func wholeFile(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var (bytes, piece): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 64 * 1024))
        while case let count = read(descriptor, &piece, piece.count), count > 0 { bytes += piece[..<count] }
        return bytes
    }
}

/// A datagram socket of the test, which is a stranger to the service.
private final class Datagrams {
    private let descriptor: CInt

    /// Sends to a name.
    init(to name: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        try Self.with(name) { [descriptor] in connect(descriptor, $0, $1) }
    }

    /// Binds a name, as soon as the process that had it has ended.
    init(takingOver name: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        _ = eventually { [descriptor] in (try? Self.with(name) { bind(descriptor, $0, $1) }) != nil }
    }

    deinit { close(descriptor) }

    /// Sends any bytes, as fast as the kernel accepts them.
    func flood(seconds: Double) {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            let bytes = [UInt8](repeating: UInt8.random(in: 0 ... .max), count: Int.random(in: 0...3000))
            _ = send(descriptor, bytes, bytes.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
    }

    /// Whether any datagram arrived; reads all that did.
    func came(within seconds: Double = 60) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, CInt(seconds * 1000)) > 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 64)
        while recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT)) >= 0 {}
        return true
    }

    private static func with(_ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: [0] + name.utf8) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + 1 + name.utf8.count)
        let result = withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
        guard result == 0 else { throw Unexpected("no socket \(name): \(String(cString: strerror(errno)))") }
    }
}
