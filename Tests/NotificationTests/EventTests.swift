import Foundation
import JSONDocument
import TestSupport
import Testing

/// The notification about a change, and the row that is written with it. Source: Glance, `notifier.py` and `api/v2/image_data.py`.
@Suite(.serialized, .sharesServices) struct `A change that is told` {
    let listening: Listening
    var glance: TestGlance { listening.glance }
    init() throws { listening = try Self.shared.get() }

    private static let shared = Shared {
        // The servers of locations have loopback addresses.
        try Listening(["log"], ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports ="], runsTasks: false)
    }

    /// The events of one image, in order.
    private func events(of id: String) throws -> [Listening.Waiting] { try listening.waiting("payload LIKE '%\(id)%'") }

    @Test func `is an image that was made, with all that Glance tells of it`() throws {
        let reply = try glance.send(
            "POST", "/v2/images", as: .alice, ["X-Openstack-Request-Id": "req-of-alice", "Content-Type": "application/json"],
            body: Array(#"{"name": "Ä \"x\"", "disk_format": "raw", "min_ram": 7, "tags": ["new"], "os": "Linux"}"#.utf8))
        let id = try #require(reply.json["id"]?.string)
        let told = try events(of: id)
        #expect(told.map(\.event) == ["image.create"])
        #expect(told.map(\.priority) == ["INFO"])
        #expect(told.map(\.request) == ["req-of-alice"])
        let payload = try #require(told.first?.payload.object)
        let created = try #require(reply.json["created_at"]?.string)
        let expected: JSONObject = [
            "id": .string(id), "name": "Ä \"x\"", "status": "queued", "created_at": .string(created), "updated_at": .string(created),
            "min_disk": 0, "min_ram": 7, "protected": false, "checksum": .null, "owner": "acme", "disk_format": "raw",
            "container_format": .null, "size": .null, "virtual_size": .null, "is_public": false, "visibility": "shared",
            "properties": ["os": "Linux"], "tags": ["new"], "deleted": false, "deleted_at": .null,
        ]
        #expect(payload == expected)
    }

    @Test func `is an upload, from the first byte to the record that has them`() throws {
        let id = try glance.hasActiveImage("hello", name: "uploaded")
        let told = try events(of: id)
        #expect(told.map(\.event).dropFirst() == ["image.update", "image.prepare", "image.upload", "image.activate", "image.update"])
        #expect(told.map { $0.payload["status"]?.string } == ["queued", "saving", "saving", "active", "active", "active"])
        for done in told.suffix(3) {
            #expect(done.payload["size"] == 5)
            #expect(done.payload["checksum"] == "5d41402abc4b2a76b9719d911017c592")
        }
        // The stores of an import: none here.
        #expect(told.map { $0.payload["os_glance_failed_import"] } == [nil, nil, [], [], nil, nil])
        #expect(told.map { $0.payload["os_glance_importing_to_stores"] } == [nil, nil, [], [], nil, nil])
        #expect(Set(told.suffix(3).map(\.request)).count == 1)
    }

    @Test func `is an upload that failed, as an error with its reason`() throws {
        let id = try glance.hasImage()
        let before = try events(of: id).count
        let reply = try glance.upload([1, 2, 3], to: id, ["X-OpenStack-Image-Size": "5"])
        #expect(reply.status == 400)
        let told = try events(of: id).dropFirst(before)
        #expect(told.map(\.event) == ["image.update", "image.prepare", "image.upload", "image.update"])
        #expect(told.map(\.priority) == ["INFO", "INFO", "ERROR", "INFO"])
        let text = try #require(told.first { $0.priority == "ERROR" }?.payload.string)
        #expect(text.hasPrefix("Failed to upload image data for image \(id): ") && text.contains("5 bytes were announced, 3 received"))
        #expect(told.last?.payload["status"] == "queued")
    }

    @Test func `is a patch, a tag, a deactivation, each once`() throws {
        let id = try glance.hasActiveImage()
        let before = try events(of: id).count
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "other"}]"#).status == 200)
        #expect(try glance.send("PUT", "/v2/images/\(id)/tags/fresh").status == 204)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/tags/fresh").status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate", as: .admin).status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/reactivate", as: .admin).status == 204)
        let told = try events(of: id).dropFirst(before)
        #expect(told.map(\.event) == Array(repeating: "image.update", count: 5))
        #expect(told.map { $0.payload["name"] } == Array(repeating: "other", count: 5))
        #expect(told.map { $0.payload["tags"] } == [[], ["fresh"], [], [], []])
        #expect(told.map { $0.payload["status"]?.string } == ["active", "active", "active", "deactivated", "active"])
    }

    @Test func `is a deletion, with its time`() throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        let last = try #require(try events(of: id).last)
        #expect(last.event == "image.delete")
        #expect(last.payload["status"] == "deleted" && last.payload["deleted"] == true)
        let time = try #require(last.payload["deleted_at"]?.string)
        #expect(try Regex(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"#).firstMatch(in: time) != nil)
    }

