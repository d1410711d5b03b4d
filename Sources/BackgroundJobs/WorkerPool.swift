package import Domain
package import Logging
internal import Threading

/// Threads that do queued jobs of one kind, each one at a time, until the process ends. They wait for the scheduler's look to find one.
package final class WorkerPool: Sendable {
    /// Where the look sees that a job waits.
    package enum Queue: Sendable {
        case catalog(WaitingWork)
        /// What this machine has by itself, such as a folder.
        case local(@Sendable () -> Bool)
    }

    /// Does one job.
    ///
    /// - Returns: false when none was waiting.
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
        /// Threads that wait for a job, and those of them that were told of one.
        var (idle, told) = (0, 0)
        /// The last thread that was told of a job found none: somebody else has it, or it has to wait.
        var wasInVain = false
    }

    /// - Parameters:
    ///   - purpose: what it is, for the log: "cannot …".
    ///   - threads: how many jobs are done at once.
    ///   - makeWork: given what tells whether the process is about to end, and half-way jobs are to be left to others.
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

    /// Tells one thread when a job waits; the others follow with the next looks, while there are more.
    ///
    /// - Returns: whether it is likely that there is more to do soon.
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

    /// Does jobs until none waits.
    private func workOff() {
        var found = 0
        while !state.with({ $0.isEnding }) {
            do throws(Fault) {
                guard try work() else { break }
                found += 1
            } catch {
                logger.error("cannot \(purpose): \(error)")
                _ = state.wait(atMost: Timing.databaseAway) { $0.isEnding ? () : nil }
                break
            }
        }
        let isInVain = found == 0
        state.with { $0.wasInVain = isInVain }
    }
}
