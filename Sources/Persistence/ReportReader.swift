package import Domain
internal import MariaDB

/// Reads the views of reports. Nothing that it does waits for a writer, or lets one wait.
package struct ReportReader: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// Runs a body whose reads all see the database as it is at the beginning.
    ///
    /// A snapshot of InnoDB takes no locks: uploads go on beside it. The server ends a statement that runs too long, so that old versions of rows
    /// are not kept for ever.
    ///
    /// - Parameter seconds: the time that one statement may take, with the sending of its rows; 0 for any.
    /// - Throws: a `Fault` with one sentence for an operator, or what `body` throws.
    package func read<Value>(within seconds: Int, _ body: (ReportSnapshot) throws -> Value) throws -> Value {
        // Longer than the server's limit, which has the better message.
        let answer = UInt32(clamping: seconds == 0 ? Self.forever : seconds + 30)
        var outcome: Result<Value, any Error>?
        do {
            try database.run("Reading a report", within: answer) { connection in
                try connection.execute(
                    "SET SESSION max_statement_time = \(seconds), net_write_timeout = \(answer), idle_transaction_timeout = 0")
                try connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                try connection.begin("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
                let snapshot = ReportSnapshot(connection, try connection.first(Self.connection) ?? (0, 0), seconds: seconds)
                outcome = Result { try body(snapshot) }
                // A connection that was given up has rolled back.
                connection.rollBack()
            }
        } catch {
            guard let cause = error.cause as? MariaDBError else { throw error }
            throw Fault(report: cause, name: nil, seconds: seconds)
        }
        return try outcome!.get()
    }

    /// Ends the statement that a snapshot's connection runs, at once.
    package func cancel(_ connectionID: Int64) throws(Fault) {
        try database.run("Ending a report", within: 3) { connection in try connection.execute("KILL QUERY \(connectionID)") }
    }

    private static let forever = 7 * 86400
    private static let connection = Query("SELECT CONNECTION_ID(), UNIX_TIMESTAMP()") { row throws(MariaDBError) in
        (id: try row.int(0), now: try row.int(1))
    }
}
