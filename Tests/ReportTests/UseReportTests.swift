import MariaDB
import TestSupport
import Testing

/// The views of what was downloaded.
@Suite struct `Reports of use` {
    @Test func `add up by day, image, project and method, and tell what nobody used`() throws {
        let database = try ReportDatabase.synced()
        func image(_ id: String, _ status: String = "active", owner: String = "'acme'", deleted: Int = 0) -> String {
            """
            INSERT INTO images (id, name, size, status, visibility, min_disk, min_ram, protected, created_at, owner, deleted)
            VALUES ('\(id)', 'n-\(id)', 10, '\(status)', 'shared', 0, 0, 0, UTC_TIMESTAMP() - INTERVAL 100 DAY - INTERVAL 1 HOUR, \(owner), \(deleted))
            """
        }
        func use(_ day: Int, _ id: String, _ project: String, _ user: String, _ method: String, _ counts: String) -> String {
            """
            INSERT INTO vitrine_downloads (day, image_id, project, user, method, downloads, ranges, incomplete, bytes, last_at)
            VALUES ('2026-11-2\(day)', '\(id)', '\(project)', '\(user)', '\(method)', \(counts), '2026-11-2\(day) 10:00:00')
            """
        }
        try database.execute(
            image("used"), image("unused", owner: "NULL"), image("off", "deactivated"), image("empty", "queued"),
            image("gone", "deleted", deleted: 1),
            use(1, "used", "acme", "alice", "v2", "1, 2, 3, 40"), use(1, "used", "acme", "anna", "v2", "10, 0, 0, 2"),
            use(1, "used", "acme", "alice", "v1", "1, 0, 0, 5"), use(1, "used", "bolt", "bob", "v2", "1, 0, 0, 6"),
            use(2, "used", "bolt", "bob", "cache", "1, 0, 0, 7"), use(2, "purged", "", "", "v2", "1, 0, 0, 8"),
            use(2, "gone", "acme", "alice", "v2", "1, 0, 0, 9"),
            """
            INSERT INTO vitrine_image_use VALUES
            ('used', UTC_TIMESTAMP() - INTERVAL 5 DAY, UTC_TIMESTAMP() - INTERVAL 49 HOUR, 14, 2, 3, 60),
            ('gone', UTC_TIMESTAMP(), UTC_TIMESTAMP(), 1, 0, 0, 9)
            """)
        let daily = try database.texts(
            """
            SELECT CONCAT_WS(' ', day, image_id, COALESCE(image_name, '-'), COALESCE(owner, '-'), project, method, downloads, ranges,
                             incomplete, bytes, callers)
              FROM report_downloads_daily ORDER BY day, image_id, project, method
            """)
        #expect(
            daily == [
                "2026-11-21 used n-used acme acme v1 1 0 0 5 1", "2026-11-21 used n-used acme acme v2 11 2 3 42 2",
                "2026-11-21 used n-used acme bolt v2 1 0 0 6 1", "2026-11-22 gone n-gone acme acme v2 1 0 0 9 1",
                "2026-11-22 purged - -  v2 1 0 0 8 1", "2026-11-22 used n-used acme bolt cache 1 0 0 7 1",
            ])
        let unused = try database.texts(
            """
            SELECT CONCAT_WS(' ', image_id, name, COALESCE(owner, '-'), size_bytes, age_days, COALESCE(days_since_last_download, '-'),
                             downloads, bytes_sent, last_downloaded_at IS NULL)
              FROM report_unused ORDER BY image_id
            """)
        #expect(
            unused == [
                "off n-off acme 10 100 - 0 0 1", "unused n-unused - 10 100 - 0 0 1", "used n-used acme 10 100 2 14 60 0",
            ])
    }

    /// A condition on the day must not read the other days.
    @Test func `read the wanted days alone`() throws {
        let database = try ReportDatabase.synced()
        try database.execute(
            """
            INSERT INTO vitrine_downloads (day, image_id, user, method, downloads, last_at)
            SELECT '2026-01-01' + INTERVAL seq % 300 DAY, seq % 100, seq, 'v2', 1, '2026-01-01' FROM seq_1_to_30000
            """, "ANALYZE TABLE vitrine_downloads")
        try database.execute("FLUSH STATUS")
        let connection = try database.server.connect(to: database.name)
        let rows = try connection.all(
            Query("SELECT downloads FROM report_downloads_daily WHERE day = '2026-03-01'") { row throws(MariaDBError) in try row.text(0) })
        #expect(rows.count == 1 || rows.count == 100, "\(rows.count)")
        let read = try connection.first(
            Query("SHOW SESSION STATUS LIKE 'Handler_read_next'") { row throws(MariaDBError) in try row.text(1) })
        #expect(try #require(read.flatMap { Int($0) }) < 1000)
    }
}
