import MariaDB
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
        #expect(read < 1000, "\(read)")
        #expect(try database.rows("SELECT COUNT(*) FROM vitrine_report_images") == [["40"]])
    }
}
