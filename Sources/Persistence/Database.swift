package import Domain
internal import Glibc
package import MariaDB
internal import Threading

/// MariaDB, for all queries of this module.
package struct Database: Sendable {
    private let pool: Pool
    /// Tells `glance-tasks` that something was ordered.
    let wakeUp: any WakeUp
    /// Whether any transaction may have left something for `glance-tasks`.
    private var wakesAfterTransactions = false

    /// Seconds for which a transaction that lost a deadlock is repeated.
    private static let patience: Double = 10

    package init(_ pool: Pool, wakeUp: any WakeUp = NoWakeUp()) { (self.pool, self.wakeUp) = (pool, wakeUp) }

    /// The same, where any transaction may have left something for `glance-tasks`, such as a notification.
    func wakingAfterTransactions() -> Database {
        var waking = self
        waking.wakesAfterTransactions = true
        return waking
    }

    /// Seconds allowed for the answer to a statement that reads very many rows.
    static let long: UInt32 = 60
    /// Seconds for the answer to a renewal, without which a lease would end.
    private static let renewalAnswer: UInt32 = 3

    /// Lends a connection for statements that need no transaction. A single statement is atomic by itself.
    ///
    /// - Parameters:
    ///   - seconds: the time allowed for an answer; nil for the default of a few seconds.
    ///   - mayRepeat: whether the body is repeated over a new connection if its connection is lost.
    package func run<Value>(
        _ doing: String, within seconds: UInt32? = nil, mayRepeat: Bool = false, _ body: (Connection) throws -> Value
    ) throws(Fault) -> Value {
        try run(doing, within: seconds, mayRepeat: mayRepeat, isUrgent: false, body)
    }

    private func run<Value>(
        _ doing: String, within seconds: UInt32?, mayRepeat: Bool, isUrgent: Bool, _ body: (Connection) throws -> Value
    ) throws(Fault) -> Value {
        do {
            do {
                return try pool.withConnection(within: seconds, isUrgent: isUrgent, body)
            } catch let error as MariaDBError where error.isLoss && mayRepeat {
                return try pool.withConnection(within: seconds, fresh: true, isUrgent: isUrgent, body)
            }
        } catch {
            throw Fault(error, while: doing)
        }
    }

    /// Renews leases. This waits neither long for an answer nor for the connections that others have: a lease would end meanwhile.
    func renew<Value>(_ doing: String, _ body: (Connection) throws -> Value) throws(Fault) -> Value {
        try run(doing, within: Self.renewalAnswer, mayRepeat: true, isUrgent: true, body)
    }

    /// Lends a connection for statements that change nothing.
    package func read<Value>(_ doing: String, within seconds: UInt32? = nil, _ body: (Connection) throws -> Value) throws(Fault) -> Value {
        try run(doing, within: seconds, mayRepeat: true, body)
    }

    /// Reads what decides whether data may be removed: at a node of a Galera cluster once it has what was committed at the others before.
    func readCaughtUp<Value>(_ doing: String, _ body: (Connection) throws -> Value) throws(Fault) -> Value {
        try read(doing) { connection in
            try connection.catchUp()
            return try body(connection)
        }
    }

    /// Waits until a node of a Galera cluster has what was committed at the others before.
    ///
    /// - Returns: false, at once, if the server is no such node.
    func catchUp() throws(Fault) -> Bool {
        try read("Waiting for the writes of other nodes") { connection in
            guard connection.isReplicated else { return false }
            try connection.catchUp()
            return true
        }
    }

    /// Runs statements as one transaction. It is repeated after a deadlock and, once and over a new connection, after its connection was
    /// lost before COMMIT was sent.
    ///
    /// `body` may run several times, so it must change nothing but the database. Its own faults roll back and are thrown on; at a node of a
    /// Galera cluster only when they are the same once the node has caught up, since what was written before at another node decides.
    ///
    /// A transaction takes effect once, also if the answer to COMMIT is lost: it writes its name into `vitrine_commits`, and is repeated
    /// only if that name is not there. It writes the name first, so that the check waits for a COMMIT that is still running.
    ///
    /// - Parameters:
    ///   - seconds: the time allowed for an answer; nil for the default of a few seconds.
    ///   - repeatable: a name, of 64 ASCII characters at most, for a transaction that callers may request again, and the value to return
    ///     if it has been done before; nil for one that is done with each call.
    func transaction<Value>(
        _ doing: String, within seconds: UInt32? = nil, repeatable: (name: String, done: Value)? = nil, _ body: (Connection) throws -> Value
    ) throws(Fault) -> Value {
        var commit = Commit(name: repeatable?.name ?? Self.freshName(), value: repeatable?.done)
        var pause = ConflictPause(atMost: Self.patience)
        while true {
            do {
                let value = try pool.withConnection(within: seconds, fresh: commit.wasLost) { connection -> Value in
                    do {
                        return try attempt(&commit, on: connection, body)
                    } catch is Fault where connection.isReplicated {
                        try connection.catchUp()
                        return try attempt(&commit, on: connection, body)
                    }
                }
                if wakesAfterTransactions { wakeUp.wakeUp() }
                return value
            } catch let error as MariaDBError where commit.mayRepeat(after: error, isInTime: pause.isInTime) {
                commit.wasLost = commit.wasLost || error.isLoss
                _ = pause.wait()
            } catch {
                throw Fault(error, while: doing)
            }
        }
    }

    /// The state of a transaction over its attempts.
    private struct Commit<Value> {
        let name: String
        /// The result if an earlier attempt has taken effect.
        var value: Value?
        /// Whether COMMIT was sent and its answer was lost.
        var isUnsure = false
        /// Whether an earlier attempt lost its connection.
        var wasLost = false

        func mayRepeat(after error: MariaDBError, isInTime: Bool) -> Bool {
            error.isLoss && !wasLost || isInTime && (error.isConflict || isUnsure && error.leavesDoubt)
        }
    }

    private func attempt<Value>(
        _ commit: inout Commit<Value>, on connection: Connection, _ body: (Connection) throws -> Value
    ) throws -> Value {
        try connection.begin()
        do {
            guard try connection.run(Self.noteCommit, .text(commit.name)) == 1 else {
                connection.rollBack()
                guard let value = commit.value else { throw Fault(.unexpected, "Two transactions have one name.") }
                return value
            }
            let value = try body(connection)
            commit.value = value
            do throws(MariaDBError) {
                try connection.commit()
            } catch {
                commit.isUnsure = commit.isUnsure || error.leavesDoubt
                throw error
            }
            return value
        } catch {
            connection.rollBack()
            throw error
        }
    }

    private static let noteCommit = "INSERT IGNORE INTO vitrine_commits (name, committed_at) VALUES (?, UTC_TIMESTAMP(6))"

    private static func freshName() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Removes old names of transactions. A client that lost an answer asks again within a minute or two.
    func forgetCommits() throws(Fault) {
        try run("Forgetting transactions") { connection in
            while try connection.run(Self.forget) == Self.forgotten {}
        }
    }

    private static let forgotten = 10_000
    private static let forget =
        "DELETE FROM vitrine_commits WHERE committed_at < UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE LIMIT \(forgotten)"
}

