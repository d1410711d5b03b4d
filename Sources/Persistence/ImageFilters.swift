internal import Domain
internal import MariaDB

extension ImageListing.Filter {
    /// The condition on a row `i` of `images`.
    var condition: SQLFragment {
        switch self {
        case .text(let field, let values):
            values.isEmpty ? "FALSE" : "i.\(word: field.rawValue) IN (\(values.map { "\(.text($0))" }.joined(", ")))"
        case .number(let field, let comparison, let value): "i.\(word: field.rawValue) \(word: comparison.sql) \(.int(value))"
        case .time(let field, let comparison, let value): "i.\(word: field.rawValue) \(word: comparison.sql) \(value.sqlValue)"
        case .isProtected(let value): "i.protected = \(.flag(value))"
        case .nothing: "FALSE"
        case .tag(let tag):
            """
            EXISTS (SELECT 1 FROM image_tags t FORCE INDEX (ix_image_tags_image_id_tag_value)
                     WHERE t.image_id = i.id AND t.value = \(.text(tag)) AND t.deleted = 0)
            """
        case .property(let name, let value): Self.property(name, value, "")
        }
    }

    /// The condition with the name of a custom property compared byte by byte.
    var exactCondition: SQLFragment {
        guard case .property(let name, let value) = self else { return condition }
        return Self.property(name, value, " AND BINARY p.name = \(.text(name))")
    }

    private static func property(_ name: String, _ value: String, _ further: SQLFragment) -> SQLFragment {
        """
        EXISTS (SELECT 1 FROM image_properties p FORCE INDEX (ix_image_properties_image_id_name)
                 WHERE p.image_id = i.id AND p.name = \(.text(name)) AND p.value = \(.text(value)) AND p.deleted = 0\(further))
        """
    }

    /// The tables to read first if few images pass this filter: rows that name images, found by an index of their own.
    ///
    /// - Returns: tables with `i` for the image; nil if no index leads from the filter to its images.
    func start(isHidden: Bool) -> (tables: SQLFragment, condition: SQLFragment)? {
        /// An index that begins with visibility, deleted and os_hidden works for every visibility.
        func byVisibility(_ column: String) -> (SQLFragment, SQLFragment) {
            (
                "images i FORCE INDEX (vitrine_images_visibility_\(word: column))",
                """
                i.visibility IN ('public', 'private', 'shared', 'community') AND i.deleted = 0
                AND i.os_hidden = \(.flag(isHidden)) AND \(condition)
                """
            )
        }
        switch self {
        case .text(.id, _): return ("images i FORCE INDEX (PRIMARY)", condition)
        case .text(.checksum, _): return ("images i FORCE INDEX (checksum_image_idx)", condition)
        case .text(.hashValue, _): return ("images i FORCE INDEX (os_hash_value_image_idx)", condition)
        case .text(.owner, _), .text(.hashAlgorithm, _), .nothing: return nil
        case .text(let field, _): return byVisibility(field.rawValue)
        case .number(.size, _, _): return byVisibility("size")
        case .number(let field, _, _):
            return ("images i FORCE INDEX (vitrine_images_\(word: field.rawValue))", "i.deleted = 0 AND \(condition)")
        case .time(let field, _, _): return byVisibility(field.rawValue)
        case .isProtected: return ("images i FORCE INDEX (vitrine_images_protected)", "i.deleted = 0 AND \(condition)")
        case .tag, .property:
            return entries.map { ("\($0.tables) STRAIGHT_JOIN images i ON i.id = d.image_id", $0.condition) }
        }
    }

    /// Rows of another table that name the images of this filter, possibly with a few others; used to count them.
    var entries: (tables: SQLFragment, condition: SQLFragment)? {
        switch self {
        case .tag(let tag):
            ("image_tags d FORCE INDEX (vitrine_image_tags_value)", "d.value = \(.text(tag)) AND d.deleted = 0")
        case .property(let name, let value):
            (
                "image_properties d FORCE INDEX (vitrine_image_properties_value)",
                "d.name = \(.text(name)) AND d.value = \(.text(value)) AND d.deleted = 0"
            )
        case .text, .number, .time, .isProtected, .nothing: nil
        }
    }

    /// The sort key that an equality fixes. An index on it holds the images by age.
    var fixedKey: ImageListing.Sort.Key? {
        switch self {
        case .text(let field, let values) where values.count == 1 && field != .id: ImageListing.Sort.Key(rawValue: field.rawValue)
        case .number(.size, .equal, _): .size
        default: nil
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
