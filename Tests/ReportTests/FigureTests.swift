import Foundation
import JSONDocument
import MariaDB
import Persistence
import TestSupport
import Testing

/// Each figure of a view equals one that is computed another way.
@Suite struct `Figures of the reports` {
    /// A database whose tables and rows are the real Glance's, with our views.
    private static func written() throws -> (database: ReportDatabase, look: JSON) {
        let database = try ReportDatabase()
        let connection = ["OS_DATABASE__CONNECTION": database.server.url(of: database.name)]
        let theirs = try PyPIGlance.run("glance-manage", ["db", "sync"], connection)
        guard theirs.status == 0 else { throw Unexpected("Glance's db sync: \(theirs.errors)") }
        let look = try GlanceCode.fill(database, seed: 15, images: 300)
        guard try database.manage("db", "sync").status == 0 else { throw Unexpected("db sync failed") }
        return (database, look)
    }

    private static func figures(_ look: JSON) -> Figures {
        Figures(images: (look["images"]?.array ?? []).map(ListedImage.init(realGlances:)))
    }

    private static func refresh(_ database: ReportDatabase) throws {
        let refresh = try database.manage("db", "refresh_reports")
        #expect(refresh.status == 0 && refresh.text.hasPrefix("The reports are refreshed: ") && refresh.errors == "")
    }

    @Test func `equal what the real Glance says of a database that it wrote, before and after refreshes`() throws {
        let (database, look) = try Self.written()
        let first = Self.figures(look)
        #expect(first.images.count > 200)
        try Self.expectQuotas(look, database)
        for isRefreshed in [false, true] {
            if isRefreshed { try Self.refresh(database) }
            try first.expectImages(database)
            try first.expectValues(database)
            try first.expectDuplicates(database)
            try first.expectToday(database)
        }
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_report_images") == ["\(first.images.count)"])
        // Images are read anew at once, and values after the next refresh.
        let more = try GlanceCode.fill(database, seed: 16, images: 40)
        try database.execute("UPDATE images SET updated_at = UTC_TIMESTAMP(), name = 'other' WHERE id LIKE '1%'")
        let second = Self.figures(try GlanceCode.look(at: database))
        try second.expectImages(database)
        try first.expectValues(database)
        try Self.refresh(database)
        try second.expectImages(database)
        try second.expectValues(database)
        try Self.expectQuotas(more, database)
    }

