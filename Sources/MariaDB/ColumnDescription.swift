internal import CMariaDB

/// The name and the type of a column in a result, for readers that do not know the columns before.
package struct ColumnDescription: Sendable, Equatable {
    package let name: String
    package var type: SQLType

    /// The types that such a reader tells apart.
    package enum SQLType: Sendable, Equatable {
        case integer
        /// An integer of 64 bits without a sign.
        case unsigned
        /// A number with digits behind the point, exact or not.
        case decimal
        case day
        /// A moment; with `digits` of a second's fraction.
        case time(digits: Int)
        case json
        case text
    }

    init(_ field: MYSQL_FIELD) {
        name = String(cString: field.name)
        switch field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_LONG, MYSQL_TYPE_INT24: type = .integer
        case MYSQL_TYPE_LONGLONG: type = field.flags & UInt32(UNSIGNED_FLAG) != 0 ? .unsigned : .integer
        case MYSQL_TYPE_DECIMAL, MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE, MYSQL_TYPE_YEAR: type = .decimal
        case MYSQL_TYPE_DATE: type = .day
        // 31 says that the number of digits is not fixed.
        case MYSQL_TYPE_DATETIME, MYSQL_TYPE_TIMESTAMP: type = .time(digits: field.decimals > 6 ? 6 : Int(field.decimals))
        default: type = Self.isJSON(field) ? .json : .text
        }
    }

    /// Whether MariaDB says that a text is JSON: the result of a JSON function, or a column with the check that the type JSON makes.
    private static func isJSON(_ field: MYSQL_FIELD) -> Bool {
        var (field, name) = (field, MARIADB_CONST_STRING())
        guard mariadb_field_attr(&name, &field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0, name.length == 4 else { return false }
        return UnsafeRawBufferPointer(start: name.str, count: 4).elementsEqual("json".utf8)
    }
}

extension Row {
    /// The columns of the result.
    package var columns: [ColumnDescription] { statement.columns.map(\.description) }

    /// The value of a column of any type as text; bytes that are not UTF-8 become U+FFFD.
    package func repairedText(_ column: Int) throws(MariaDBError) -> String { try statement.repairedText(column) }

    /// An integer of 64 bits without a sign.
    package func unsigned(_ column: Int) throws(MariaDBError) -> UInt64 { UInt64(bitPattern: try int(column)) }

    /// Microseconds of a time, which `DateTime` does not have.
    package func microseconds(_ column: Int) -> Int { statement.columns[column].microseconds }
}
