import Foundation
import TestSupport
import Testing
import Threading

/// Copies that `glance-tasks` makes for V1.
@Suite(.serialized, .sharesServices) struct `A copy from elsewhere` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Self.options, runsTasks: true, runsRegistry: true) }

    /// Any port of the loopback address, where the sources of these tests listen.
    private static let options = ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports ="]
    private static let told = options.merging(["oslo_messaging_notifications": "driver = log"]) { $1 }
    private static let data = filled(3_000_000) { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test func `is made after the answer, with every digest`() throws {
        let source = try Source(Self.data)
        let reply = try create(["x-glance-api-copy-from": source.url, "x-image-meta-name": "copied"])
        #expect(reply.status == 201)
        let image = reply.json["image"]
        #expect(image?["status"]?.string == "queued" && image?["size"]?.int == 3_000_000)
        let id = try #require(image?["id"]?.string)
        #expect(try eventually { try glance.status(of: id) == "active" })
        let record = try glance.image(id)
        let file = "\(glance.storeFolder)/\(id)"
        #expect(record["checksum"]?.string == (try digest("md5sum", of: file)))
        #expect(record["os_hash_value"]?.string == (try digest("sha512sum", of: file)))
        #expect(try Data(contentsOf: URL(filePath: file)) == Data(Self.data))
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: Self.data))
        #expect(try eventually { try glance.rows("SELECT image_id FROM vitrine_copies").isEmpty })
    }

    @Test func `bears the names of the request that ordered it`() throws {
        func lines(_ image: String) throws -> [String] {
            try String(contentsOfFile: "\(glance.folder)/log/glance-tasks.log", encoding: .utf8).split(separator: "\n")
                .filter { $0.contains(image) }.map { String($0.drop { $0 != "[" }) }
        }
        let source = try Source(Self.data)
        let named = try create(["x-glance-api-copy-from": source.url, "X-Openstack-Request-Id": "req-ordered"])
        let id = try #require(named.json["image"]?["id"]?.string)
        #expect(try eventually { try lines(id) == ["[req-ordered req-ordered - - - - - -] image \(id) was copied"] })

        let broken = try Source(Self.data, sending: 1_000_000)
        let unnamed = try create(["x-glance-api-copy-from": broken.url])
        let other = try #require(unnamed.json["image"]?["id"]?.string)
        let made = try #require(unnamed["x-openstack-request-id"])
        #expect(try eventually { try lines(other).first?.hasPrefix("[None \(made) - - - - - -] image \(other) was not copied: ") == true })
    }

    /// As in Glance, only data in the body or at a location need the formats.
    @Test func `needs no formats`() throws {
        let source = try Source([1, 2, 3])
        let id = try self.id(of: create(["x-glance-api-copy-from": source.url], formats: [:]))
        #expect(try eventually { try glance.status(of: id) == "active" })
        #expect(try glance.image(id)["disk_format"] == .null)
    }

    @Test func `comes to an image that was reserved`() throws {
        let source = try Source(Self.data)
        let id = try self.id(of: create([:]))
        let reply = try glance.send("PUT", "/v1/images/\(id)", as: .alice, ["x-glance-api-copy-from": source.url])
        #expect(reply.status == 200 && reply.json["image"]?["status"]?.string == "queued")
        #expect(try eventually { try glance.status(of: id) == "active" })
        let late = try glance.send("PUT", "/v1/images/\(id)", as: .alice, ["x-glance-api-copy-from": source.url])
        #expect(late.status == 400)
    }

    @Test func `that breaks off kills the image and leaves no bytes`() throws {
        let source = try Source(Self.data, sending: 1_000_000)
        let id = try self.id(of: create(["x-glance-api-copy-from": source.url]))
        #expect(try eventually { try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["killed"]] })
        #expect(try !glance.storedFiles().contains(id))
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
        #expect(try glance.rows("SELECT token FROM vitrine_uploads WHERE image_id = '\(id)'").isEmpty)
        #expect(try eventually { try glance.rows("SELECT url FROM vitrine_copies WHERE image_id = '\(id)'").isEmpty })
        #expect(try glance.send("GET", "/v1/images/\(id)").status == 404)
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
    }

    @Test func `of other data than was announced kills the image`() throws {
        let source = try Source(Self.data)
        let id = try self.id(
            of: create(["x-glance-api-copy-from": source.url, "x-image-meta-checksum": String(repeating: "0", count: 32)]))
        #expect(try eventually { try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["killed"]] })
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `of an image that is deleted meanwhile ends`() throws {
        let source = try Source(Self.data, sending: 1_000_000, holding: true)
        let id = try self.id(of: create(["x-glance-api-copy-from": source.url]))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(id) } })
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        source.release()
        // Bytes that were complete already keep their name in the store until the record refuses them.
        #expect(try eventually { try !(glance.incomingFiles() + glance.storedFiles()).contains { $0.hasPrefix(id) } })
        #expect(try eventually { try glance.rows("SELECT url FROM vitrine_copies WHERE image_id = '\(id)'").isEmpty })
    }

    @Test func `is begun again when its process dies`() throws {
        let glance = try TestGlance(Self.told, runsTasks: true, runsRegistry: true)
        let source = try Source(Self.data, sending: 1_000_000, holding: true)
        let id = try self.id(of: create(["x-glance-api-copy-from": source.url], on: glance))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(id) } })
        #expect(try eventually { try glance.status(of: id) == "saving" })
        kill(try #require(glance.site.tasksID), SIGKILL)
        source.release()
        try glance.site.revive()
        #expect(
            try eventually(within: 90) {
                try glance.site.revive()
                return try glance.status(of: id) == "active"
            })
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: Self.data))
        #expect(try eventually { try glance.incomingFiles().isEmpty })
        try expectOneUpload(of: id, on: glance)
    }

    @Test func `is left to others when its process is told to end`() throws {
        let glance = try TestGlance(Self.told, runsTasks: true, runsRegistry: true)
        let source = try Source(Self.data, sending: 1_000_000, holding: true)
        let id = try self.id(of: create(["x-glance-api-copy-from": source.url], on: glance))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(id) } })
        kill(try #require(glance.site.tasksID), SIGTERM)
        // At once, not when the lease expires.
        #expect(try eventually { try glance.status(of: id) == "queued" })
        #expect(try eventually { try glance.incomingFiles().isEmpty })
        source.release()
        #expect(
            try eventually {
                try glance.site.revive()
                return try glance.status(of: id) == "active"
            })
        try expectOneUpload(of: id, on: glance)
    }

    @Test func `from nowhere is refused before anything is made`() throws {
        let before = try glance.rows("SELECT id FROM images").count
        let nobody = try freePort()
        let missing = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("404 Not Found")
        }
        let refused: [(String, Int)] = [
            (missing.url(), 404), ("http://127.0.0.1:\(nobody)/", 400), ("http://127.0.0.2/", 400), ("http://169.254.169.254/", 400),
            ("http://[::1]/", 400), ("http://2130706433/", 400), ("http://0x7f000001/", 400), ("file:///etc/passwd", 400),
            ("filesystem:///etc/passwd", 400), ("swift+config://a/b", 400), ("gopher://127.0.0.1/", 400), ("", 400),
        ]
        for (url, status) in refused {
            for header in ["x-glance-api-copy-from", "x-image-meta-location"] {
                #expect(try create([header: url]).status == status, "\(header): \(url)")
            }
        }
        #expect(try glance.rows("SELECT id FROM images").count == before)
    }

    @Test func `of another size than was said is refused`() throws {
        let source = try Source(Self.data)
        #expect(try create(["x-glance-api-copy-from": source.url, "x-image-meta-size": "5"]).status == 409)
        #expect(try create(["x-image-meta-location": source.url, "x-image-meta-size": "5"]).status == 409)
    }

    // MARK: what stays there

    @Test func `is not made of what stays where it lies`() throws {
        let source = try Source(Self.data)
        let reply = try create(["x-image-meta-location": source.url])
        #expect(reply.status == 201)
        let image = reply.json["image"]
        #expect(image?["status"]?.string == "active" && image?["size"]?.int == 3_000_000 && image?["checksum"] == .null)
        let id = try #require(image?["id"]?.string)
        let data = try glance.send("GET", "/v1/images/\(id)")
        #expect(data.status == 200 && data.body.isSame(as: Self.data))
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: Self.data))
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        #expect(!source.heads.contains { $0.hasPrefix("DELETE") })
        #expect(try create(["x-image-meta-location": source.url], formats: [:]).status == 400)
    }

    @Test func `and one that stays are not both`() throws {
        let source = try Source(Self.data)
        #expect(try create(["x-image-meta-location": source.url, "x-glance-api-copy-from": source.url]).status == 400)
    }

    // MARK: asking

    private static let formats = ["x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare"]

    /// A copy that goes on elsewhere has not failed.
    private func expectOneUpload(of id: String, on glance: TestGlance) throws {
        func told(_ event: String) throws -> [Substring] {
            try String(contentsOfFile: "\(glance.folder)/log/glance-tasks.log", encoding: .utf8).split(separator: "\n")
                .filter { $0.contains("oslo.messaging.notification.\(event)") && $0.contains(id) }
        }
        #expect(
            try eventually {
                try glance.site.revive()
                return try !told("image.activate").isEmpty
            })
        let uploads = try told("image.upload")
        #expect(uploads.count == 1 && uploads[0].contains(" INFO "), "\(uploads)")
    }

    private func create(
        _ headers: [String: String], formats: [String: String] = Self.formats, on glance: TestGlance? = nil
    ) throws -> Reply {
        try (glance ?? self.glance).send("POST", "/v1/images", as: .alice, headers.merging(formats) { $1 })
    }

    private func digest(_ program: String, of file: String) throws -> String {
        String(String(decoding: try Command("/usr/bin/\(program)", [file]).output, as: UTF8.self).prefix { $0 != " " })
    }

    private func id(of reply: Reply) throws -> String {
        guard let id = reply.json["image"]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }
}

/// A web server with one file.
private final class Source {
    private let server: RawServer
    private let gate = Monitor(false)

    /// - Parameters:
    ///   - first: bytes that are sent before it closes the connection or holds.
    ///   - holding: whether it sends the rest after `release`; else it closes the connection.
    init(_ data: [UInt8], sending first: Int? = nil, holding: Bool = false) throws {
        let gate = gate
        server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(data.count)\r\nConnection: close\r\n\r\n")
            guard head.hasPrefix("GET") else { return }
            connection.send(Array(data.prefix(first ?? data.count)))
            guard let first, holding else { return }
            gate.wait { $0 ? () : nil }
            connection.send(Array(data[first...]))
        }
    }

    deinit { release() }

    var url: String { server.url("/disk.raw") }
    var heads: [String] { server.heads }
    func release() { gate.with { $0 = true } }
}
