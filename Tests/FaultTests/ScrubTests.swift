import Foundation
import TestSupport
import Testing

/// Images whose data are kept for a while after the deletion.
@Suite(.serialized) struct `A delayed deletion` {
    private static let options = ["DEFAULT": "delayed_delete = true\nscrub_time = 3600"]

    private func manage(_ glance: TestGlance, _ more: String...) throws -> Command {
        try Command("\(TestGlance.programs)/glance-manage", ["scrub", "--config-file", glance.configurationFile] + more)
    }

    private func state(_ glance: TestGlance, _ id: String) throws -> [String?] {
        try glance.rows(
            """
            SELECT images.status, images.deleted, image_locations.status, image_locations.deleted
              FROM images JOIN image_locations ON image_id = images.id WHERE images.id = '\(id)'
            """, columns: 4
        ).first ?? []
    }

    private func age(_ glance: TestGlance, _ id: String, hours: Int) throws {
        for (table, key) in [("images", "id"), ("image_properties", "image_id"), ("image_tags", "image_id"), ("image_members", "image_id")]
        {
            try glance.execute(
                "UPDATE \(table) SET deleted_at = deleted_at - INTERVAL \(hours) HOUR WHERE \(key) = '\(id)' AND deleted = 1")
        }
    }

    @Test(arguments: ["v1", "v2"]) func `keeps the data until its time is over`(_ version: String) throws {
        let glance = try TestGlance(Self.options, workers: 1, runsRegistry: true)
        let id = try glance.hasActiveImage()
        #expect(try glance.send("DELETE", "/\(version)/images/\(id)").status / 100 == 2)
        #expect(try glance.send("GET", "/v2/images/\(id)").status == 404)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").status == 404)
        #expect(try state(glance, id) == ["pending_delete", "1", "pending_delete", "1"])
        #expect(try manage(glance).succeeded().text.contains("0 images scrubbed"))
        #expect(try glance.storedFiles() == [id])

        try age(glance, id, hours: 2)
        #expect(try manage(glance).succeeded().text.contains("1 images scrubbed"))
        #expect(try state(glance, id) == ["deleted", "1", "deleted", "1"])
        #expect(try glance.storedFiles().isEmpty)
        #expect(try glance.rows("SELECT url FROM vitrine_removals").isEmpty)
        #expect(try manage(glance, "--restore", id).status != 0)
    }

    @Test func `is taken back with all that the image had, and nothing that it had lost before`() throws {
        let glance = try TestGlance(Self.options, workers: 1)
        let id = try glance.hasActiveImage("precious")
        #expect(try glance.send("PUT", "/v2/images/\(id)/tags/kept").status == 204)
        #expect(try glance.send("PUT", "/v2/images/\(id)/tags/dropped").status == 204)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/colour", "value": "blue"}]"#).status == 200)
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "bolt"}"#).status == 200)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/tags/dropped").status == 204)
        try age(glance, id, hours: 1)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        try manage(glance, "--restore", id).succeeded()

        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["colour"]?.string == "blue")
        #expect(image["tags"]?.array?.map(\.string) == ["kept"])
        #expect(try glance.send("GET", "/v2/images/\(id)/members").json["members"]?.array?.count == 1)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "precious")
        let again = try manage(glance, "--restore", id)
        #expect(again.status != 0 && again.errors.contains("not among those that wait"))
    }

    @Test func `is for images with data that were not deactivated`() throws {
        let glance = try TestGlance(Self.options, workers: 1)
        let (queued, deactivated) = (try glance.hasImage(), try glance.hasActiveImage())
        #expect(try glance.send("POST", "/v2/images/\(deactivated)/actions/deactivate").status == 204)
        for id in [queued, deactivated] {
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
            #expect(try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["deleted"]])
        }
        #expect(try glance.storedFiles().isEmpty)
    }

    @Test func `ends by itself`() throws {
        let glance = try TestGlance(["DEFAULT": "delayed_delete = true\nwakeup_time = 1"], workers: 1, runsTasks: true)
        let id = try glance.hasActiveImage()
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try glance.rows("SELECT status FROM images WHERE id = '\(id)'") == [["deleted"]] })
        #expect(try eventually { try glance.storedFiles().isEmpty })
    }

    /// A file that cannot be removed stays owed, and is removed when that is possible.
    @Test func `that a store refuses is tried again`() throws {
        let glance = try TestGlance(["DEFAULT": "delayed_delete = true"], workers: 1)
        let id = try glance.hasActiveImage()
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        let file = "\(glance.storeFolder)/\(id)"
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: "\(file)/inside", withIntermediateDirectories: true)
        try manage(glance).succeeded()
        #expect(try state(glance, id) == ["deleted", "1", "deleted", "1"])
        #expect(try glance.rows("SELECT image_id FROM vitrine_removals") == [[id]])
    }
}
