import BackgroundJobs
import Domain
import Logging
import TestSupport
import Testing
import Threading

/// Pools and periodic jobs of a scheduler in the test's own process.
@Suite struct `A scheduler` {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct Counts {
        var looks = 0
        var working = 0
        var most = 0
        var done = 0
    }

    /// Answers that repeat, after some failures.
    private static func look(_ found: WaitingWork, failing failures: Int = 0, _ counts: Monitor<Counts>) -> Scheduler.Look {
        { () throws(Fault) in
            let number = counts.with { counts in
                counts.looks += 1
                return counts.looks
            }
            guard number > failures else { throw Fault(.unavailable, "The database is away.") }
            return found
        }
    }

    private static func pool(_ threads: Int, _ body: @escaping @Sendable (@escaping @Sendable () -> Bool) -> Bool) throws -> WorkerPool {
        try WorkerPool("test", .catalog(.jobs), threads: threads, logger) { isEnding in { () throws(Fault) in body(isEnding) } }
    }

    /// A job that runs when notifications wait, and ends once.
    private struct Sending: PeriodicJob {
        let runs = Monitor(0)
        let ends = Monitor(0)
        var purpose: String { "test" }
        var work: WaitingWork { .notifications }

        func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
            runs.with { $0 += 1 }
            return nil
        }

        func end() { ends.with { $0 += 1 } }
    }

    @Test func `tells one thread after another while jobs wait`() throws {
        let counts = Monitor(Counts())
        let pool = try Self.pool(3) { isEnding in
            counts.with { counts in
                counts.working += 1
                counts.most = max(counts.most, counts.working)
            }
            _ = counts.wait(atMost: 60) { $0.most == 3 || isEnding() ? () : nil }
            counts.with { $0.working -= 1 }
            return false
        }
        let scheduler = Scheduler(pools: [pool], periodic: [], look: Self.look(.jobs, counts), Self.logger)
        try scheduler.start()
        #expect(counts.wait(atMost: 60) { $0.most == 3 ? () : nil } != nil)
        scheduler.end()
        #expect(scheduler.hasEnded(within: 60))
    }

    @Test func `tells nobody of what is for others`() throws {
        let counts = Monitor(Counts())
        let pool = try Self.pool(2) { _ in
            counts.with { $0.done += 1 }
            return false
        }
        let sending = Sending()
        let scheduler = Scheduler(pools: [pool], periodic: [sending], look: Self.look([.copies, .removals], counts), Self.logger)
        try scheduler.start()
        #expect(counts.wait(atMost: 60) { $0.looks == 3 ? () : nil } != nil)
        #expect(counts.with { $0.done } == 0)
        // Once after its start, whatever waits.
        #expect(eventually { sending.runs.with { $0 } == 1 })
        scheduler.end()
        #expect(scheduler.hasEnded(within: 60))
        #expect(sending.runs.with { $0 } == 1 && sending.ends.with { $0 } == 1)
    }

    @Test func `goes on when a look has failed, and begins nothing meanwhile`() throws {
        let counts = Monitor(Counts())
        let begun = Monitor(nil as Int?)
        let pool = try Self.pool(1) { _ in
            let looks = counts.with { $0.looks }
            begun.with { $0 = $0 ?? looks }
            return false
        }
        let scheduler = Scheduler(pools: [pool], periodic: [], look: Self.look(.jobs, failing: 1, counts), Self.logger)
        try scheduler.start()
        #expect(begun.wait(atMost: 60) { $0 } ?? 0 >= 2)
        scheduler.end()
        #expect(scheduler.hasEnded(within: 60))
    }

    /// Work that the database shows and no pool can take delays the idle state only for a moment.
    @Test func `looks seldom where what waits cannot be taken`() throws {
        let counts = Monitor(Counts())
        let pool = try Self.pool(4) { _ in
            counts.with { $0.done += 1 }
            return false
        }
        let scheduler = Scheduler(pools: [pool], periodic: [], look: Self.look(.jobs, counts), Self.logger)
        try scheduler.start()
        _ = counts.wait(atMost: 12) { $0.looks > 15 ? () : nil }
        let looks = counts.with { $0.looks }
        #expect(2...15 ~= looks)
        #expect(counts.with { $0.done } <= looks)
        scheduler.end()
        #expect(scheduler.hasEnded(within: 60))
    }

    @Test func `tells work that is half-way of the end, and waits for it until one deadline`() throws {
        let counts = Monitor(Counts())
        let isReleased = Monitor(false)
        let pool = try Self.pool(2) { isEnding in
            counts.with { $0.working += 1 }
            isReleased.wait { $0 && isEnding() ? () : nil }
            counts.with { $0.done += 1 }
            return true
        }
        let scheduler = Scheduler(pools: [pool], periodic: [Sending()], look: Self.look(.jobs, counts), Self.logger)
        try scheduler.start()
        #expect(counts.wait(atMost: 60) { $0.working == 2 ? () : nil } != nil)
        scheduler.end()
        #expect(!scheduler.hasEnded(within: 0.2))
        isReleased.with { $0 = true }
        #expect(scheduler.hasEnded(within: 60))
        // Nothing new was begun.
        #expect(counts.with { $0.working } == 2 && counts.with { $0.done } == 2)
    }
}
