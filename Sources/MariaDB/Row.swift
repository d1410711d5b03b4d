internal import CMariaDB

/// One row of a result, valid until the next one is fetched.
package struct Row: ~Copyable {
    let statement: Statement

    package func isNull(_ column: Int) -> Bool { statement.columns[column].isNull }

    package func textOrNil(_ column: Int) throws(MariaDBError) -> String? {
        isNull(column) ? nil : try text(column)
    }

    package func text(_ column: Int) throws(MariaDBError) -> String {
        guard !isNull(column), let text = try statement.text(column) else { throw undecodable(column, as: "text") }
        return text
    }

    /// The text of a column that often repeats that of the row before; it is not decoded anew then.
    package func repeatedTextOrNil(_ column: Int) throws(MariaDBError) -> String? {
        guard !isNull(column) else { return nil }
        guard let text = try statement.repeatedText(column) else { throw undecodable(column, as: "text") }
        return text
    }

    package func intOrNil(_ column: Int) throws(MariaDBError) -> Int64? {
        isNull(column) ? nil : try int(column)
    }

    package func int(_ column: Int) throws(MariaDBError) -> Int64 {
        guard !isNull(column), let value = statement.columns[column].integer else { throw undecodable(column, as: "integer") }
        return value
    }

    package func flag(_ column: Int) throws(MariaDBError) -> Bool { try int(column) != 0 }

    package func timeOrNil(_ column: Int) throws(MariaDBError) -> DateTime? {
        isNull(column) ? nil : try time(column)
    }

    package func time(_ column: Int) throws(MariaDBError) -> DateTime {
        guard !isNull(column), let value = statement.columns[column].time else { throw undecodable(column, as: "time") }
        return value
    }

    /// The error for a column whose value the decoder does not accept.
    package func undecodable(_ column: Int, as type: String) -> MariaDBError {
        MariaDBError(
            number: MariaDBError.undecodable, message: "column \(column + 1) does not decode as \(type)", sql: statement.sql)
    }
}

/// A statement with a result, and the decoder of its rows. The decoder reads the columns in the order listed.
package struct Query<Element>: Sendable {
    package let sql: String
    package let decode: @Sendable (borrowing Row) throws(MariaDBError) -> Element

    package init(_ sql: String, decode: @escaping @Sendable (borrowing Row) throws(MariaDBError) -> Element) {
        self.sql = sql
        self.decode = decode
    }
}
