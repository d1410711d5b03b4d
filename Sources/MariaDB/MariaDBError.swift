/// An error of MariaDB, or of the connection to it.
package struct MariaDBError: Error {
    /// MariaDB's error number, or the client library's (2000 to 2999).
    package let number: UInt32
    /// For the log. It may contain names of tables and values, so it is never sent to a client.
    package let message: String
    /// The statement that failed.
    package let sql: String

    package init(number: UInt32, message: String, sql: String) {
        self.number = number
        self.message = message
        self.sql = sql
    }

    /// Whether the server or the connection is gone, or the server accepts no work now; the same call may succeed later.
    ///
    /// 1040 too many connections, 1047 a Galera node outside its cluster, 1053 shutdown, 1180 a Galera node that dropped out of its cluster
    /// while it committed, 1290 read only, 1927 connection killed, 2001 to
    /// 2059 errors of the client library: among them no socket (2001, 2004) and no plugin (2059) because no file descriptor is left, no
    /// memory (2008), and a failed TLS handshake (2026). 1205, a lock that could not be had in time, is not among them.
    package var isUnavailable: Bool {
        switch number {
        case 1040, 1047, 1053, 1129, 1180, 1203, 1290, 1317, 1836, 1927, 2001, 2002, 2003, 2004, 2005, 2006, 2008, 2012, 2013, 2026, 2055,
            2059:
            true
        case Self.poolExhausted: true
        default: false
        }
    }

    /// Whether the statement may have been executed: the answer did not arrive, or came from a server that is shutting down.
    package var leavesDoubt: Bool { isUnavailable || 2000..<3000 ~= number }

    /// Whether an open connection was lost, is silent, or leads to a server that has left its cluster or is shutting down: another connection
    /// may lead to a better one. Its transaction is rolled back, unless COMMIT had been sent.
    package var isLoss: Bool {
        sql != Self.connecting && [1047, 1053, 1180, 1927, 2006, 2013, 2026, 2055].contains(number)
    }

    /// Whether the transaction failed because of another one (1213, on Galera also at COMMIT) or waited too long for a lock (1205). It
    /// may be retried as a whole.
    package var isConflict: Bool { number == Self.deadlock || number == Self.lockTimeout }

    /// Whether the server knows no such user (1045, 1130, 1698) or no such database (1044, 1049).
    var isStranger: Bool { sql == Self.connecting && [1044, 1045, 1049, 1130, 1698].contains(number) }

    /// Whether a row with the same key exists.
    package var isDuplicate: Bool { number == 1062 }

    /// Whether the database's disk is full: 1021, 1114.
    package var isFull: Bool { number == 1021 || number == 1114 }

    /// A group of errors, for those who count them.
    package enum Kind: Sendable, CaseIterable {
        /// An open connection was lost or is silent.
        case lost
        /// No connection can be made, or the server accepts no work.
        case unreachable
        /// The transaction failed because of another one.
        case deadlock
        /// A lock or an answer was waited for too long.
        case timeout
        /// The database's disk is full.
        case full
        /// All connections of the pool were in use.
        case exhausted
        /// Any other error.
        case other
    }

    /// The group of this error; nil for what is no failure of the database: a key that exists, a value that does not fit, a reader who wants
    /// no more rows.
    package var kind: Kind? {
        switch number {
        case 1062, 1264, 1267, 1366, 1406, Self.endedEarly: nil
        case Self.poolExhausted: .exhausted
        case Self.deadlock: .deadlock
        // 1205 a lock, 1969 max_statement_time.
        case 1205, 1969: .timeout
        case _ where isFull: .full
        case _ where isLoss: .lost
        case _ where isUnavailable: .unreachable
        default: .other
        }
    }

    /// A transaction failed because of another one.
    static let deadlock: UInt32 = 1213
    /// A Galera node that is outside its cluster.
    static let outside: UInt32 = 1047
    /// A lock of a row or a table was not had in time.
    package static let lockTimeout: UInt32 = 1205
    /// The text in place of a statement while the connection is opened.
    static let connecting = "(connecting)"
    /// Every connection of the pool was in use for too long. The number is outside both ranges of MariaDB.
    package static let poolExhausted: UInt32 = 100_001
    /// The reader of a result wanted no more rows.
    static let endedEarly: UInt32 = 100_003
    /// A column contained a value that its decoder does not accept.
    package static let undecodable: UInt32 = 100_002
}
