package import Domain
internal import MariaDB

extension MariaDBCatalog: EventCatalog {
    package func forgetEvents(olderThan days: Int) throws(Fault) -> Bool {
        try database.run("Removing old events") { connection in
            try connection.run(Self.forget, .int(Int64(days))) == Self.forgotten
        }
    }

    /// The number of events that are removed at once.
    private static let forgotten = 1000
    private static let forget =
        "DELETE FROM vitrine_events WHERE happened_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY ORDER BY happened_at LIMIT \(forgotten)"
}