extension Fault {
    /// The kind follows from MariaDB's error numbers, never from its texts.
    init(_ error: any Error, while doing: String) {
        switch error {
        case let fault as Fault: self = fault
        case let error as MariaDBError: self.init(error, while: doing)
        default: self.init(.unexpected, "\(doing) failed.", cause: error)
        }
    }

    private init(_ error: MariaDBError, while doing: String) {
        switch error.number {
        case _ where error.isUnavailable: self.init(.unavailable, "The image database cannot be reached now.", cause: error)
        case _ where error.isConflict: self.init(.unavailable, "The image database is too busy now.", cause: error)
        case _ where error.isFull: self.init(.unavailable, "The image database takes nothing more now.", cause: error)
        case _ where error.isDuplicate: self.init(.conflict, "\(doing): it exists already.", cause: error)
        // A comparison with four-byte characters: Glance's columns cannot hold them, so nothing has that name.
        case 1267: self.init(.notFound, "\(doing): there is nothing of that name.", cause: error)
        // 1264 out of range, 1366 characters outside the column's set, 1406 too long.
        case 1264, 1366, 1406: self.init(.invalid, "\(doing): a value does not fit.", cause: error)
        default: self.init(.unexpected, "\(doing) failed.", cause: error)
        }
    }
}

extension Timestamp {
    init(_ value: DateTime) {
        self.init(
            year: value.year, month: value.month, day: value.day, hour: value.hour, minute: value.minute, second: value.second)
    }

    var sqlValue: SQLValue {
        .time(DateTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second))
    }
}

extension Row {
    /// The value of a column that holds one of an enumeration's names.
    func value<Value: RawRepresentable<String>>(_ column: Int) throws(MariaDBError) -> Value {
        guard let value = Value(rawValue: try text(column)) else { throw undecodable(column, as: "\(Value.self)") }
        return value
    }
}
