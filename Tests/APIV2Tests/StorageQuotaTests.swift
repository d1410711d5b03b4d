import Foundation
import TestSupport
import Testing

private let octets = ["Content-Type": "application/octet-stream"]

/// `user_storage_quota`.
@Suite(.serialized, .sharesServices) struct `What a project may store` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, ["DEFAULT": "user_storage_quota = 1KB"])
        try glance.execute("DELETE FROM vitrine_uploads")
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1")
    }

    private func data(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }

    /// An image with a recorded size, whose bytes do not exist.
    private func has(_ bytes: Int, ownedBy project: String = "acme", status: String = "active", locations: Int = 1) throws {
        let id = newID()
        try glance.execute(
            """
            INSERT INTO images (id, size, status, owner, min_disk, min_ram, created_at, deleted)
            VALUES ('\(id)', \(bytes), '\(status)', '\(project)', 0, 0, UTC_TIMESTAMP(), \(status == "deleted" ? 1 : 0))
            """)
        for number in 0..<locations {
            try glance.execute(
                """
                INSERT INTO image_locations (image_id, value, created_at, deleted) VALUES ('\(id)', 'file:///\(number)', UTC_TIMESTAMP(), 0)
                """)
        }
    }

    private func expectNothing(of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try glance.status(of: id) == "queued", sourceLocation: sourceLocation)
        #expect(try glance.image(id)["size"] == .null, sourceLocation: sourceLocation)
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try !glance.storedFiles().contains(id), sourceLocation: sourceLocation)
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
    }

    @Test func `is filled to the last byte`() throws {
        let (one, two) = (try glance.hasImage(), try glance.hasImage())
        #expect(try glance.upload(data(1000), to: one).status == 204)
        let refused = try glance.upload(data(25), to: two)
        #expect(refused.status == 413)
        for number in ["1000", "1024", "25"] { #expect(refused.says.contains(number), "\(refused.says)") }
        try expectNothing(of: two)
        #expect(try glance.upload(data(24), to: two).status == 204)
        #expect(try glance.upload([], to: try glance.hasImage()).status == 204)
    }

    @Test func `is asked for before bytes are read`() throws {
        let id = try glance.hasImage()
        for headers in [["Content-Length": "1025"], ["Content-Length": "2000000", "X-OpenStack-Image-Size": "1025"]] {
            let connection = try HTTPConnection(port: glance.port)
            // Nothing of the body is ever sent.
            try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, octets.merging(headers) { $1 }))
            #expect(try connection.receive().status == 413)
            try expectNothing(of: id)
        }
        #expect(try glance.upload(data(1024), to: id).status == 204)
    }

    @Test func `ends an upload that does not say how much it brings`() throws {
        try has(500)
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(id)/file", .alice, octets.merging(["Transfer-Encoding": "chunked"]) { $1 }))
        try connection.send("1f4\r\n" + String(repeating: "a", count: 500) + "\r\n")
        #expect(try eventually { try glance.status(of: id) == "saving" })
        try? connection.send("19\r\n" + String(repeating: "a", count: 25) + "\r\n0\r\n\r\n")
        let reply = try connection.receive()
        #expect(reply.status == 413 && reply.says.contains("500") && reply.says.contains("1024"), "\(reply.text)")
        #expect(try eventually { try glance.status(of: id) == "queued" })
        try expectNothing(of: id)
        #expect(try glance.uploadChunked(data(524), to: id).status == 204)
    }

    @Test func `counts an image once for each place where it lies`() throws {
        try has(300, locations: 3)
        let id = try glance.hasImage()
        #expect(try glance.upload(data(125), to: id).status == 413)
        #expect(try glance.upload(data(124), to: id).status == 204)
    }

    @Test(arguments: ["deleted", "killed", "pending_delete"]) func `does not count what is no more`(_ status: String) throws {
        try has(1000, status: status)
        #expect(try glance.upload(data(1024), to: try glance.hasImage()).status == 204)
    }

    @Test func `does not count what others have, nor what has no bytes`() throws {
        try has(1000, ownedBy: "bolt")
        try has(1000, status: "queued", locations: 0)
        #expect(try glance.upload(data(1024), to: try glance.hasImage()).status == 204)
        #expect(try glance.upload(data(25), to: try glance.hasImage(as: .bob), as: .bob).status == 413)
    }

    @Test func `is the owner's, whoever brings the bytes`() throws {
        try has(1000)
        let id = try glance.hasImage(as: .admin, #"{"owner": "acme", "disk_format": "raw", "container_format": "bare"}"#)
        #expect(try glance.upload(data(25), to: id, as: .admin).status == 413)
        #expect(try glance.upload(data(25), to: try glance.hasImage(as: .admin), as: .admin).status == 204)
    }

    @Test func `is free again when an image is deleted`() throws {
        let (one, two) = (try glance.hasImage(), try glance.hasImage())
        #expect(try glance.upload(data(1000), to: one).status == 204)
        #expect(try glance.upload(data(1000), to: two).status == 413)
        #expect(try glance.delete(one).status == 204)
        #expect(try glance.upload(data(1000), to: two).status == 204)
    }

    @Test func `is kept for an upload while it lasts, and free again when it breaks off`() throws {
        let (one, two) = (try glance.hasImage(), try glance.hasImage())
        var connection: HTTPConnection? = try HTTPConnection(port: glance.port)
        try connection?.send(glance.head("PUT", "/v2/images/\(one)/file", .alice, octets, length: 1000))
        try connection?.send(data(10))
        #expect(try eventually { try glance.status(of: one) == "saving" })
        #expect(try glance.upload(data(25), to: two).status == 413)
        #expect(try glance.uploadChunked(data(25), to: two).status == 413)
        connection = nil
        #expect(try eventually { try glance.status(of: one) == "queued" })
        #expect(try glance.upload(data(25), to: two).status == 204)
    }

    /// Its bytes are still stored.
    @Test func `counts an upload whose image was deleted meanwhile`() throws {
        let (one, two) = (try glance.hasImage(), try glance.hasImage())
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("PUT", "/v2/images/\(one)/file", .alice, octets, length: 1000))
        try connection.send(data(10))
        #expect(try eventually { try glance.status(of: one) == "saving" })
        #expect(try glance.delete(one).status == 204)
        #expect(try glance.upload(data(25), to: two).status == 413)
        try connection.send(data(990))
        #expect(try connection.receive().status == 410)
        #expect(try glance.upload(data(25), to: two).status == 204)
    }

    @Test func `may be passed by an operator's doing, and then takes nothing more`() throws {
        try has(5000)
        let id = try glance.hasImage()
        for reply in [try glance.upload(data(1), to: id), try glance.uploadChunked(data(1), to: id)] {
            #expect(reply.status == 413 && reply.says.contains("5000"))
        }
        try expectNothing(of: id)
    }

    @Test func `sums up without running over`() throws {
        try has(Int(Int64.max), locations: 3)
        #expect(try glance.upload(data(1), to: try glance.hasImage()).status == 413)
    }

    @Test func `is no part of what is told of usage`() throws {
        let reply = try glance.send("GET", "/v2/info/usage")
        #expect(reply.status == 200 && reply.text == #"{"usage": {}}"#)
        #expect(try glance.send("GET", "/v2/info/usage", as: nil).status == 401)
        #expect(try glance.send("GET", "/v2.7/info/usage", as: .reader).status == 200)
    }
}

@Suite struct `The option user_storage_quota` {
    @Test(arguments: ["1X", "-1", "KB", "1.5GB", "1 GB", "9223372036854775808", "9999999999TB"])
    func `is refused where it is no size`(_ text: String) throws {
        let file = "\(TestFolder.root)/quota-\(UInt64.random(in: 0 ... .max)).conf"
        let connection = try SharedMariaDB.running().url(of: "nothing_is_asked_of_it")
        try
            "[DEFAULT]\nuser_storage_quota = \(text)\n[database]\nconnection = \(connection)\n[glance_store]\nfilesystem_store_datadir = \(file).store\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let command = try Command("\(TestGlance.programs)/glance-api", ["--config-file", file, "--metadata", "/nowhere/x.sock"])
        #expect(command.status != 0 && command.errors.contains("user_storage_quota must be a number with B"), "\(command.errors)")
    }
}
