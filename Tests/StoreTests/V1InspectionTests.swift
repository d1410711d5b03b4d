import Foundation
import TestSupport
import Testing

/// V1 creates the image with its data, or not at all.
@Suite(.sharesServices) struct `An upload by V1` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"], runsTasks: true, runsRegistry: true)
    }

    private func create(_ bytes: [UInt8], _ format: String, _ fields: [String: String] = [:]) throws -> (reply: Reply, id: String) {
        let id = newID()
        var headers = [
            "x-image-meta-id": id, "x-image-meta-disk_format": format, "x-image-meta-container_format": "bare",
            "Content-Type": "application/octet-stream",
        ]
        headers.merge(fields) { $1 }
        return (try glance.send("POST", "/v1/images", headers, body: bytes), id)
    }

    @Test func `goes to the default store, labelled, with the size of its disk`() throws {
        let (reply, id) = try create(Made.qcow2.all, "qcow2")
        #expect(reply.status == 201)
        #expect(reply.json["image"]?["virtual_size"]?.int == 8 << 20)
        #expect(try glance.recordedLocations(of: id) == [["file://\(glance.path(of: id, in: "fast"))", #"{"store": "fast"}"#]])
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: Made.qcow2.all))
        #expect(try glance.image(id)["stores"]?.string == "fast")
    }

    @Test func `keeps the size of its disk that the client said`() throws {
        let (reply, id) = try create(Made.qcow2.all, "qcow2", ["x-image-meta-virtual_size": "77"])
        #expect(reply.status == 201)
        #expect(try glance.image(id)["virtual_size"]?.int == 77)
    }

    @Test func `that is refused kills the image, and keeps no byte`() throws {
        for (bytes, format, check) in [
            (Made.qcow2.all, "vmdk", "format"), (Made.qcow2.setting(big: UInt64(512), at: 8).all, "raw", "backing_file"),
            (Bytes(4).setting("QED\0", at: 0).all, "raw", "banned"),
        ] {
            let (reply, id) = try create(bytes, format)
            #expect(reply.status == 415)
            #expect(reply.says.contains("check: \(check)"), "\(reply.says)")
            #expect(try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["killed"]])
            #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
            #expect(glance.contents(of: id, in: "fast") == nil)
            let incoming = try FileManager.default.contentsOfDirectory(atPath: "\(glance.folder)/fast/.incoming")
            #expect(!incoming.contains { $0.hasPrefix(id) })
        }
    }

    @Test func `to an image that waits for it is judged by what it is said to be then`() throws {
        func upload(_ id: String, _ headers: [String: String]) throws -> Int {
            let headers = headers.merging(["Content-Type": "application/octet-stream"]) { $1 }
            return try glance.send("PUT", "/v1/images/\(id)", headers, body: Made.vhd.all).status
        }
        let refused = try glance.hasImage(called: "vdi")
        #expect(try upload(refused, [:]) == 415)
        #expect(try glance.rows("SELECT status FROM images WHERE id = '\(refused)'") == [["killed"]])
        #expect(glance.contents(of: refused, in: "fast") == nil)
        let taken = try glance.hasImage(called: "vdi")
        #expect(try upload(taken, ["x-image-meta-disk_format": "vhd"]) == 200)
        #expect(try glance.image(taken)["virtual_size"]?.int == 4 << 20)
    }

    @Test func `that glance-tasks fetches is looked into too, and not fetched again when it is refused`() throws {
        let source = try Nginx("location / { }")
        try Data(Made.qcow2.setting(big: UInt64(512), at: 8).all).write(to: URL(filePath: "\(source.folder)/www/evil"))
        try Data(Made.vhd.all).write(to: URL(filePath: "\(source.folder)/www/sound"))
        func copy(_ name: String) throws -> String {
            let reply = try glance.send(
                "POST", "/v1/images",
                [
                    "x-image-meta-disk_format": "vhd", "x-image-meta-container_format": "bare",
                    "x-glance-api-copy-from": source.url("/\(name)"),
                ])
            guard let id = reply.json["image"]?["id"]?.string else { throw Unexpected(reply) }
            return id
        }
        let (evil, sound) = (try copy("evil"), try copy("sound"))
        #expect(try eventually { try glance.rows("SELECT status FROM images WHERE id = '\(evil)'") == [["killed"]] })
        #expect(try eventually { try glance.count("vitrine_copies", where: "image_id = '\(evil)'") == 0 })
        #expect(glance.contents(of: evil, in: "fast") == nil)
        // Why it was not copied is told after that.
        #expect(try eventually { try glance.tasksLog.contains("check: backing_file") })
        #expect(try eventually { try glance.status(of: sound) == "active" })
        #expect(try glance.image(sound)["virtual_size"]?.int == 4 << 20)
        #expect(try glance.image(sound)["stores"]?.string == "fast")
    }

    @Test func `lying in both stores is read from either, and deleted from both`() throws {
        let id = try glance.hasImage(inBoth: ("fasts", "cheap"))
        #expect(try glance.send("GET", "/v1/images/\(id)").text == "fasts")
        try FileManager.default.removeItem(atPath: glance.path(of: id, in: "fast"))
        #expect(try glance.send("GET", "/v1/images/\(id)").text == "cheap")
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        #expect(glance.contents(of: id, in: "cheap") == nil)
    }
}
