internal import Domain
internal import Logging
internal import Operations
internal import Threading

/// Work that is done a little at a time, by one thread.
protocol Work: Sendable {
    /// What it is, for the log: "cannot …".
    var purpose: String { get }

    /// - Returns: seconds until there is a reason to go on.
    func doSome() throws(Fault) -> Double

    /// The process ends.
    func leave()
}

/// What is told to end, and ends by and by.
protocol Ending: Sendable {
    /// Returns at once.
    func end()

    /// Waits for its end, for some seconds at most.
    func hasEnded(within seconds: Double) -> Bool
}

/// A thread of `glance-tasks` that goes on with some work until the process ends.
final class Rounds: Ending {
    private let work: any Work
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var isRunning = false
    }

    /// Seconds. Where all starts at once, the database needs a moment.
    private static let firstPause = 1.0
    /// While the database is away.
    private static let longPause = 5.0

    init(_ work: any Work, _ logger: Logger) {
        self.work = work
        self.logger = logger
    }

    /// - Throws: when the system does not make its thread.
    func start() throws(ThreadUnavailable) {
        state.with { $0.isRunning = true }
        try Thread.start {
            var rest = Self.firstPause
            while self.state.wait(atMost: rest, for: { $0.isEnding ? () : nil }) == nil { rest = self.goOn() }
            self.work.leave()
            self.state.with { $0.isRunning = false }
        }
    }

    func end() { state.with { $0.isEnding = true } }

    func hasEnded(within seconds: Double) -> Bool { state.wait(atMost: seconds) { $0.isRunning ? nil : () } != nil }

    private func goOn() -> Double {
        do throws(Fault) {
            return try work.doSome()
        } catch {
            logger.error("cannot \(work.purpose): \(error)")
            return Self.longPause
        }
    }
}

extension OutboxRelay: Work {
    var purpose: String { "look after notifications" }
}

extension SendLog: Work {
    var purpose: String { "look after what was sent" }
}

/// Gives back what those left behind who died, and removes what nobody needs. Used by one thread.
final class Sweeping: Work {
    private let sweeper: Sweeper
    private let logger: Logger
    private let count = Monitor(0)

    let purpose = "look after uploads"

    /// Seconds. An abandoned upload is given back within this and the length of a lease: 30 + 10.
    private static let pause = 10.0
    /// After an absence of the database those that hold uploads get the time of a lease to renew them.
    private static let leaseLength = 35.0
    /// Sweeps of which one is thorough: that is ten minutes.
    private static let thoroughSweeps = 60

    init(_ sweeper: Sweeper, _ logger: Logger) { (self.sweeper, self.logger) = (sweeper, logger) }

    func doSome() throws(Fault) -> Double {
        let number = count.with { $0 }
        do throws(Fault) {
            // Who was killed a moment ago is not waited for.
            if number == 0 { try sweeper.endLeasesOfTheDead() } else { try sweeper.sweep() }
            if number % Self.thoroughSweeps == 1 { sweeper.sweepThoroughly() }
        } catch {
            logger.error("cannot \(purpose): \(error)")
            return Self.leaseLength
        }
        count.with { $0 += 1 }
        return Self.pause
    }

    func leave() {}
}

/// Removes bytes that are owed, and looks now and then whether there are any.
struct Removing: Work {
    let remover: Remover

    var purpose: String { "look after removals" }
    /// Seconds.
    private static let pause = 10.0

    func doSome() throws(Fault) -> Double { try remover.removeSome() ? 0 : Self.pause }

    func leave() {}
}

/// Looks now and then for images whose deletion was put off.
struct Scrubbing: Work {
    let scrubber: Scrubber
    /// Seconds.
    let pause: Double

    var purpose: String { "look after deletions" }

    func doSome() throws(Fault) -> Double {
        try scrubber.scrub()
        return pause
    }

    func leave() {}
}
