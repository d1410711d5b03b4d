import Foundation
import TestSupport
import Testing
import Threading

/// The log about an answer that was not sent completely: the reason and the level.
@Suite(.serialized, .sharesServices) struct `Data that break off while they are sent` {
    let glance: TestGlance
    init() throws {
        glance = try .of(
            Self.self, ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =", "vitrine": "internal_prefix ="])
    }

    private static let size = 30_000_000

    /// An active image whose data are at a URL.
    private func hasImage(at url: String) throws -> String {
        let id = try glance.hasActiveImage()
        try glance.execute("UPDATE images SET size = \(Self.size) WHERE id = '\(id)'")
        try glance.execute("UPDATE image_locations SET value = '\(url)', meta_data = '{}' WHERE image_id = '\(id)'")
        return id
    }

    /// Lines of the log about a request, without its access line.
    private func lines(of request: String) throws -> [String] {
        try glance.workerLog().split(separator: "\n").map(String.init).filter { $0.contains(request) && !$0.contains("glance.access") }
    }

    private func download(_ id: String, _ request: String) throws -> HTTPConnection {
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("GET", "/v2/images/\(id)/file", .alice, ["X-Openstack-Request-Id": request]))
        return connection
    }

    private static func fresh() -> String { "req-\(UUID().uuidString.lowercased())" }

    @Test func `by their source are an error with its reason`() throws {
        let server = try RawServer { connection, _ in
            let head = connection.readHead() ?? ""
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send([UInt8](repeating: 1, count: 1_000_000)) }
        }
        let request = Self.fresh()
        let connection = try download(try hasImage(at: server.url()), request)
        #expect(connection.receiveRest().count < Self.size)
        #expect(try eventually { try !lines(of: request).isEmpty })
        let line = try #require(try lines(of: request).first)
        #expect(
            line.contains(" ERROR glance.api ") && line.contains("the answer broke off: The source ended before its data did."), "\(line)")
        #expect(try !lines(of: request).contains { $0.contains("the client is gone") })
    }

    @Test func `by a client that is gone are no error`() throws {
        let gate = Monitor(false)
        let server = try RawServer { connection, _ in
            let head = connection.readHead() ?? ""
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\nConnection: close\r\n\r\n")
            guard head.hasPrefix("GET") else { return }
            connection.send([UInt8](repeating: 1, count: 1_000_000))
            gate.wait { $0 ? () : nil }
            connection.send([UInt8](repeating: 1, count: Self.size - 1_000_000))
        }
        let request = Self.fresh()
        do {
            let connection = try download(try hasImage(at: server.url()), request)
            #expect(try connection.receiveHead().status == 200)
        }
        gate.with { $0 = true }
        #expect(try eventually { try !lines(of: request).isEmpty })
        let line = try #require(try lines(of: request).first)
        #expect(line.contains(" INFO glance.api ") && line.contains("the client is gone"), "\(line)")
        #expect(try !lines(of: request).contains { $0.contains("ERROR") })
    }

    /// A disk that ends before its file system does, which takes root.
    @Test(.enabled(if: getuid() == 0 && FileManager.default.fileExists(atPath: "/dev/loop-control"), "mounting a disk takes root"))
    func `by a disk are an error with what it said`() throws {
        let (disk, folder) = (
            "\(TestFolder.root)/bad-\(UInt64.random(in: 0 ... .max))", "\(TestFolder.root)/bad-\(UInt64.random(in: 0 ... .max))"
        )
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Command("truncate", ["-s", "64M", disk]).succeeded()
        try Command("mkfs.ext4", ["-q", disk]).succeeded()
        try Command("mount", ["-o", "loop", disk, folder]).succeeded()
        defer { _ = try? Command("umount", ["-l", folder]) }
        let glance = try TestGlance(["vitrine": "internal_prefix ="], workers: 1, storeFolder: "\(folder)/images")
        let id = try glance.hasImage()
        #expect(try glance.upload([UInt8](repeating: 1, count: Self.size), to: id).status == 204)
        // Without the page cache, reads come from the disk, whose end is missing.
        let file = open("\(folder)/images/\(id)", O_RDONLY)
        #expect(fsync(file) == 0 && posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0)
        close(file)
        #expect(truncate(disk, 12 << 20) == 0)

        let request = Self.fresh()
        let reply = try? glance.send("GET", "/v2/images/\(id)/file", ["X-Openstack-Request-Id": request])
        #expect(reply?.body.count ?? 0 < Self.size)
        #expect(
            try eventually {
                try glance.workerLog().split(separator: "\n").contains {
                    $0.contains(request) && $0.contains(" ERROR ") && $0.contains("reading an image's file: Input/output error")
                }
            })
    }
}
