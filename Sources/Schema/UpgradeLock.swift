internal import Domain
internal import MariaDB
package import Persistence

extension Database {
    /// Seconds allowed for one statement, for example an index over millions of rows. A dead server is noticed long before, by the socket.
    private static let patience: UInt32 = 6 * 3600

    /// Seconds for which a change is tried again on a Galera cluster.
    package static let clusterPatience = 60.0

    /// Runs one change of the tables or views at a time. A second caller waits for the first.
    ///
    /// At a node of a Galera cluster the lock holds for that node alone, statements collide with those of other nodes, and a node may drop out
    /// meanwhile. So there the body, which must bear being repeated, is repeated.
    ///
    /// - Parameters:
    ///   - seconds: how long a statement waits for those who read or write what it changes; nil for as long as they do.
    ///   - patience: the seconds for which it is repeated. They begin anew after an attempt that took longer: it waited for others, or had
    ///     much to do.
    func alone(
        _ doing: String, waiting seconds: UInt32? = nil, repeating patience: Double = Self.clusterPatience,
        _ body: (Connection) throws -> Void
    ) throws(Fault) {
        var pause = ConflictPause(atMost: patience)
        var isCluster = false
        while true {
            let attempt = ConflictPause(atMost: patience)
            do throws(Fault) {
                return try run(doing, within: Self.patience) { connection in
                    isCluster = connection.isReplicated
                    try connection.execute(
                        "SET SESSION lock_wait_timeout = \(seconds ?? Self.patience), innodb_lock_wait_timeout = \(seconds ?? 50)")
                    guard try connection.first(lock) == 1 else {
                        throw Fault(.unavailable, "Another program has been upgrading the database for an hour.")
                    }
                    defer { _ = try? connection.first(unlock) }
                    try body(connection)
                }
            } catch {
                if !attempt.isInTime { pause = ConflictPause(atMost: patience) }
                guard isCluster, let cause = error.cause as? MariaDBError, cause.isConflict || cause.isUnavailable, pause.wait() else {
                    throw error
                }
            }
        }
    }
}

private let lock = Query("SELECT GET_LOCK(CONCAT('vitrine_migrations.', DATABASE()), 3600)") { row throws(MariaDBError) in
    try row.intOrNil(0)
}
private let unlock = Query("SELECT RELEASE_LOCK(CONCAT('vitrine_migrations.', DATABASE()))") { row throws(MariaDBError) in
    try row.intOrNil(0)
}
