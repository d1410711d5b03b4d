internal import MariaDB

/// The order of a list with keyset pagination: columns, of which the last is unique.
struct Keyset {
    let columns: [String]
    let isDescending: Bool

    /// The text for `ORDER BY`.
    func order(_ table: String) -> SQLFragment {
        "\(word: columns.map { "\(table).\($0)\(isDescending ? " DESC" : "")" }.joined(separator: ", "))"
    }

    /// The condition that a row comes after another: later in the first column, or equal there and later in the next. MariaDB sorts NULL
    /// before every value.
    func comes(_ table: String, after marker: String) -> SQLFragment {
        var alternatives: [SQLFragment] = []
        var level: [SQLFragment] = []
        for column in columns {
            let (mine, markers) = ("\(table).\(column)", "\(marker).\(column)")
            let (later, earlier) = isDescending ? (markers, mine) : (mine, markers)
            let isLater: SQLFragment =
                "(\(word: later) > \(word: earlier) OR (\(word: later) IS NOT NULL AND \(word: earlier) IS NULL))"
            alternatives.append("(\((level + [isLater]).allOfThem))")
            level.append("\(word: mine) <=> \(word: markers)")
        }
        return "(\(alternatives.joined(" OR ")))"
    }
}
