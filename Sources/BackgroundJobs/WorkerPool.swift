package import Domain
package import Logging
internal import ServiceMetrics
internal import Threading

/// The threads that run queued jobs of one kind, one job each at a time, until the process ends. They wait until the scheduler's look finds
/// a job.
package final class WorkerPool: Sendable {
    /// The place where a look finds waiting jobs.
    package enum Queue: Sendable {
        /// The database; the kind of waiting work.
        case catalog(WaitingWork)
        /// A queue of this machine, such as a folder.
        case local(@Sendable () -> Bool)
    }

    /// Runs one job.
    ///
    /// - Returns: false when no job waited.
    package typealias Work = @Sendable () throws(Fault) -> Bool

    private let purpose: String
    private let queue: Queue
    private let count: Int
    private let work: Work
    private let logger: Logger
    private let state: Monitor<State>

    private struct State {
        var isEnding = false
        var running = 0
        /// The threads that wait for a job, and the number of wake-ups that they have not taken yet.
        var (idle, told) = (0, 0)
        /// Whether the last thread that was woken found no job: another process has it, or it must wait.
        var wasInVain = false
    }

    /// Makes a pool; `start` makes its threads.
    ///
    /// - Parameters:
    ///   - purpose: the name of the work in the log, after "cannot".
    ///   - threads: the number of jobs that run at once.
    ///   - makeWork: makes the closure that runs a job. Its argument tells whether the process ends and an unfinished job must be left to
    ///     others.
    package init(
        _ purpose: String, _ queue: Queue, threads: Int, _ logger: Logger,
        _ makeWork: (@escaping @Sendable () -> Bool) throws -> Work
    ) throws {
        let state = Monitor(State())
        (self.purpose, self.queue, count, self.logger, self.state) = (purpose, queue, threads, logger, state)
        work = try makeWork { state.with { $0.isEnding } }
    }

    func start() throws(ThreadUnavailable) {
        state.with { $0.running = count }
        for _ in 0..<count {
            try Thread.start {
                while self.isTold() { self.workOff() }
                self.state.with { $0.running -= 1 }
            }
        }
    }

    func end() { state.with { $0.isEnding = true } }

    func hasEnded(within seconds: Double) -> Bool { state.wait(atMost: seconds) { $0.running == 0 ? () : nil } != nil }

    /// Wakes one thread when a job waits; the others follow at the next looks, while more jobs wait.
    ///
    /// - Returns: whether more work is likely soon.
    func note(_ waiting: WaitingWork) -> Bool {
        let isThere =
            switch queue {
            case .catalog(let part): !part.isDisjoint(with: waiting)
            case .local(let isThere): isThere()
            }
        return state.with { state in
            guard isThere else {
                state.wasInVain = false
                return false
            }
            guard state.idle > state.told else { return false }
            state.told += 1
            return !state.wasInVain
        }
    }

    /// - Returns: false when the process ends.
    private func isTold() -> Bool {
        state.with { $0.idle += 1 }
        return state.wait { state in
            guard state.told > 0 || state.isEnding else { return nil }
            state.idle -= 1
            if state.told > 0 { state.told -= 1 }
            return !state.isEnding
        }
    }

    /// Runs jobs until none waits.
    private func workOff() {
        var found = 0
        while !state.with({ $0.isEnding }) {
            do throws(Fault) {
                guard try work() else { break }
                found += 1
            } catch {
                ServiceMetrics.upkeep.failedRuns.add()
                logger.error("cannot \(purpose): \(error)")
                _ = state.wait(atMost: Timing.databaseAway) { $0.isEnding ? () : nil }
                break
            }
        }
        let isInVain = found == 0
        state.with { $0.wasInVain = isInVain }
    }
}
