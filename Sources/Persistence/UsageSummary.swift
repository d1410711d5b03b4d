internal import Domain
internal import MariaDB

/// The summary tables of `report_usage_by_project`, `report_usage_by_store` and `report_deleted_not_purged`: `vitrine_report_projects`,
/// `vitrine_report_stores` and `vitrine_report_deleted`.
///
/// A refresh adds up each range of rows into temporary tables of its session, and replaces what is kept at its end. Where a column of the key
/// is NULL, a row of its own is added for each range, which is added up at the end.
///
/// Every image that is not deleted is read with all its locations, and every deleted row by itself. So a location that is not deleted, of an
/// image that is, is not read: the views count nothing of it.
enum UsageSummary {
    static let temporaryTables = tables.map { table in
        "CREATE OR REPLACE TEMPORARY TABLE \(table.temporary) LIKE \(table.name)"
    }
    static let dropTemporaryTables = "DROP TEMPORARY TABLE IF EXISTS \(tables.map(\.temporary).joined(separator: ", "))"

    /// Adds up the images of a range that are not deleted.
    static func addImages(_ range: [SQLValue], on connection: Connection) throws(MariaDBError) {
        try connection.run(addProjects(isDeleted: false), range)
        try connection.run(addStores(ofImages), range)
    }

    /// Adds up deleted rows of a range.
    static func addDeleted(_ part: PurgePart, _ range: [SQLValue], on connection: Connection) throws(MariaDBError) {
        try connection.run(addDays(of: part), range)
        switch part {
        case .images: try connection.run(addProjects(isDeleted: true), range)
        case .locations: try connection.run(addStores(ofDeletedLocations), range)
        case .properties, .tags, .members, .tasks: break
        }
    }

    /// Replaces what is kept, in a transaction of the caller.
    static func publish(_ started: String, _ images: Int, on connection: Connection) throws(MariaDBError) {
        for table in tables {
            try connection.run("DELETE FROM \(table.name)")
            try connection.run(
                """
                INSERT INTO \(table.name) (\(table.columns))
                SELECT \(table.keys), \(table.sums.map { "\($0.function)(\($0.column))" }.joined(separator: ", "))
                  FROM \(table.temporary)
                 GROUP BY \(table.keys)
                """)
        }
        try connection.run(ReportSQL.notePass, .text("usage"), .text(started), .int(Int64(images)))
    }

    /// Removes what is kept, in a transaction of the caller: the views add up by themselves again.
    static func remove(on connection: Connection) throws(MariaDBError) {
        try connection.run("DELETE FROM vitrine_report_passes WHERE report = 'usage'")
        for table in tables { try connection.run("DELETE FROM \(table.name)") }
    }

    // MARK: tables

    private struct Table {
        let name: String
        let keys: String
        let sums: [(function: String, column: String)]

        var temporary: String { name + "_sums" }
        var columns: String { "\(keys), \(sums.map(\.column).joined(separator: ", "))" }

        /// A statement that adds the rows of a query to those that there are.
        func adding(_ query: String) -> String {
            let changes = sums.map { function, column in
                let (old, new) = ("\(temporary).\(column)", "VALUES(\(column))")
                return "\(column) = " + (function == "SUM" ? "\(old) + \(new)" : "LEAST(\(old), \(new))")
            }
            return """
                INSERT INTO \(temporary) (\(columns))
                SELECT * FROM (\(query)) AS piece
                ON DUPLICATE KEY UPDATE \(changes.joined(separator: ", "))
                """
        }
    }

    private static func sums(_ columns: String...) -> [(function: String, column: String)] { columns.map { ("SUM", $0) } }

    private static let projects = Table(
        name: "vitrine_report_projects", keys: "project",
        sums: sums(
            "images", "stored_bytes", "virtual_bytes", "pending_deletion_images", "pending_deletion_bytes", "uploading_images",
            "staged_bytes"))
    private static let stores = Table(
        name: "vitrine_report_stores", keys: "store, scheme",
        sums: sums("images", "locations", "stored_bytes", "virtual_bytes", "pending_deletion_locations", "pending_deletion_bytes"))
    private static let days = Table(
        name: "vitrine_report_deleted", keys: "table_name, deleted_on", sums: sums("row_count") + [("MIN", "oldest_deleted_at")])
    private static let tables = [projects, stores, days]

    // MARK: what is added, as the views do it

