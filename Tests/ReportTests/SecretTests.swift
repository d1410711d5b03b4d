import MariaDB
import Schema
import TestSupport
import Testing

extension ReportDatabase {
    /// Every value of every row of a view, as text.
    func values(of report: Schema.Report, on connection: Connection) throws -> [[String?]] {
        let columns = report.columns.map { "CAST(`\($0.name)` AS CHAR)" }.joined(separator: ", ")
        return try rows("SELECT \(columns) FROM \(report.name)", columns: report.columns.count, on: connection)
    }
}

/// What no view shows, whatever lies in the tables.
@Suite(.sharesServices) struct `A view` {
    @Test func `shows no credentials, no token, and no folder or address of the service's own`() throws {
        let database = try ReportDatabase.synced()
        let id = "9b1f2ad4-8a52-4d2f-8a0c-6f2f6d3b7c11"
        try database.execute(
            """
            INSERT INTO images (id, name, owner, status, visibility, min_disk, min_ram, size, created_at, updated_at, deleted)
            VALUES ('\(id)', 'shown', 'acme', 'importing', 'shared', 0, 0, 7, UTC_TIMESTAMP() - INTERVAL 9 DAY,
                    UTC_TIMESTAMP() - INTERVAL 8 DAY, 0),
                   ('deleted', 'SECRET', 'acme', 'deleted', 'public', 0, 0, 7, UTC_TIMESTAMP() - INTERVAL 9 DAY, NULL, 1)
            """,
            """
            INSERT INTO image_locations (image_id, value, meta_data, created_at, deleted)
            VALUES ('\(id)', 'swift+https://a:u:SECRET@auth/v1/x', '{"store": "fast", "password": "SECRET"}', UTC_TIMESTAMP(), 0),
                   ('\(id)', 'gAAAAASECRET', '{}', UTC_TIMESTAMP(), 0), ('\(id)', 'file:///SECRET', '{}', UTC_TIMESTAMP(), 1)
            """,
            """
            INSERT INTO tasks (id, type, status, owner, image_id, created_at, updated_at, deleted)
            VALUES ('t1', 'api_image_import', 'processing', 'acme', '\(id)', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0),
                   ('t2', 'import', 'failure', 'acme', NULL, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)
            """,
            """
            INSERT INTO task_info (task_id, input, result, message)
            VALUES ('t1', '{"import_req": {"uri": "SECRET"}}', '{"bytes_done": 5, "path": "SECRET"}', 'http://user:SECRET@host/?k=SECRET'),
                   ('t2', '{"import_from": "SECRET"}', 'no JSON SECRET', 'swift+http://u:SECRET@host failed')
            """,
            """
            INSERT INTO vitrine_jobs (task_id, image_id, details, token, pending, lease_until)
            VALUES ('t1', '\(id)', '{"token": "SECRET"}', 'SECRET', '["file:///SECRET"]', UTC_TIMESTAMP(6))
            """,
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(id)', 'SECRET', 'file:///SECRET', 'w', UTC_TIMESTAMP(6))
            """,
            "INSERT INTO vitrine_copies (image_id, url, ordered_at) VALUES ('\(id)', 'http://u:SECRET@h', UTC_TIMESTAMP(6))",
            "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('\(id)', 'http://u:SECRET@h', UTC_TIMESTAMP(6))",
            """
            INSERT INTO vitrine_events (happened_at, event_type, priority, image_id, payload)
            VALUES (UTC_TIMESTAMP(6), 'image.upload', 'ERROR', '\(id)', '"cannot read http://u:SECRET@h?k=SECRET"'),
                   (UTC_TIMESTAMP(6), 'image.update', 'INFO', '\(id)', '{"id": "\(id)", "properties": {"os_admin_password": "SECRET"}}')
            """)
        let user = "a\(database.name)"
        try database.execute("CREATE USER \(user)@`%`")
        #expect(try database.manage("db", "grant_reports", "--user", user, "--apply").status == 0)
        let reader = try database.connect(as: user)
        var seen = 0
        for report in Schema.reports {
            let rows = try database.values(of: report, on: reader)
            seen += rows.count
            #expect(!rows.joined().contains { $0?.contains("SECRET") == true }, "\(report.name): \(rows)")
        }
        // The rows were looked at: 1 stuck image, 2 tasks, 2 locations, 2 events at least.
        #expect(seen >= 7)
    }

    @Test(arguments: Schema.reports.map(\.name)) func `neither waits for whoever writes, nor makes them wait`(_ name: String) throws {
        let database = try Self.shared.get()
        let report = try #require(Schema.reports.first { $0.name == name })
        let writer = try database.server.connect(to: database.name)
        let reader = try database.server.connect(to: database.name)
        for connection in [writer, reader] {
            try connection.execute("SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 2, idle_transaction_timeout = 600")
        }
        let changes = ["images", "image_properties", "image_members", "image_locations", "tasks"].map {
            "UPDATE \($0) SET deleted_at = NULL"
        }
        try writer.execute("START TRANSACTION")
        for change in changes { try writer.execute(change) }
        try reader.execute("START TRANSACTION")
        let rows = try database.values(of: report, on: reader)
        try writer.execute("COMMIT")
        // The reader's transaction is still open, and holds no lock that a writer waits for. The new image is older than the reader's first
        // look, so that only its snapshot hides it: an image of this second is no row of report_accounting until the next one.
        for change in changes { try writer.execute(change) }
        try writer.execute(
            """
            INSERT INTO images (id, name, status, visibility, min_disk, min_ram, created_at, deleted)
            VALUES (UUID(), 'later', 'queued', 'public', 0, 0, UTC_TIMESTAMP() - INTERVAL 9 DAY, 0)
            """)
        #expect(try database.values(of: report, on: reader).count == rows.count)
        try reader.execute("COMMIT")
    }
    private static let shared = Result {
        let database = try ReportDatabase.synced()
        try database.execute(
            """
            INSERT INTO images (id, name, owner, status, visibility, min_disk, min_ram, size, created_at, updated_at, deleted)
            SELECT UUID(), seq, CONCAT('p', seq % 7), ELT(1 + seq % 3, 'active', 'queued', 'saving'), 'public', 0, 0, seq,
                   UTC_TIMESTAMP() - INTERVAL 9 DAY, UTC_TIMESTAMP() - INTERVAL 8 DAY, seq % 2 FROM seq_1_to_200
            """,
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) SELECT id, 'os_distro', name, created_at, 0 FROM images",
            """
            INSERT INTO image_locations (image_id, value, created_at, deleted)
            SELECT id, CONCAT('file:///x/', id), created_at, 0 FROM images
            """,
            """
            INSERT INTO image_members (image_id, member, can_share, created_at, deleted)
            SELECT id, 'bolt', 0, created_at, 0 FROM images
            """,
            """
            INSERT INTO tasks (id, type, status, owner, image_id, created_at, updated_at, deleted)
            SELECT UUID(), 'api_image_import', 'success', owner, id, created_at, updated_at, 0 FROM images
            """)
        return database
    }
}
