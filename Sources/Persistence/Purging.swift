package import Domain
internal import MariaDB

extension MariaDBCatalog {
    package func moment(daysAgo days: Int) throws(Fault) -> Timestamp {
        let moment = try database.read("Reading the time") { connection in try connection.first(Self.momentAgo, .int(Int64(days))) }
        guard let moment else { throw Fault(.unexpected, "Reading the time failed.") }
        return Timestamp(moment)
    }

    package func deletedRows(of part: PurgePart, before limit: Timestamp, atMost most: Int?) throws(Fault) -> Int {
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM \(part.rawValue) WHERE deleted = 1 AND deleted_at < ? LIMIT ?) AS counted"
        return try database.read("Counting deleted rows of \(part.rawValue)", within: Database.long) { connection in
            let query = Query(sql) { row throws(MariaDBError) in try row.int(0) }
            return Int(try connection.first(query, limit.sqlValue, .int(most.map(Int64.init) ?? .max)) ?? 0)
        }
    }

    package func endOfDeletedRows(of part: PurgePart, after last: PurgeKey?, atMost count: Int) throws(Fault) -> PurgeKey? {
        try database.read("Looking for deleted rows of \(part.rawValue)", within: Database.long) { connection in
            try connection.first(part.endOfDeletedRows, (last ?? part.firstKey).sqlValue, .int(Int64(count))) ?? nil
        }
    }

    package func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, through end: PurgeKey
    ) throws(Fault) -> [DeletedRow] {
        try database.read("Reading deleted rows of \(part.rawValue)", within: Database.long) { connection in
            let values = [limit.sqlValue, (last ?? part.firstKey).sqlValue, end.sqlValue, limit.sqlValue]
            return try connection.all(part.deletedRows("AND r.id <= ? AND r.deleted_at < ?"), values)
        }
    }

    package func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int
    ) throws(Fault) -> [DeletedRow] {
        // A plain read takes no locks.
        try database.read("Reading deleted rows of \(part.rawValue)", within: Database.long) { connection in
            let values = [limit.sqlValue, (last ?? part.firstKey).sqlValue, .int(Int64(count))]
            return try connection.all(part.deletedRows("ORDER BY r.id LIMIT ?"), values)
        }
    }

    package func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int {
        guard let last = keys.last else { return 0 }
        // Filled up with the last key: a statement for each number of keys would crowd out the cache of statements.
        let values = (keys + Array(repeating: last, count: max(0, Self.usual - keys.count))).map(\.sqlValue)
        let places = placeholders(values.count)
        return try database.transaction("Purging \(part.rawValue)", within: Database.long) { connection in
            for (table, column) in part.dependents {
                try connection.run("DELETE FROM \(table) WHERE \(column) IN (\(places))", values)
            }
            return try connection.run(
                "DELETE FROM \(part.rawValue) WHERE id IN (\(places)) AND deleted = 1 AND deleted_at < ?", values + [limit.sqlValue])
        }
    }

    /// The usual number of keys in a statement.
    private static let usual = 100

    private static let momentAgo = Query("SELECT UTC_TIMESTAMP() - INTERVAL ? DAY") { row throws(MariaDBError) in try row.time(0) }
}

extension PurgePart {
    /// The tables whose rows depend on this one's and are referred to by nothing else. A node removes its cached copy of a deleted image
    /// by itself.
    fileprivate var dependents: [(table: String, column: String)] {
        switch self {
        case .tasks: [("task_info", "task_id")]
        case .images: [("cached_images", "image_id"), ("vitrine_image_use", "image_id")]
        case .properties, .tags, .locations, .members: []
        }
    }

    var firstKey: PurgeKey { hasNames ? .name("") : .number(Int64(Int32.min)) }
    private var hasNames: Bool { self == .tasks || self == .images }

    /// An index with the mark and the key, so that a page is found without reading earlier ones. Glance has none on image_tags.
    var index: String { self == .tags ? "PRIMARY" : "ix_\(rawValue)_deleted" }

    /// The conditions under which a row stays, though it was deleted long ago.
    private var reasonsToStay: [String] {
        // Such an image may still be restored with everything that it had.
        let isPending = "EXISTS (SELECT 1 FROM images i WHERE i.id = r.image_id AND i.status = 'pending_delete')"
        return switch self {
        case .properties, .tags, .members: [isPending]
        case .locations: ["r.status = 'pending_delete'", isPending]
        case .tasks: ["EXISTS (SELECT 1 FROM vitrine_jobs j WHERE j.task_id = r.id)"]
        case .images:
            ["r.status = 'pending_delete'"]
                + ["vitrine_uploads", "vitrine_copies", "vitrine_jobs", "vitrine_removals"].map {
                    "EXISTS (SELECT 1 FROM \($0) v WHERE v.image_id = r.id)"
                }
        }
    }

    private var references: String {
        guard self == .images else { return "0" }
        return ["image_properties", "image_tags", "image_locations", "image_members"].map {
            "EXISTS (SELECT 1 FROM \($0) c WHERE c.image_id = r.id)"
        }.joined(separator: " OR ")
    }

    /// The last key of the next deleted rows; the index has all that is read.
    var endOfDeletedRows: Query<PurgeKey?> {
        let hasNames = hasNames
        return Query(
            """
            SELECT MAX(id)
              FROM (SELECT id FROM \(rawValue) FORCE INDEX (\(index)) WHERE deleted = 1 AND id > ? ORDER BY id LIMIT ?) AS next
            """
        ) { row throws(MariaDBError) in hasNames ? try row.textOrNil(0).map { .name($0) } : try row.intOrNil(0).map { .number($0) } }
    }

    /// - Parameter end: which of the rows after a key are read.
    fileprivate func deletedRows(_ end: String) -> Query<DeletedRow> {
        let hasNames = hasNames
        let stays = reasonsToStay.joined(separator: " OR ")
        return Query(
            """
            SELECT r.id, r.deleted_at, COALESCE(r.deleted_at < ?, 0) AND NOT (\(stays)), \(references)
              FROM \(rawValue) r FORCE INDEX (\(index))
             WHERE r.deleted = 1 AND r.id > ?
               \(end)
            """
        ) { row throws(MariaDBError) in
            DeletedRow(
                key: hasNames ? .name(try row.text(0)) : .number(try row.int(0)), deletedAt: try row.timeOrNil(1).map { Timestamp($0) },
                mayGo: try row.flag(2), isReferred: try row.flag(3))
        }
    }
}

extension PurgeKey {
    var sqlValue: SQLValue {
        switch self {
        case .number(let number): .int(number)
        case .name(let name): .text(name)
        }
    }
}
