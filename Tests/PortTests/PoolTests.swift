import Foundation
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

    @Test func `lends one to those that wait, in the order in which they came`() throws {
        let pool = try pool(.init(size: 1, overflow: 0))
        let (begun, served) = (Monitor([String]()), Monitor([Int]()))
        let threads = Array(0..<8)
        try pool.withConnection { _ in
            for number in threads {
                Thread.detachNewThread {
                    let thread = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
                    begun.with { $0.append(thread ?? "") }
                    try? pool.withConnection { _ in served.with { $0.append(number) } }
                }
                let thread = begun.wait { $0.count == number + 1 ? $0[number] : nil }
                // It sleeps: there is nothing but the pool that it may wait for.
                #expect(eventually { (try? String(contentsOfFile: "/proc/\(thread)/stat", encoding: .utf8))?.contains(") S ") == true })
            }
        }
        #expect(served.wait(atMost: 60) { $0.count == threads.count ? $0 : nil } == threads)
    }

    /// Notes what it is told.
    private final class Witness: PoolObserver {
        struct Seen: Equatable {
            var (lent, mostLent, idle, waits) = (0, 0, 0, 0)
            var failures: [MariaDBError.Kind] = []

            static func == (one: Seen, other: Seen) -> Bool {
                (one.lent, one.mostLent, one.idle, one.waits) == (other.lent, other.mostLent, other.idle, other.waits)
                    && one.failures == other.failures
            }
        }
        private let state = Monitor(Seen())
        var seen: Seen { state.with { $0 } }

        func lent(_ count: Int) {
            state.with {
                $0.lent += count
                $0.mostLent = max($0.lent, $0.mostLent)
            }
        }
        func idle(_ count: Int) { state.with { $0.idle += count } }
        func waited(seconds: Double) { state.with { $0.waits += 1 } }
        func failed(_ kind: MariaDBError.Kind) { state.with { $0.failures.append(kind) } }
    }

    @Test func `tells its observer of connections, waits and failures`() throws {
        let witness = Witness()
        let pool = Pool(
            try Address(url: SharedMariaDB.running().url(of: database)), limits: .init(size: 1, overflow: 1, patience: 0.01),
            observer: witness)
        try pool.withConnection { _ in
            try pool.withConnection { _ in
                #expect(witness.seen.lent == 2 && witness.seen.idle == 0)
                #expect(throws: MariaDBError.self) { try pool.withConnection { _ in } }
            }
        }
        // One of two is kept.
        #expect(witness.seen.lent == 0 && witness.seen.idle == 1 && witness.seen.mostLent == 2 && witness.seen.waits == 1)
        #expect(witness.seen.failures == [.exhausted])

        try pool.withConnection { connection in #expect(witness.seen.idle == 0 && witness.seen.lent == 1) }
        try pool.withConnection(fresh: true) { _ in #expect(witness.seen.idle == 1 && witness.seen.lent == 1) }
        #expect(witness.seen.idle == 1 && witness.seen.lent == 0)

        #expect(throws: MariaDBError.self) { try pool.withConnection { try $0.execute("SELECT nonsense FROM nowhere") } }
        #expect(throws: MariaDBError.self) { try pool.withConnection { try $0.execute("KILL CONNECTION_ID()") } }
        #expect(witness.seen.failures == [.exhausted, .other, .lost] && witness.seen.lent == 0 && witness.seen.idle == 0)
        try pool.withConnection { _ in }
        try pool.withConnection { connection in
            try connection.execute("CREATE TEMPORARY TABLE one (id int PRIMARY KEY)")
            try connection.execute("INSERT INTO one VALUES (1)")
            #expect(throws: MariaDBError.self) { try connection.execute("INSERT INTO one VALUES (1)") }
        }
        #expect(throws: MariaDBError.self) { try pool.withConnection { try $0.execute("INSERT INTO one VALUES (1)") } }
        #expect(witness.seen.failures.count == 3, "a key that exists is no failure of the database")
        #expect(witness.seen.lent == 0 && witness.seen.idle == 1)
    }
}
