/// What MariaDB, or the way to it, refused.
package struct MariaDBError: Error {
    /// MariaDB's error number, or the client library's (2000 to 2999).
    package let number: UInt32
    /// For the log: may hold names of tables and values, so it never goes to a client.
    package let message: String
    package let sql: String

    package init(number: UInt32, message: String, sql: String) {
        self.number = number
        self.message = message
        self.sql = sql
    }

    /// The server or the connection is gone, or it takes no work now; the same call may succeed later.
    ///
    /// 1040 too many connections, 1047 a Galera node outside its cluster, 1053 shutting down, 1205 is not among them,
    /// 1290 read only, 1927 connection killed, 2001 to 2059 the client library's: among them no socket (2001, 2004) and no plugin
    /// (2059) for want of file descriptors, no memory (2008), and TLS that was not agreed on (2026).
    package var isUnavailable: Bool {
        switch number {
        case 1040, 1047, 1053, 1129, 1203, 1290, 1317, 1836, 1927, 2001, 2002, 2003, 2004, 2005, 2006, 2008, 2012, 2013, 2026, 2055, 2059:
            true
        case Self.poolExhausted: true
        default: false
        }
    }

    /// The answer did not come, or came from a server that is going: what was asked for may have been done.
    package var leavesDoubt: Bool { isUnavailable || 2000..<3000 ~= number }

    /// A connection that was there is so no more, or is silent. Whatever its transaction did is undone, unless it had sent COMMIT.
    package var isLoss: Bool {
        sql != Self.connecting && [1927, 2006, 2013, 2026, 2055].contains(number)
    }

    /// The transaction lost against another one (1213, at COMMIT too on Galera) or waited too long (1205): all of it may be
    /// done again.
    package var isConflict: Bool { number == 1213 || number == 1205 }

    package var isDuplicate: Bool { number == 1062 }

    /// The database's disk is full: 1021, 1114.
    package var isFull: Bool { number == 1021 || number == 1114 }

    /// In place of a statement, while there is no connection yet.
    static let connecting = "(connecting)"
    /// Every connection of the pool was in use for too long. Outside both ranges of MariaDB's numbers.
    package static let poolExhausted: UInt32 = 100_001
    /// Whoever reads rows wanted no more of them.
    static let endedEarly: UInt32 = 100_003
    /// A column held what its reader could not take.
    package static let undecodable: UInt32 = 100_002
}