    private static func addProjects(isDeleted: Bool) -> String {
        projects.adding(
            """
            SELECT i.owner, SUM(i.status <> 'pending_delete'),
                   COALESCE(SUM(IF(i.status <> 'pending_delete' AND i.size > 0,
                                   CAST(i.size AS DECIMAL(20)) * (\(locations("<> 'deleted'"))), 0)), 0),
                   COALESCE(SUM(IF(i.status <> 'pending_delete', i.virtual_size, 0)), 0), SUM(i.status = 'pending_delete'),
                   COALESCE(SUM(IF(i.status = 'pending_delete' AND i.size > 0,
                                   CAST(i.size AS DECIMAL(20)) * (\(locations("= 'pending_delete'"))), 0)), 0),
                   SUM(i.status IN ('saving', 'uploading', 'importing') OR i.status <> 'pending_delete' AND copying.image_id IS NOT NULL),
                   COALESCE(SUM(IF((i.status IN ('uploading', 'importing') OR i.status <> 'pending_delete' AND copying.image_id IS NOT NULL)
                                   AND i.size > 0, i.size, 0)), 0)
              FROM images i FORCE INDEX (ix_images_deleted)
              LEFT JOIN (SELECT DISTINCT image_id FROM image_properties
                          WHERE name = 'os_glance_importing_to_stores' AND value >= '!') AS copying ON copying.image_id = i.id
             WHERE i.id > ? AND i.id <= ? AND i.deleted = \(isDeleted ? 1 : 0) AND i.status NOT IN ('deleted', 'killed')
             GROUP BY i.owner
            """)
    }

    private static func locations(_ status: String) -> String {
        """
        SELECT COUNT(*) FROM image_locations l FORCE INDEX (ix_image_locations_image_id)
         WHERE l.image_id = i.id AND l.status \(status)
        """
    }

    /// - Parameter rows: tables and conditions. An image counts once if all its locations in a store are among them.
    private static func addStores(_ rows: String) -> String {
        stores.adding(
            """
            SELECT store, scheme, SUM(counts), SUM(IF(counts, locations, 0)), SUM(IF(counts AND size > 0, CAST(size AS DECIMAL(20)) * locations, 0)),
                   SUM(IF(counts AND virtual_size > 0, CAST(virtual_size AS DECIMAL(20)) * locations, 0)), SUM(pending),
                   SUM(IF(size > 0, CAST(size AS DECIMAL(20)) * pending, 0))
              FROM (SELECT LEFT(COALESCE(JSON_VALUE(l.meta_data, '$.store'), JSON_VALUE(l.meta_data, '$.backend')), 255) AS store,
                           IF(LOCATE('://', l.value), LOWER(SUBSTRING_INDEX(LEFT(l.value, 64), '://', 1)), NULL) AS scheme,
                           i.status NOT IN ('deleted', 'killed', 'pending_delete') AS counts, i.size, i.virtual_size,
                           COUNT(*) AS locations, SUM(l.status = 'pending_delete') AS pending
                      FROM \(rows) AND l.status <> 'deleted'
                     GROUP BY i.id, store, scheme) AS images
             GROUP BY store, scheme
            """)
    }

    private static let ofImages = """
        images i FORCE INDEX (ix_images_deleted)
        STRAIGHT_JOIN image_locations l FORCE INDEX (ix_image_locations_image_id) ON l.image_id = i.id
         WHERE i.id > ? AND i.id <= ? AND i.deleted = 0
        """

    private static let ofDeletedLocations = """
        image_locations l FORCE INDEX (ix_image_locations_deleted)
        STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = l.image_id AND i.deleted = 1
         WHERE l.id > ? AND l.id <= ? AND l.deleted = 1
        """

    private static func addDays(of part: PurgePart) -> String {
        days.adding(
            """
            SELECT '\(part.rawValue)', DATE(deleted_at), COUNT(*), MIN(deleted_at)
              FROM \(part.rawValue) FORCE INDEX (\(part.index))
             WHERE id > ? AND id <= ? AND deleted = 1
             GROUP BY DATE(deleted_at)
            """)
    }
}

extension MariaDBCatalog {
    /// Adds up all deleted rows, in ranges.
    ///
    /// - Returns: false if `each` ended it.
    func addDeletedRows(_ count: Int, each: () throws(Fault) -> Bool, on connection: Connection) throws -> Bool {
        for part in PurgePart.allCases {
            var last = part.firstKey
            while case let end?? = try connection.first(part.endOfDeletedRows, last.sqlValue, .int(Int64(count))) {
                let range = [last.sqlValue, end.sqlValue]
                try shortTransaction(on: connection) { () throws(MariaDBError) in
                    try UsageSummary.addDeleted(part, range, on: connection)
                }
                last = end
                guard try each() else { return false }
            }
        }
        return true
    }
}
