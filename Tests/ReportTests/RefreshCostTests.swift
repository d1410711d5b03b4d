import MariaDB
import Persistence
import TestSupport
import Testing

/// What a refresh of the summary tables reads.
@Suite struct `A refresh of the reports` {
    @Test func `walks over images that are not deleted`() throws {
        let database = try ReportDatabase.synced()
        try database.execute(
            """
            INSERT INTO images (id, status, created_at, updated_at, deleted, min_disk, min_ram, visibility)
            SELECT UUID(), IF(seq % 100, 'deleted', 'active'), '2020-01-01', '2020-01-01', seq % 100 > 0, 0, 0, 'private' FROM seq_1_to_4000
            """, "ANALYZE TABLE images")
        var output = ""
        let read = try RowsRead.of("images", in: database.name) { output = try database.manage("db", "refresh_reports").text }
        #expect(output == "The reports are refreshed: 40 images were compared.\n")
        // All are counted once, up to 100,000, to see whether the database is large.
        #expect(read < 5000, "\(read)")
        #expect(try database.rows("SELECT COUNT(*) FROM vitrine_report_images") == [["40"]])
    }

    @Test func `adds up usage and deleted rows of a large database, and questions read the sums`() throws {
        let database = try ReportDatabase.synced()
        try database.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, deleted_at, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('i-', seq), IF(seq % 2, 'deleted', 'active'), '2020-01-01', seq % 2, IF(seq % 2, '2021-01-01', NULL), 0, 0,
                   'private', seq % 10, 10 FROM seq_1_to_4000
            """,
            """
            INSERT INTO image_locations (image_id, value, created_at, deleted, meta_data)
            SELECT CONCAT('i-', seq * 2), 'file:///image', '2020-01-01', 0, '{"store": "fast"}' FROM seq_1_to_2000
            """)
        let catalog = MariaDBCatalog(Database(Pool(try Address(url: database.server.url(of: database.name)))))
        #expect(try catalog.refreshReports(imagesAtOnce: 1000, summingFrom: 4000) { _ in true })
        for table in ["images", "image_locations"] {
            let read = try RowsRead.of(table, in: database.name) {
                #expect(
                    try database.rows("SELECT CAST(SUM(images) AS CHAR), COUNT(*) FROM report_usage_by_project", columns: 2) == [
                        ["2000", "5"]
                    ])
                #expect(
                    try database.rows("SELECT store, CAST(stored_bytes AS CHAR) FROM report_usage_by_store", columns: 2)
                        == [["fast", "20000"]])
                #expect(try database.texts("SELECT row_count FROM report_deleted_not_purged") == ["2000"])
                let sums = try catalog.verifiableImages()
                #expect(sums.images == 2000 && sums.bytes == 20000)
            }
            #expect(read < 10, "\(table) \(read)")
        }
    }

    @Test func `is not needed for what one project uses, where its images and copies alone are read`() throws {
        let database = try ReportDatabase.synced()
        try database.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('i-', seq), 'active', '2020-01-01', 0, 0, 0, 'private', IF(seq > 1990, 'acme', 'bolt'), 10 FROM seq_1_to_2000
            """,
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted)
            SELECT CONCAT('i-', seq), 'os_glance_importing_to_stores', IF(seq = 2000, 'ceph', ''), '2020-01-01', 0 FROM seq_1_to_2000
            """, "ANALYZE TABLE images, image_properties")
        for table in ["images", "image_properties"] {
            let read = try RowsRead.of(table, in: database.name) {
                let usage = try database.rows(
                    "SELECT CAST(images AS CHAR), CAST(uploading_images AS CHAR) FROM report_usage_by_project WHERE project = 'acme'",
                    columns: 2)
                #expect(usage == [["10", "1"]])
            }
            #expect(read < 100, "\(table) \(read)")
        }
    }
}