    @Test func `is a member's coming, answer and going`() throws {
        let id = try glance.hasImage()
        let before = try events(of: id).count
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "bolt"}"#).status == 200)
        #expect(try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "accepted"}"#).status == 200)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 204)
        let told = try events(of: id).dropFirst(before)
        #expect(told.map(\.event) == ["image.member.create", "image.member.update", "image.member.delete"])
        #expect(told.map { $0.payload["status"]?.string } == ["pending", "accepted", "accepted"])
        #expect(told.map { $0.payload["deleted"]?.bool } == [false, false, true])
        let keys: Set = ["image_id", "member_id", "status", "created_at", "updated_at", "deleted", "deleted_at"]
        for one in told {
            #expect(Set(one.payload.object?.keys ?? []) == keys)
            #expect(one.payload["image_id"]?.string == id && one.payload["member_id"] == "bolt")
        }
        #expect(told.last?.payload["deleted_at"]?.string?.hasSuffix("Z") == true)
    }

    @Test func `comes from V1 by the same names`() throws {
        let made = try glance.send(
            "POST", "/v1/images", as: .alice,
            [
                "Content-Type": "application/octet-stream", "x-image-meta-name": "classic", "x-image-meta-disk_format": "raw",
                "x-image-meta-container_format": "bare", "X-Openstack-Request-Id": "req-classic",
            ], body: Array("hello".utf8))
        let id = try #require(made.json["image"]?["id"]?.string)
        #expect(try glance.send("PUT", "/v1/images/\(id)", ["x-image-meta-name": "renamed"]).status == 200)
        #expect(try glance.send("PUT", "/v1/images/\(id)/members/bolt").status == 204)
        #expect(try glance.send("PUT", "/v1/images/\(id)/members", json: #"{"memberships": [{"member_id": "cord"}]}"#).status == 204)
        #expect(try glance.send("DELETE", "/v1/images/\(id)/members/cord").status == 204)
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        let told = try events(of: id)
        #expect(
            told.map(\.event) == [
                "image.create", "image.update", "image.prepare", "image.upload", "image.activate", "image.update", "image.update",
                "image.member.create", "image.member.delete", "image.member.create", "image.member.delete", "image.delete",
            ])
        #expect(told.prefix(6).allSatisfy { $0.request == "req-classic" })
        #expect(told[7...10].map { $0.payload["member_id"]?.string } == ["bolt", "bolt", "cord", "cord"])
    }

    @Test func `is a failed upload of V1, which kills the image`() throws {
        let made = try glance.send("POST", "/v1/images", ["x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare"])
        let id = try #require(made.json["image"]?["id"]?.string)
        let checksum = String(repeating: "0", count: 32)
        #expect(try glance.send("PUT", "/v1/images/\(id)", ["x-image-meta-checksum": checksum]).status == 200)
        let refused = try glance.send(
            "PUT", "/v1/images/\(id)", ["Content-Type": "application/octet-stream"], body: Array("other bytes".utf8))
        #expect(refused.status == 400)
        let told = try events(of: id).suffix(2)
        #expect(told.map(\.event) == ["image.upload", "image.update"])
        #expect(told.map(\.priority) == ["ERROR", "INFO"])
        #expect(told.last?.payload["status"] == "killed")
    }

    /// A location may contain credentials.
    @Test func `never says where the bytes lie`() throws {
        let source = try RawServer { connection, _ in
            connection.readHead()
            connection.answer(body: "")
        }
        _ = try glance.hasActiveImage("located")
        let located = try glance.send(
            "POST", "/v1/images", as: .admin,
            [
                "x-image-meta-location": source.url("/secret-path"), "x-image-meta-size": "0", "x-image-meta-disk_format": "raw",
                "x-image-meta-container_format": "bare",
            ])
        try #require(located.status == 201, "\(located.text)")
        let id = try #require(located.json["image"]?["id"]?.string)
        #expect(try events(of: id).map(\.event) == ["image.create", "image.activate"])
        let leaks = try listening.waiting(
            "payload LIKE '%://%' OR payload LIKE '%secret-path%' OR payload LIKE '%\(glance.storeFolder)%' OR payload LIKE '%location%'")
        #expect(leaks.isEmpty, "\(leaks)")
    }

    @Test func `is nothing when it was refused`() throws {
        let id = try glance.hasActiveImage()
        let all = try listening.waiting().count
        #expect(try glance.upload([1], to: id).status == 409)
        #expect(try glance.patch(id, as: .bob, #"[{"op": "replace", "path": "/name", "value": "his"}]"#).status == 404)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/status", "value": "queued"}]"#).status == 403)
        #expect(try glance.send("DELETE", "/v2/images/\(id)", as: .reader).status == 403)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 404)
        #expect(try glance.send("POST", "/v2/images", json: #"{"id": "\#(id)"}"#).status == 409)
        #expect(try glance.send("PUT", "/v1/images/\(id)", as: .bob, ["x-image-meta-name": "his"]).status == 404)
        #expect(try listening.waiting().count == all)
    }

    /// If notifications go nowhere, none are written.
    @Test(arguments: [[], ["noop"]])
    func `leaves no row where nobody listens`(_ drivers: [String]) throws {
        let quiet = try Listening(drivers, runsTasks: false, runsRegistry: false)
        let id = try quiet.glance.hasActiveImage()
        #expect(try quiet.glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try quiet.waiting().isEmpty)
    }

    @Test(arguments: [
        ("image", []),
        ("image.create,image.update", ["image.prepare", "image.upload", "image.activate", "image.member.create"]),
        ("image.member", ["image.create", "image.update", "image.prepare", "image.upload", "image.activate", "image.update"]),
        (
            "task,image.cre",
            ["image.create", "image.update", "image.prepare", "image.upload", "image.activate", "image.update", "image.member.create"]
        ),
    ])
    func `is not told where its name or its group is disabled`(_ disabled: String, _ expected: [String]) throws {
        let listening = try Listening(
            ["log"], ["DEFAULT": "disabled_notifications = \(disabled)\ndefault_publisher_id = image.host1"], runsTasks: false,
            runsRegistry: false)
        let id = try listening.glance.hasActiveImage()
        #expect(try listening.glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "bolt"}"#).status == 200)
        #expect(try listening.waiting().map(\.event) == expected)
        #expect(
            try listening.glance.rows("SELECT DISTINCT publisher_id FROM vitrine_notifications")
                == (expected.isEmpty ? [] : [["image.host1"]]))
    }

    /// However many wait, the oldest are found and deleted by their numbers alone.
    @Test(arguments: [
        "SELECT id, LENGTH(payload) FROM vitrine_notifications ORDER BY id LIMIT 100",
        "SELECT id, payload FROM vitrine_notifications WHERE id BETWEEN 1 AND 9 ORDER BY id LIMIT 100",
        "SELECT id FROM vitrine_notifications ORDER BY id DESC LIMIT 1 OFFSET 100000",
        "DELETE FROM vitrine_notifications WHERE id IN (1, 2, 3)", "DELETE FROM vitrine_notifications WHERE id <= 9 LIMIT 1000",
    ])
    func `is found without a sort or a scan of the table`(_ sql: String) throws {
        try glance.execute(
            """
            INSERT INTO vitrine_notifications (message_id, publisher_id, event_type, priority, payload, happened_at)
            SELECT UUID(), 'x', 'filler', 'INFO', '{}', UTC_TIMESTAMP(6) FROM seq_1_to_1000
            """)
        defer { try? glance.execute("DELETE FROM vitrine_notifications WHERE event_type = 'filler'") }
        try glance.execute("ANALYZE TABLE vitrine_notifications")
        let plan = try #require(try glance.rows("EXPLAIN \(sql)", columns: 10).first)
        let (key, extra) = (plan[5], plan[9] ?? "")
        #expect(key == "PRIMARY", "\(plan)")
        #expect(!extra.contains("filesort") && !extra.contains("temporary"), "\(plan)")
    }
}
