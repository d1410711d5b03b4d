import Foundation
import MariaDB
import TestSupport
import Testing

/// `glance-manage db purge` and `db purge_images_table`.
@Suite struct `Purging what was deleted long ago` {
    private static let tables = [
        "images", "image_properties", "image_tags", "image_locations", "image_members", "tasks", "task_info", "cached_images",
    ]

    /// Images and tasks that were deleted some days ago, each at another time, with their dependent rows; nil for those that are not
    /// deleted.
    private static func deleted(_ prefix: String, _ days: [Int?], status: String = "deleted") -> [String] {
        days.enumerated().flatMap { number, days in
            let id = "\(prefix)-\(number)"
            let moment = days.map { "UTC_TIMESTAMP() - INTERVAL \($0) DAY - INTERVAL \(number) MINUTE" } ?? "NULL"
            let mark = "UTC_TIMESTAMP() - INTERVAL 400 DAY, \(moment), \(days == nil ? 0 : 1)"
            return [
                """
                INSERT INTO images (id, name, status, visibility, min_disk, min_ram, protected, created_at, deleted_at, deleted)
                VALUES ('\(id)', '\(id)', '\(days == nil ? "active" : status)', 'shared', 0, 0, 0, \(mark))
                """,
                "INSERT INTO image_properties (image_id, name, value, created_at, deleted_at, deleted) VALUES ('\(id)', 'p', 'v', \(mark))",
                "INSERT INTO image_tags (image_id, value, created_at, deleted_at, deleted) VALUES ('\(id)', 't', \(mark))",
                """
                INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted_at, deleted)
                VALUES ('\(id)', 'file:///\(id)', '{}', '\(days == nil ? "active" : status)', \(mark))
                """,
                """
                INSERT INTO image_members (image_id, member, can_share, status, created_at, deleted_at, deleted)
                VALUES ('\(id)', 'm', 0, 'pending', \(mark))
                """,
                "INSERT INTO tasks (id, type, status, owner, created_at, deleted_at, deleted) VALUES ('\(id)', 'import', 'success', 'o', \(mark))",
                "INSERT INTO task_info (task_id, input) VALUES ('\(id)', '{}')",
            ]
        }
    }

    /// What identifies the rows of each table.
    private func left(in database: String, of manages: GlanceManages) throws -> [String: [String]] {
        var left: [String: [String]] = [:]
        for table in Self.tables {
            let name = ["images": "id", "tasks": "id", "task_info": "task_id"][table] ?? "image_id"
            left[table] = try manages.rows("SELECT \(name) FROM \(table) ORDER BY 1", of: database)
        }
        return left
    }

    @Test func `leaves what Glance leaves`() throws {
        let manages = try GlanceManages()
        #expect(try manages.ours(["--config-file CONF db sync"]) == manages.theirs(["--config-file CONF db sync"]))
        try manages.execute(Self.deleted("a", [nil, 10, 40, 50, 60, 200, 210, 300]) + Self.deleted("b", [nil, 0, 31, 29, 190]))
        // A live image has deleted rows.
        try manages.execute([
            """
            INSERT INTO image_members (image_id, member, can_share, status, created_at, deleted_at, deleted)
            VALUES ('a-0', 'gone', 0, 'pending', UTC_TIMESTAMP(), UTC_TIMESTAMP() - INTERVAL 35 DAY, 1)
            """
        ])
        let before = try left(in: manages.ours, of: manages)
        // If only some images have no dependent rows, Glance purges none of them; here those are purged.
        for line in [
            "purge_images_table 0 -1", "purge_images_table", "purge --max_rows 0", "purge 250 100", "purge --max_rows 2", "purge",
            "purge_images_table --max_rows 1", "purge_images_table", "purge_images_table 30 -1", "purge 0 -1", "purge_images_table 0 -1",
        ] {
            let words = ["--config-file CONF db \(line)"]
            #expect(try manages.ours(words).map(\.status) == manages.theirs(words).map(\.status), "\(line)")
            let (ours, theirs) = (try left(in: manages.ours, of: manages), try left(in: manages.theirs, of: manages))
            #expect(ours == theirs, "\(line)")
        }
        let after = try left(in: manages.ours, of: manages)
        #expect(before["images"]?.count == 13 && after["images"] == ["a-0", "b-0"])
        #expect(after["image_members"] == ["a-0", "b-0"] && after["task_info"] == ["a-0", "b-0"])
    }

