import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `Removing an image from a store` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, TestGlance.webAndShows, stores: ["fast", "cheap"]) }

    private func remove(_ id: String, from store: String, as person: TestGlance.Person? = .admin) throws -> Reply {
        try glance.send("DELETE", "/v2/stores/\(store)/\(id)", as: person)
    }

    @Test(arguments: [("fast", "cheap"), ("cheap", "fast")])
    func `leaves it whole in the other, and nothing in the first`(_ store: String, _ other: String) throws {
        let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
        let before = try glance.image(id)
        let reply = try remove(id, from: store)
        #expect(reply.status == 204 && reply.body.isEmpty)
        #expect(glance.contents(of: id, in: store) == nil)
        #expect(glance.contents(of: id, in: other) == "bytes")
        #expect(try glance.recordedMetadata(of: id) == [#"{"store": "\#(other)"}"#])
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 1 AND status = 'deleted'") == 1)
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
        let after = try glance.image(id)
        for key in before.keys where !["stores", "locations", "direct_url", "updated_at"].contains(key) {
            #expect(before[key] == after[key], "\(key)")
        }
        #expect(after["stores"]?.string == other)
        #expect(after.shownURLs == ["file://\(glance.path(of: id, in: other))"])
        #expect(try glance.download(id).text == "bytes")
        #expect(try remove(id, from: other).status == 403)
        #expect(try remove(id, from: store).status == 403)
        #expect(glance.contents(of: id, in: other) == "bytes")
    }

    @Test func `takes all that lies there, and not what lies nowhere else`() throws {
        let id = try glance.hasImage(in: "fast")
        for number in 1...2 { try glance.place(id, at: "http://127.0.0.1:1/\(number)", nil) }
        #expect(try remove(id, from: "web").status == 204)
        #expect(try glance.image(id).shownURLs == ["file://\(glance.path(of: id, in: "fast"))"])
        let other = try glance.hasImage(in: "fast")
        for number in 1...2 { try glance.place(other, at: "http://127.0.0.1:1/\(number)", #"{"store": "web"}"#) }
        #expect(try remove(other, from: "fast").status == 204)
        #expect(try remove(other, from: "web").status == 403)
        #expect(try glance.image(other).shownURLs.count == 2)
    }

    @Test func `goes by where the bytes are, whatever the label`() throws {
        let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
        try glance.execute("UPDATE image_locations SET meta_data = '{}' WHERE image_id = '\(id)'")
        #expect(try remove(id, from: "cheap").status == 204)
        #expect(glance.contents(of: id, in: "cheap") == nil && glance.contents(of: id, in: "fast") == "bytes")
    }

    @Test func `does not mind that the bytes are gone already`() throws {
        let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
        try FileManager.default.removeItem(atPath: glance.path(of: id, in: "fast"))
        #expect(try remove(id, from: "fast").status == 204)
        #expect(try glance.image(id)["stores"]?.string == "cheap")
    }

    @Test func `takes a file that two locations lead to`() throws {
        let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
        try glance.place(id, at: "filesystem://\(glance.path(of: id, in: "cheap"))", #"{"store": "cheap"}"#)
        #expect(try remove(id, from: "cheap").status == 204)
        #expect(glance.contents(of: id, in: "cheap") == nil)
        #expect(try glance.image(id)["stores"]?.string == "fast")
    }

    /// As in Glance, except that a guessed id reveals no image.
    @Test func `is refused in this order`() throws {
        let both = try glance.hasImage(inBoth: ("bytes", "bytes"))
        let one = try glance.hasImage(in: "fast")
        let queued = try glance.hasImage()
        let held = try glance.hasImage(inBoth: ("bytes", "bytes"))
        #expect(try glance.send("POST", "/v2/images/\(held)/actions/deactivate", as: .admin).status == 204)
        let expected: [(String, String, TestGlance.Person?, Int)] = [
            ("fast", both, nil, 401),
            // No such store, whatever the image and the caller.
            ("nowhere", newID(), .bob, 409), ("nowhere", both, .admin, 409), ("os_glance_staging_store", both, .admin, 409),
            ("FAST", both, .admin, 409), ("fast,cheap", both, .admin, 409),
            // No such image.
            ("fast", newID(), .admin, 404), ("fast", "nothing", .admin, 404), ("fast", both, .bob, 404),
            // Not allowed: administrators alone.
            ("fast", both, .alice, 403), ("fast", both, .reader, 403), ("fast", queued, .alice, 403), ("fast", held, .alice, 403),
            // Not active.
            ("fast", queued, .admin, 409), ("fast", held, .admin, 409), ("web", queued, .admin, 409),
            // A single location; not in this store.
            ("fast", one, .admin, 403), ("cheap", one, .admin, 403), ("web", both, .admin, 404),
        ]
        for (store, id, person, status) in expected {
            let reply = try remove(id, from: store, as: person)
            #expect(reply.status == status, "\(store) \(id) \(String(describing: person)): \(reply.text)")
        }
        for id in [both, held] {
            #expect(glance.contents(of: id, in: "fast") == "bytes" && glance.contents(of: id, in: "cheap") == "bytes")
        }
        #expect(glance.contents(of: one, in: "fast") == "hello")
        #expect(try glance.image(both)["stores"]?.string == "fast,cheap")
    }

    @Test func `is a method of its own, without a body`() throws {
        let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
        for method in ["GET", "POST", "PUT", "PATCH"] {
            let reply = try glance.send(method, "/v2/stores/fast/\(id)", as: .admin)
            #expect(reply.status == 405 && reply["Allow"] == "DELETE")
        }
        #expect(try glance.send("DELETE", "/v2/stores/fast/\(id)", as: .admin, body: Array("{}".utf8)).status == 400)
        for path in ["/v2/stores", "/v2/stores/fast", "/v2/stores/fast/", "/v2/stores//\(id)", "/v2/stores/fast/\(id)/file"] {
            #expect(try glance.send("DELETE", path, as: .admin).status == 404)
        }
        #expect(try glance.image(id)["stores"]?.string == "fast,cheap")
    }

    @Test func `by two at once leaves one`() async throws {
        for _ in 0..<5 {
            let id = try glance.hasImage(inBoth: ("bytes", "bytes"))
            let statuses = try await atOnce(2) { [glance] number in
                try glance.send("DELETE", "/v2/stores/\(["fast", "cheap"][number])/\(id)", as: .admin).status
            }
            #expect(statuses.sorted() == [204, 403])
            #expect(try glance.download(id).text == "bytes")
        }
    }

    /// The record shows at once that the bytes are gone, and that their removal is owed. The sweeper runs every ten seconds.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `stays owed while the store cannot be written to, and is made up for by glance-tasks`() throws {
        let disk = try SmallDisk(megabytes: 4)
        let glance = try TestGlance(
            ["cheap": "filesystem_store_datadir = \(disk.folder)/images"], workers: 1, stores: ["fast", "cheap"], runsTasks: true)
        let id = try glance.hasImage(in: "cheap", "bytes")
        try "bytes".write(toFile: glance.path(of: id, in: "fast"), atomically: true, encoding: .utf8)
        try glance.place(id, at: "file://\(glance.path(of: id, in: "fast"))", #"{"store": "fast"}"#)
        let file = "\(disk.folder)/images/\(id)"
        try disk.remount("ro")
        #expect(try glance.send("DELETE", "/v2/stores/cheap/\(id)", as: .admin).status == 204)
        #expect(try glance.image(id)["stores"]?.string == "fast")
        #expect(FileManager.default.fileExists(atPath: file))
        #expect(try glance.rows("SELECT url FROM vitrine_removals") == [["file://\(file)"]])
        #expect(try eventually { try glance.workerLog().contains("bytes of image \(id) stay until a later try") })

        try disk.remount("rw")
        try glance.execute("UPDATE vitrine_removals SET owed_since = owed_since - INTERVAL 2 MINUTE")
        #expect(eventually { !FileManager.default.fileExists(atPath: file) })
        #expect(try eventually { try glance.count("vitrine_removals", where: "TRUE") == 0 })
        #expect(try glance.download(id).text == "bytes")
    }
}
