internal import Domain
internal import MariaDB

extension ImageListing.Filter {
    /// The column of `images` that the filter is about; nil if it is about tags or properties.
    var column: String? {
        switch self {
        case .text(let field, _): field.rawValue
        case .number(let field, _, _): field.rawValue
        case .time(let field, _, _): field.rawValue
        case .isProtected: "protected"
        case .tag, .property, .nothing: nil
        }
    }

    /// The condition on a row `i` of `images`; nil if the filter needs another table, see `probe`.
    var condition: SQLFragment? {
        switch self {
        case .text(let field, let values):
            values.isEmpty ? "FALSE" : "i.\(word: field.rawValue) IN (\(values.map { "\(.text($0))" }.joined(", ")))"
        case .number(let field, let comparison, let value): "i.\(word: field.rawValue) \(word: comparison.sql) \(.int(value))"
        case .time(let field, let comparison, let value): "i.\(word: field.rawValue) \(word: comparison.sql) \(value.sqlValue)"
        case .isProtected(let value): "i.protected = \(.flag(value))"
        case .nothing: "FALSE"
        case .tag, .property: nil
        }
    }

    /// The rows of another table that name the images of this filter, under an alias.
    ///
    /// - Parameter isExact: whether the name of a custom property is compared byte by byte.
    private func entries(_ alias: String, isExact: Bool) -> (table: SQLFragment, condition: SQLFragment)? {
        switch self {
        case .tag(let tag):
            (
                "image_tags \(word: alias) FORCE INDEX (vitrine_image_tags_value)",
                "\(word: alias).value = \(.text(tag)) AND \(word: alias).deleted = 0"
            )
        case .property(let name, let value):
            (
                "image_properties \(word: alias) FORCE INDEX (vitrine_image_properties_value)",
                """
                \(word: alias).name = \(.text(name)) AND \(word: alias).value = \(.text(value)) AND \(word: alias).deleted = 0\
                \(isExact ? " AND BINARY \(word: alias).name = \(.text(name))" : "")
                """
            )
        case .text, .number, .time, .isProtected, .nothing: nil
        }
    }

    /// The condition that the other table names an image; nil for a filter on a column.
    ///
    /// - Parameter image: a column with the image's id.
    func probe(of image: String, isExact: Bool) -> SQLFragment? {
        entries("p", isExact: isExact).map {
            "(SELECT 1 FROM \($0.table) WHERE p.image_id = \(word: image) AND \($0.condition) LIMIT 1) = 1"
        }
    }

    /// The rows that are counted to learn how many images pass the filter, if they are not those of a sort key's index: of `images i`, or of
    /// another table that names images.
    ///
    /// - Parameter deleted: the values of `deleted` that are listed.
    func counted(_ deleted: SQLFragment) -> (tables: SQLFragment, condition: SQLFragment)? {
        if let entries = entries("d", isExact: false) { return (entries.table, entries.condition) }
        guard let index, let condition else { return nil }
        let live: SQLFragment = index.hasDeleted ? "\(deleted) AND \(condition)" : condition
        return ("images i FORCE INDEX (\(word: index.name))", live)
    }

    /// The tables to read first if few images pass this filter. Images that another table names are asked for other filters before they are
    /// read.
    ///
    /// - Parameter asks: the conditions of other filters on a column with the image's id, each behind an `AND`.
    /// - Returns: tables with `i` for the image; nil if no index but a sort key's leads from the filter to its images.
    func start(_ deleted: SQLFragment, isExact: Bool, _ asks: (String) -> SQLFragment) -> (tables: SQLFragment, condition: SQLFragment)? {
        guard let entries = entries("d", isExact: isExact) else {
            return counted(deleted).map { ($0.tables, "\($0.condition)\(asks("i.id"))") }
        }
        let image: SQLFragment = "STRAIGHT_JOIN images i FORCE INDEX (PRIMARY) ON i.id = d.image_id"
        let others = asks("d.image_id")
        guard !others.sql.isEmpty else { return ("\(entries.table) \(image)", entries.condition) }
        // MariaDB would put these conditions off until it has read the image. DISTINCT keeps it from merging the two.
        let named: SQLFragment = "(SELECT DISTINCT d.image_id FROM \(entries.table) WHERE \(entries.condition)\(others)) AS d"
        return ("\(named) \(image)", "TRUE")
    }

    private var index: (name: String, hasDeleted: Bool)? {
        switch self {
        case .text(.id, _): ("PRIMARY", false)
        case .text(.checksum, _): ("checksum_image_idx", false)
        case .text(.hashValue, _): ("os_hash_value_image_idx", false)
        case .number(.virtualSize, _, _), .number(.minDisk, _, _), .number(.minRAM, _, _), .isProtected:
            ("vitrine_images_\(column ?? "")", true)
        case .text, .number(.size, _, _), .time, .tag, .property, .nothing: nil
        }
    }

    /// Whether the filter asks another table for each image.
    var isProbe: Bool {
        switch self {
        case .tag, .property: true
        case .text, .number, .time, .isProtected, .nothing: false
        }
    }

    /// Whether the filter allows one value of its column.
    var isEquality: Bool {
        switch self {
        case .text(_, let values): values.count == 1
        case .number(_, let comparison, _): comparison == .equal
        case .time(_, let comparison, _): comparison == .equal
        case .isProtected: true
        case .tag, .property, .nothing: false
        }
    }
}

extension ImageListing.Comparison {
    fileprivate var sql: String {
        switch self {
        case .equal: "="
        case .notEqual: "<>"
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .less: "<"
        case .lessOrEqual: "<="
        }
    }
}
