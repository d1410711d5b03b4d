import Foundation
import JSONDocument
import Schema
import TestSupport
import Testing

extension TestGlance {
    /// Makes the views in the service's database.
    func hasViews() throws {
        let sync = try Command("\(Self.programs)/glance-manage", ["--config-file", configurationFile, "db", "sync"])
        guard sync.status == 0, !sync.errors.contains("warning") else { throw Unexpected(sync.errors) }
    }

    /// Rows of a view, each column as text.
    func report(_ columns: String, from rest: String) throws -> [[String?]] {
        let columns = columns.split(separator: ", ")
        let casts = columns.map { "CAST(`\($0)` AS CHAR)" }.joined(separator: ", ")
        return try rows("SELECT \(casts) FROM \(rest)", columns: columns.count)
    }
}

/// Views on a database that this service filled, compared with what its API says.
@Suite(.sharesServices) struct `Reports on what the service did` {
    private let glance: TestGlance

    init() throws {
        glance = try .of(Self.self, ["vitrine": "events_kept = 7"], runsTasks: true, runsRegistry: true)
        try glance.hasViews()
    }

    @Test func `have the public catalogue as the API lists it`() throws {
        let marker = UUID().uuidString
        let open = try glance.hasActiveImage(as: .alice, "public", name: marker, visibility: "public")
        let common = try glance.hasActiveImage(as: .alice, "common", name: marker)
        #expect(
            try glance.patch(
                common,
                #"[{"op": "replace", "path": "/visibility", "value": "community"}, {"op": "add", "path": "/os_distro", "value": "debian"}]"#
            ).status == 200)
        let hidden = try glance.hasActiveImage(as: .alice, "hidden", name: marker, visibility: "public")
        #expect(try glance.patch(hidden, as: .admin, #"[{"op": "replace", "path": "/os_hidden", "value": true}]"#).status == 200)
        _ = try glance.hasActiveImage(as: .alice, "shared", name: marker)
        let rows = try glance.report(
            "image_id, visibility, owner, os_distro, size_bytes, checksum, os_hash_algo, os_hash_value, min_disk_gib, protected",
            from: "report_public_catalogue WHERE name = '\(marker)' ORDER BY size_bytes, image_id")
        #expect(rows.map { $0[0] } == [open, common].sorted())
        for row in rows {
            let image = try glance.image(row[0]!)
            #expect(row[1] == image["visibility"]?.string && row[2] == "acme" && row[3] == (row[0] == common ? "debian" : nil))
            #expect(row[4] == "6" && row[5] == image["checksum"]?.string && row[6] == "sha512" && row[7] == image["os_hash_value"]?.string)
            #expect(row[8] == "0" && row[9] == "0")
        }
    }

    @Test func `have members, locations and deleted rows`() throws {
        let id = try glance.hasActiveImage(as: .alice, "hello", name: "shared")
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "bolt"}"#).status == 200)
        #expect(
            try glance.report("image_id, owner, member, status, visibility", from: "report_sharing WHERE image_id = '\(id)'")
                == [[id, "acme", "bolt", "pending", "shared"]])
        #expect(try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "accepted"}"#).status == 200)
        #expect(try glance.report("status", from: "report_sharing WHERE image_id = '\(id)'") == [["accepted"]])
        #expect(
            try glance.report("scheme, location, size_bytes, image_status", from: "report_locations WHERE image_id = '\(id)'")
                == [["file", "file://\(glance.storeFolder)/\(id)", "5", "active"]])
        #expect(try glance.report("problem", from: "report_missing_digests WHERE image_id = '\(id)'") == [])
        try glance.execute("UPDATE images SET os_hash_algo = 'sha256' WHERE id = '\(id)'")
        #expect(try glance.report("problem", from: "report_missing_digests WHERE image_id = '\(id)'") == [["sha256"]])
        try glance.execute("UPDATE images SET checksum = NULL WHERE id = '\(id)'")
        #expect(try glance.report("problem", from: "report_missing_digests WHERE image_id = '\(id)'") == [["no checksum"]])
        try glance.execute("UPDATE images SET os_hash_value = NULL WHERE id = '\(id)'")
        #expect(try glance.report("problem", from: "report_missing_digests WHERE image_id = '\(id)'") == [["no digest"]])

        func deleted(_ table: String) throws -> Int {
            try glance.report("row_count", from: "report_deleted_not_purged WHERE table_name = '\(table)' AND age_days <= 1")
                .reduce(0) { $0 + Int($1[0]!)! }
        }
        let tables = ["images", "image_members", "image_locations"]
        let before = try tables.map(deleted)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        for (table, count) in zip(tables, before) { #expect(try deleted(table) > count, "\(table)") }
        #expect(try glance.report("image_id", from: "report_sharing WHERE image_id = '\(id)'") == [])
        #expect(try glance.report("image_id", from: "report_locations WHERE image_id = '\(id)'") == [])
    }

    @Test func `have tasks, with their bytes, and events, with who did what`() throws {
        let id = try glance.hasImage(
            as: .alice, #"{"name": "events", "disk_format": "raw", "container_format": "bare", "os_admin_password": "hunter2"}"#)
        let staged = try glance.send(
            "PUT", "/v2/images/\(id)/stage", as: .anna, ["Content-Type": "application/octet-stream"], body: Array("imported".utf8))
        #expect(staged.status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
        #expect(try eventually { try glance.status(of: id) == "active" })
        let task = try glance.ended(on: id)
        let row = try glance.report(
            "task_id, type, outcome, owner, user, bytes, request_id, duration_seconds", from: "report_tasks WHERE image_id = '\(id)'")
        #expect(row.map { $0.prefix(6) } == [[task["id"]?.string, "api_image_import", "success", "acme", "alice", "8"]])
        #expect(row.first?[6] == task["request_id"]?.string && Int(row.first?[7] ?? "") != nil)
        #expect(try glance.send("POST", "/v2/images/\(id)/members", as: .anna, json: #"{"member": "bolt"}"#).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .anna).text == "imported")
        #expect(try glance.send("DELETE", "/v2/images/\(id)", as: .admin).status == 204)

        func events(_ type: String) throws -> [[String?]] {
            try glance.report("project, user", from: "report_events WHERE image_id = '\(id)' AND event_type = '\(type)' ORDER BY event_id")
        }
        for (type, project, user) in [
            ("image.create", "acme", "alice"), ("task.create", "acme", "alice"), ("task.success", "acme", "alice"),
            ("image.activate", "acme", "alice"), ("image.member.create", "acme", "anna"), ("image.send", "acme", "anna"),
            ("image.delete", "cloud", "admin"),
        ] {
            #expect(try eventually { try events(type).last == [project, user] }, "\(type)")
        }
        // The first update is that of the staging.
        #expect(try events("image.update").first == ["acme", "anna"])
        #expect(
            try glance.report("bytes, image_owner", from: "report_events WHERE image_id = '\(id)' AND event_type = 'image.send'") == [
                ["8", "acme"]
            ])
        #expect(
            try glance.report("member", from: "report_events WHERE image_id = '\(id)' AND event_type = 'image.member.create'") == [["bolt"]]
        )
        #expect(
            try glance.report("image_name, image_status", from: "report_events WHERE image_id = '\(id)' AND event_type = 'image.create'")
                == [["events", "queued"]])
        #expect(try glance.rows("SELECT COUNT(*) FROM report_events WHERE payload LIKE '%hunter2%'") == [["0"]])
        #expect(try eventually { try glance.rows("SELECT COUNT(*) FROM vitrine_notifications") == [["0"]] })
    }

    @Test func `name whoever uses V1, and why something failed`() throws {
        let made = try glance.send(
            "POST", "/v1/images", as: .anna,
            [
                "x-image-meta-name": "one", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
                "Content-Type": "application/octet-stream",
            ], body: Array("v1".utf8))
        #expect(made.status == 201)
        let id = try #require(made.json["image"]?["id"]?.string)
        for type in ["image.create", "image.prepare", "image.upload", "image.activate"] {
            #expect(
                try eventually {
                    try glance.report("project, user", from: "report_events WHERE image_id = '\(id)' AND event_type = '\(type)'")
                        == [["acme", "anna"]]
                }, "\(type)")
        }
        let short = try glance.hasImage(as: .alice)
        #expect(try glance.upload([1], to: short, ["X-OpenStack-Image-Size": "5"]).status == 400)
        #expect(
            try eventually {
                try glance.report(
                    "priority, user, payload", from: "report_events WHERE image_id = '\(short)' AND message LIKE 'Failed to upload%'")
                    == [["ERROR", "alice", nil]]
            })
    }

    @Test func `answer for every view`() throws {
        for report in Schema.reports { try glance.execute("SELECT * FROM \(report.name)") }
        for report in Schema.reports { try glance.execute(report.example) }
    }
}

/// Without `events_kept` nothing is written for reports.
@Suite struct `Events that are not kept` {
    @Test func `are not written`() throws {
        let glance = try TestGlance(runsTasks: true)
        try glance.hasViews()
        _ = try glance.hasActiveImage()
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_events") == [["0"]])
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_notifications") == [["0"]])
    }
}