    /// Expects Glance's own sums of its quotas: images, bytes, uploads and staged bytes of each owner.
    private static func expectQuotas(_ look: JSON, _ database: ReportDatabase, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let rows = try database.rows(
            """
            SELECT LOWER(project), CAST(images AS CHAR), CAST(stored_bytes AS CHAR), CAST(uploading_images AS CHAR), CAST(staged_bytes AS CHAR)
              FROM report_usage_by_project WHERE project IS NOT NULL ORDER BY 1
            """, columns: 5)
        var expected: [[String?]] = []
        look["usage"]?.object?.forEach { owner, sums in expected.append([owner] + (sums.array ?? []).map { "\($0.int ?? -1)" }) }
        #expect(expected.count == 3 && rows == expected, sourceLocation: sourceLocation)
        #expect(
            try database.texts("SELECT CAST(SUM(stored_bytes) AS CHAR) FROM report_usage_by_store")
                == database.texts("SELECT CAST(SUM(stored_bytes) AS CHAR) FROM report_usage_by_project"), sourceLocation: sourceLocation)
        #expect(
            try database.rows(
                "SELECT CAST(SUM(images) AS CHAR), CAST(SUM(pending_deletion_bytes) AS CHAR) FROM report_usage_by_store", columns: 2)
                == database.rows(
                    """
                    SELECT CAST((SELECT COUNT(*) FROM (SELECT DISTINCT l.image_id, JSON_VALUE(l.meta_data, '$.store') AS store,
                                                              LOWER(SUBSTRING_INDEX(l.value, ':', 1)) AS scheme
                                   FROM image_locations l JOIN images i ON i.id = l.image_id
                                  WHERE l.status <> 'deleted' AND i.status NOT IN ('deleted', 'killed', 'pending_delete')) AS one) AS CHAR),
                           CAST((SELECT SUM(i.size) FROM image_locations l JOIN images i ON i.id = l.image_id
                                  WHERE l.status = 'pending_delete') AS CHAR)
                    """, columns: 2), sourceLocation: sourceLocation)
    }

    @Test func `of each day equal a count of the images that there were`() throws {
        let (database, _) = try Self.written()
        try database.execute(
            "UPDATE images SET created_at = created_at - INTERVAL CRC32(id) % 40 DAY",
            "UPDATE images SET deleted_at = created_at + INTERVAL CRC32(COALESCE(name, '')) % 9 DAY WHERE deleted = 1")
        let rows = try database.rows(
            "SELECT DATE(created_at), IF(deleted, DATE(deleted_at), NULL), COALESCE(size, 0) FROM images", columns: 3)
        let days = try database.rows(
            """
            SELECT CAST(day AS CHAR), CAST(added AS CHAR), CAST(added_bytes AS CHAR), CAST(deleted AS CHAR), CAST(deleted_bytes AS CHAR),
                   CAST(images AS CHAR), CAST(stored_bytes AS CHAR) FROM report_growth_daily ORDER BY day
            """, columns: 7)
        #expect(days.count == 40)
        for day in days {
            guard let date = day[0] else { continue }
            func figures(_ isCounted: ([String?]) -> Bool) -> [String?] {
                let counted = rows.filter(isCounted)
                return ["\(counted.count)", "\(counted.reduce(0) { $0 + Int64($1[2] ?? "0")! })"]
            }
            let created = { (row: [String?]) in String((row[0] ?? "").prefix(10)) }
            let deleted = { (row: [String?]) in row[1].map { String($0.prefix(10)) } }
            #expect(Array(day[1...2]) == figures { created($0) == date })
            #expect(Array(day[3...4]) == figures { deleted($0) == date })
            #expect(Array(day[5...6]) == figures { created($0) <= date && (deleted($0) ?? "9999") > date })
        }
    }

    @Test func `are refreshed while others hold locks on all images, and wait for none`() throws {
        let (database, look) = try Self.written()
        let writer = try database.server.connect(to: database.name)
        try writer.execute("SET SESSION idle_transaction_timeout = 600")
        try writer.execute("START TRANSACTION")
        try writer.execute("UPDATE images SET min_ram = min_ram + 1")
        try writer.execute("UPDATE image_properties SET value = 'uncommitted' WHERE deleted = 0")
        try writer.execute("UPDATE image_tags SET value = 'uncommitted'")
        try Self.refresh(database)
        try Self.figures(look).expectImages(database)
        try writer.execute("ROLLBACK")
    }

    @Test func `show a property that an import set after the next refresh, and say how old they are`() throws {
        let (database, look) = try Self.written()
        let image = try #require(Self.figures(look).images.first { $0.properties["os_glance_import_task"] == nil && $0.status == "active" })
        // What was read within two seconds of an image's last change is not trusted, so the change is made older than that.
        try database.execute("UPDATE images SET updated_at = updated_at - INTERVAL 1 HOUR")
        try Self.refresh(database)
        try database.execute(
            "UPDATE vitrine_report_images SET refreshed_at = refreshed_at - INTERVAL 100 SECOND",
            "UPDATE vitrine_report_passes SET started_at = started_at - INTERVAL 100 SECOND")
        try GlanceCode.setAtomically(database, image.id, "os_glance_import_task", "a task")
        let shown = """
            SELECT JSON_VALUE(properties, '$.os_glance_import_task'), age_seconds >= 100 FROM report_images WHERE image_id = '\(image.id)'
            """
        #expect(try database.rows(shown, columns: 2) == [[nil, "1"]])
        try Self.refresh(database)
        #expect(try database.rows(shown, columns: 2) == [["a task", "0"]])
    }

    @Test func `of usage and of deleted rows are the same in a large database, as of its last refresh`() throws {
        let (database, _) = try Self.written()
        let image = try database.texts("SELECT id FROM images WHERE status = 'active' AND owner = 'bolt' AND size > 0 ORDER BY id")[0]
        try database.execute(
            "DELETE FROM image_properties WHERE image_id = '\(image)' AND name = 'os_glance_importing_to_stores'",
            """
            INSERT INTO image_properties (image_id, name, value, created_at, deleted)
            VALUES ('\(image)', 'os_glance_importing_to_stores', 'ceph', UTC_TIMESTAMP(), 0)
            """,
            // What no client of Glance makes by one request.
            "UPDATE images SET size = \(Int64.max), virtual_size = \(Int64.max) WHERE id = '\(image)'",
            "UPDATE images SET deleted_at = NULL WHERE deleted = 1 AND id LIKE '5%'",
            "UPDATE image_locations SET meta_data = 'no JSON' WHERE image_id LIKE '6%'",
            """
            INSERT INTO image_locations (image_id, value, status, created_at, deleted, deleted_at)
            SELECT '\(image)', 'rbd://image', ELT(seq, 'active', 'active', 'pending_delete'), UTC_TIMESTAMP(), seq = 3, UTC_TIMESTAMP()
              FROM seq_1_to_3
            """)
        let catalog = MariaDBCatalog(Database(Pool(try Address(url: database.server.url(of: database.name)))))
        func refresh(summingFrom least: Int) throws {
            #expect(try catalog.refreshReports(imagesAtOnce: 7, summingFrom: least) { _ in true })
        }
        let first = try Self.usage(database)
        #expect(try first.count > 8 && Set(Self.ages(database)) == ["0"])
        try refresh(summingFrom: 1)
        #expect(try Self.usage(database) == first)
        try database.execute(
            "UPDATE images SET owner = 'others', size = 5 WHERE owner = 'acme'",
            "UPDATE images SET status = 'pending_delete', deleted = 1, deleted_at = '2020-01-01' WHERE owner = 'cloud' AND status = 'active'",
            "DELETE FROM image_tags WHERE deleted = 1",
            "UPDATE vitrine_report_passes SET started_at = started_at - INTERVAL 1000 SECOND")
        #expect(try Self.usage(database) == first)
        #expect(try Self.ages(database).allSatisfy { (1000...1999).contains(Int($0) ?? 0) })
        // What is not refreshed any more is added up now.
        try database.execute("UPDATE vitrine_report_passes SET refreshed_at = refreshed_at - INTERVAL 25 HOUR")
        #expect(try Self.usage(database) != first && Set(Self.ages(database)) == ["0"])
        try refresh(summingFrom: 1)
        let second = try Self.usage(database)
        #expect(second != first)
        // In a database that is small again they are added up now.
        try refresh(summingFrom: .max)
        #expect(try Self.usage(database) == second && Set(Self.ages(database)) == ["0"])
    }

    private static let summedViews = ["report_usage_by_project", "report_usage_by_store", "report_deleted_not_purged"]

    /// All rows of these views, without their ages.
    private static func usage(_ database: ReportDatabase) throws -> [String] {
        try summedViews.flatMap { view in
            let columns = try database.texts(
                """
                SELECT column_name FROM information_schema.columns
                 WHERE table_schema = '\(database.name)' AND table_name = '\(view)' AND column_name <> 'age_seconds'
                 ORDER BY ordinal_position
                """)
            // Of an owner who is spelt in two ways, either may be shown.
            let texts = columns.map { "COALESCE(LOWER(CAST(\($0) AS CHAR)), 'NULL')" }
            return try database.texts("SELECT CONCAT_WS(' ', '\(view)', \(texts.joined(separator: ", "))) FROM \(view) ORDER BY 1")
        }
    }

    private static func ages(_ database: ReportDatabase) throws -> [String] {
        try summedViews.flatMap { try database.texts("SELECT CAST(age_seconds AS CHAR) FROM \($0)") }
    }

    @Test func `need the tables of this release to be refreshed`() throws {
        let refresh = try ReportDatabase().manage("db", "refresh_reports")
        #expect(refresh.status == 1 && refresh.errors.contains("Run `glance-manage db sync` first."))
    }
}
