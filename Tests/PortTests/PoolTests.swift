import MariaDB
import Stack
import TestSupport
import Testing
import Threading

@Suite struct `A pool of connections` {
    let database: String
    init() throws { database = try TestGlance().databaseName }

    private func pool(_ limits: Pool.Limits) throws -> Pool {
        Pool(try Address(url: SharedMariaDB.running().url(of: database)), limits: limits)
    }

    private func number(_ connection: Connection) throws -> Int64? {
        try connection.first(Query("SELECT CONNECTION_ID()") { row throws(MariaDBError) in try row.int(0) })
    }

    /// The server's connections to this test's database.
    private func open(_ connection: Connection) throws -> Int64? {
        try connection.first(
            Query("SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()") { row throws(MariaDBError) in try row.int(0)
            })
    }

    @Test func `closes those that nobody used for long, and lends the last one again`() throws {
        let pool = try pool(.init(size: 5, longestIdle: 0.2))
        var first: Int64?
        try pool.withConnection { one in
            try pool.withConnection { two in
                try pool.withConnection { three in
                    first = try number(one)
                    let numbers = Set([first, try number(two), try number(three)])
                    #expect(numbers.count == 3)
                }
            }
        }
        // The outermost was released last.
        #expect(try pool.withConnection { try number($0) } == first)
        #expect(try eventually { try pool.withConnection { try open($0) } == 1 })
        #expect(try pool.withConnection { try number($0) } == first)
    }
}
