import MariaDB

/// Counts the rows that the shared server reads of a table, over whatever connection.
package enum RowsRead {
    /// - Returns: the number of rows that were read in the meantime, by their own key or in an index.
    package static func of(_ table: String, in database: String, _ body: () throws -> Void) throws -> Int {
        let connection = try SharedMariaDB.running().connect()
        try connection.execute("SET GLOBAL userstat = 1")
        let query = Query(
            "SELECT rows_read FROM information_schema.table_statistics WHERE table_schema = '\(database)' AND table_name = '\(table)'"
        ) { row throws(MariaDBError) in try row.int(0) }
        let before = try connection.first(query) ?? 0
        try body()
        return Int(try (connection.first(query) ?? 0) - before)
    }
}
