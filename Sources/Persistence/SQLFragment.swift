internal import MariaDB

/// A part of a statement with the values of its `?`, built by interpolation: `"i.owner = \(.text(owner))"`.
///
/// A value becomes a `?`. Only another fragment or a word from the code becomes text.
struct SQLFragment: ExpressibleByStringInterpolation {
    private(set) var sql: String
    private(set) var values: [SQLValue]

    init(stringLiteral value: String) { (sql, values) = (value, []) }

    init(stringInterpolation: StringInterpolation) {
        (sql, values) = (stringInterpolation.sql, stringInterpolation.values)
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql = ""
        fileprivate var values: [SQLValue] = []

        init(literalCapacity: Int, interpolationCount: Int) { sql.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { sql += literal }

        mutating func appendInterpolation(_ value: SQLValue) {
            sql += "?"
            values.append(value)
        }

        mutating func appendInterpolation(_ fragment: SQLFragment) {
            sql += fragment.sql
            values += fragment.values
        }

        /// Inserts a name of a column or an index, or a keyword; never a client's text.
        mutating func appendInterpolation(word: String) { sql += word }
    }
}

extension [SQLFragment] {
    func joined(_ separator: String) -> SQLFragment {
        guard var text = first else { return "" }
        for fragment in dropFirst() { text = "\(text)\(word: separator)\(fragment)" }
        return text
    }

    /// The conjunction of all conditions; true if there are none.
    var allOfThem: SQLFragment { isEmpty ? "TRUE" : joined(" AND ") }
}

/// The marks of a list of values, `?,?,?`; one or more. `repeatElement` with `joined` takes 2,900 instructions for each, this 300.
func placeholders(_ count: Int) -> String { "?" + String(repeating: ",?", count: count - 1) }

/// Lists of placeholders of a few lengths, so that few statements are prepared; the last value fills up. None for no values.
func placeholderLists(of values: [SQLValue]) -> [(list: String, values: [SQLValue])] {
    let most = 500
    return stride(from: 0, to: values.count, by: most).map { start in
        let some = values[start..<min(start + most, values.count)]
        let size = [1, 10, 100].first { $0 >= some.count } ?? most
        let padded = some + repeatElement(some.last!, count: size - some.count)
        return ("(\(placeholders(size)))", Array(padded))
    }
}
