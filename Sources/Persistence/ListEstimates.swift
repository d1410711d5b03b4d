internal import Domain
internal import MariaDB

/// How many rows lie in the ranges of indexes that a page may be read from, as MariaDB's optimizer estimates it: it looks at a few pages of an
/// index, however long the range is. Counting would read the range. An estimate is up to half or twice the number.
struct ListEstimates {
    enum Part: Hashable {
        /// The images that the caller may see in a range, without filters.
        case whole(Int)
        /// Those that pass the filters on a column, by its index.
        case filtered(ImageListing.Sort.Key, Int)
        /// Those of them that pass filters on the age, too, where the index tells it.
        case bounded(ImageListing.Sort.Key, Int)
        /// Those of them that come after the previous page.
        case remaining(ImageListing.Sort.Key, Int)
        /// The rows that name the images of a filter.
        case filter(Int)
        /// The caller's memberships.
        case memberships
        /// The images among which those are that are shared with the caller, and all images.
        case shared, all
        /// Those among them that pass the filters on a column, by its index.
        case sharedFiltered(ImageListing.Sort.Key)
    }

    private let rows: [Part: Double]

    /// The number of rows; 0 for what was not asked.
    subscript(_ part: Part) -> Double { rows[part] ?? 0 }

    /// The number of rows; nil for what was not asked.
    func rows(_ part: Part) -> Double? { rows[part] }

    /// All that `ListCosts` judges a list by.
    init(_ plan: ListPlan, on connection: Connection) throws(MariaDBError) {
        var parts: [(Part, SQLFragment)] = plan.memberships.map { [(.memberships, $0)] } ?? []
        func count(_ part: Part, _ table: SQLFragment, _ conditions: [SQLFragment]) {
            parts.append((part, "SELECT 1 FROM \(table) WHERE \(conditions.allOfThem)"))
        }
        let ordered = plan.ordered
        for key in [.createdAt] + plan.filteredKeys.union(ordered.orderedKeys).subtracting([.createdAt]) {
            for (place, range) in plan.ranges(key).enumerated() {
                let conditions = plan.columnConditions(key)
                let all = plan.indexConditions(key)
                if key == .createdAt { count(.whole(place), range.table, [range.beginning]) }
                if !conditions.isEmpty { count(.filtered(key, place), range.table, [range.beginning] + conditions) }
                if all.count > conditions.count { count(.bounded(key, place), range.table, [range.beginning] + all) }
                if let later = ordered.later, ordered.orderedKeys.contains(key) {
                    count(.remaining(key, place), range.table, [range.beginning] + all + [later])
                }
            }
        }
        for place in plan.startingFilters {
            guard let counted = plan.counted(place) else { continue }
            count(.filter(place), counted.tables, [counted.condition])
        }
        if plan.sharingProject != nil {
            let shared = plan.sharedRange(.createdAt)
            count(.shared, shared.table, [shared.beginning])
            for key in plan.filteredKeys where plan.deletedValues.count == 1 {
                let shared = plan.sharedRange(key)
                count(.sharedFiltered(key), shared.table, [shared.beginning] + plan.indexConditions(key))
            }
        }
        if !plan.startingFilters.isEmpty { count(.all, "images i FORCE INDEX (ix_images_deleted)", [plan.isLive]) }
        var rows: [Part: Double] = [:]
        for (number, count) in try parts.isEmpty ? [] : Self.explained(parts.map(\.1).joined(" UNION ALL "), on: connection) {
            if let number, parts.indices.contains(Int(number) - 1) { rows[parts[Int(number) - 1].0] = count }
        }
        self.rows = rows
    }

    /// The number of rows of one range.
    static func rows(_ range: SQLFragment, on connection: Connection) throws(MariaDBError) -> Double {
        try explained(range, on: connection).first?.rows ?? 0
    }

    private static func explained(
        _ ranges: SQLFragment, on connection: Connection
    ) throws(MariaDBError) -> [(number: Int64?, rows: Double)] {
        let text: SQLFragment = "EXPLAIN \(ranges)"
        // The columns are the number of the SELECT, its kind, table, way, possible keys, key, its length, what it is compared with, and rows.
        let query = Query(text.sql) { row throws(MariaDBError) in
            (number: try row.intOrNil(0), rows: Double(try row.textOrNil(8) ?? "") ?? 0)
        }
        return try connection.all(query, text.values)
    }
}