    @Test func `keeps rows that others need, and tells before which would be removed`() throws {
        let manages = try GlanceManages()
        let sync = "--config-file CONF db sync"
        #expect(try manages.ours([sync]).map(\.status) == [0])
        let held = ["uploading", "removed", "ordered", "imported"]
        for sql in Self.deleted("gone", [100, 200]) + held.flatMap({ Self.deleted($0, [100]) })
            + Self.deleted("waiting", [100], status: "pending_delete")
            + [
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until) VALUES ('uploading-0', 't', 'u', 'w', NOW())
                """,
                "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('removed-0', 'file:///x', NOW())",
                "INSERT INTO vitrine_copies (image_id, url, ordered_at) VALUES ('ordered-0', 'http://x', NOW())",
                "INSERT INTO vitrine_jobs (task_id, image_id, details, pending, lease_until) VALUES ('imported-0', 'imported-0', '', '', NOW())",
                "INSERT INTO vitrine_commits (name, committed_at) VALUES ('long ago', NOW() - INTERVAL 1 DAY)",
                "INSERT INTO node_reference (node_reference_id, node_reference_url) VALUES (1, 'http://node')",
                """
                INSERT INTO cached_images (image_id, last_accessed, last_modified, size, hits, node_reference_id)
                VALUES ('gone-0', NOW(), NOW(), 1, 1, 1), ('removed-0', NOW(), NOW(), 1, 1, 1)
                """,
            ]
        { try SharedMariaDB.running().connect(to: manages.ours).execute(sql) }

        let before = try left(in: manages.ours, of: manages)
        let told = try manages.ours([
            "--config-file CONF db purge 30 -1 --dry-run", "--config-file CONF db purge_images_table 30 -1 --dry-run",
        ])
        #expect(told[0].output.contains("image_tags: 6 rows would go") && told[0].output.contains("\ntasks: 6 rows would go"))
        #expect(told[1].status == 1)
        #expect(try left(in: manages.ours, of: manages) == before)
        #expect(try manages.ours(["--config-file CONF db purge 30 -1"]).map(\.status) == [0])
        let after = try left(in: manages.ours, of: manages)
        for table in ["image_properties", "image_tags", "image_locations", "image_members"] { #expect(after[table] == ["waiting-0"]) }
        #expect(after["tasks"] == ["imported-0"] && after["task_info"] == ["imported-0"])
        #expect(try manages.ours(["--config-file CONF db purge_images_table 30 -1"]).map(\.status) == [0])
        let end = try left(in: manages.ours, of: manages)
        #expect(end["images"] == (held + ["waiting"]).map { "\($0)-0" }.sorted())
        #expect(end["cached_images"] == ["removed-0"])
        #expect(try !manages.rows("SELECT name FROM vitrine_commits", of: manages.ours).contains("long ago"))
    }

    @Test func `of a few rows looks closely at few`() throws {
        let server = try SharedMariaDB.running()
        let name = "p\(UInt32.random(in: 0...UInt32.max))"
        try server.createDatabase(name)
        let connection = try server.connect(to: name)
        func manage(_ words: String...) throws {
            try Command(
                "\(TestGlance.programs)/glance-manage", words, environment: ["OS_DATABASE__CONNECTION": server.url(of: name)]
            ).succeeded()
        }
        try manage("db", "sync")
        // The first are not the oldest.
        let ages = "UTC_TIMESTAMP() - INTERVAL 400 DAY, UTC_TIMESTAMP() - INTERVAL 100 DAY - INTERVAL (seq * 769) % 4000 MINUTE, 1"
        try connection.execute(
            """
            INSERT INTO images (id, status, visibility, min_disk, min_ram, created_at, deleted_at, deleted)
            SELECT CONCAT('old-', seq), 'deleted', 'shared', 0, 0, \(ages) FROM seq_1_to_4000
            """)
        try connection.execute(
            """
            INSERT INTO image_tags (image_id, value, created_at, deleted_at, deleted) SELECT CONCAT('old-', seq), 't', \(ages) FROM seq_1_to_4000
            """)
        // A row is looked at closely by asking for its image.
        let read = try RowsRead.of("images", in: name) { try manage("db", "purge", "--max_rows", "10") }
        #expect(read < 2000, "\(read)")
        let youngest = try connection.first(
            Query("SELECT TIMESTAMPDIFF(MINUTE, MIN(deleted_at), UTC_TIMESTAMP() - INTERVAL 100 DAY), COUNT(*) FROM image_tags") {
                row throws(MariaDBError) in [try row.int(0), try row.int(1)]
            })
        #expect(youngest == [3989, 3990])
    }

    @Test func `may be interrupted, and lets the service answer`() throws {
        let glance = try TestGlance(workers: 1)
        let live = try glance.hasActiveImage()
        let connection = try SharedMariaDB.running().connect(to: glance.databaseName)
        let count = 4000
        try connection.execute(
            """
            INSERT INTO images (id, status, visibility, min_disk, min_ram, created_at, deleted_at, deleted)
            SELECT CONCAT('old-', seq), 'deleted', 'shared', 0, 0, NOW(), NOW() - INTERVAL 200 DAY, 1 FROM seq_1_to_\(count)
            """)
        try connection.execute(
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted_at, deleted)
            SELECT CONCAT('old-', seq), 'p', 'v', NOW(), NOW() - INTERVAL 200 DAY, 1 FROM seq_1_to_\(count)
            """)
        func rows(_ table: String) throws -> Int {
            try Int(glance.rows("SELECT COUNT(*) FROM \(table) WHERE deleted = 1")[0][0] ?? "") ?? -1
        }
        let arguments = ["db", "purge", "30", "-1", "--config-file", glance.configurationFile]
        let purge = Process()
        purge.executableURL = URL(filePath: "\(TestGlance.programs)/glance-manage")
        purge.arguments = arguments
        purge.standardError = FileHandle.nullDevice
        try purge.run()
        #expect(try eventually { try rows("image_properties") < count })
        for _ in 0..<20 { #expect(try glance.send("GET", "/v2/images/\(live)").status == 200) }
        // Like Ctrl-C.
        purge.interrupt()
        purge.waitUntilExit()
        let half = try rows("image_properties")
        #expect(half % 100 == 0)
        let program = "\(TestGlance.programs)/glance-manage"
        try Command(program, arguments).succeeded()
        #expect(try rows("image_properties") == 0)
        #expect(try rows("images") == count)
        try Command(program, ["db", "purge_images_table", "--max_rows", "-1", "--config-file", glance.configurationFile]).succeeded()
        #expect(try rows("images") == 0)
        #expect(try glance.send("GET", "/v2/images/\(live)/file").text == "hello")
    }
}
