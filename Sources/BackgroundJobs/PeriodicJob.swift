package import Domain
internal import Logging
internal import ServiceMetrics
internal import Threading

/// Work that one thread does repeatedly, a little at a time, as long as the process runs.
package protocol PeriodicJob: Sendable {
    /// The name of the work in the log, after "cannot".
    var purpose: String { get }

    /// The kinds of waiting work that start a run; empty when the job runs by time only.
    var work: WaitingWork { get }

    /// Does a part of the work.
    ///
    /// - Parameter waiting: the result of the scheduler's last look.
    /// - Returns: the seconds until the next run; nil for as soon as a look finds `work`.
    func run(_ waiting: WaitingWork) throws(Fault) -> Double?

    /// Tells a run that the process ends. Another thread than that of the job calls it.
    func stop()

    /// Releases what other processes may need, when the process ends. The thread of the job calls it, after the last run.
    func end()
}

extension PeriodicJob {
    /// The default: the job runs by time only.
    package var work: WaitingWork { [] }
    /// The default: runs are short.
    package func stop() {}
    /// The default: nothing has to be released.
    package func end() {}
}

/// The thread of one periodic job.
final class PeriodicThread: Sendable {
    private let job: any PeriodicJob
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var isRunning = false
        /// Whether a look has found work since the last run.
        var isWanted = false
        var waiting = WaitingWork.unknown
    }

    init(_ job: any PeriodicJob, _ logger: Logger) { (self.job, self.logger) = (job, logger) }

    /// - Throws: when the system cannot create the thread.
    func start() throws(ThreadUnavailable) {
        state.with { $0.isRunning = true }
        try Thread.start {
            var pause: Double? = Timing.firstLook
            while !self.isEnding(after: pause) { pause = self.run() }
            self.job.end()
            self.state.with { $0.isRunning = false }
        }
    }

    /// Takes the result of a look.
    func note(_ waiting: WaitingWork) {
        let isWanted = !job.work.isDisjoint(with: waiting)
        state.with { state in
            state.waiting = waiting
            if isWanted { state.isWanted = true }
        }
    }

    /// Notes that a look has failed: the waiting work is unknown, and no run starts because of it.
    func noteFailedLook() { state.with { $0.waiting = .unknown } }

    func end() {
        state.with { $0.isEnding = true }
        job.stop()
    }

    func hasEnded(within seconds: Double) -> Bool { state.wait(atMost: seconds) { $0.isRunning ? nil : () } != nil }

    private func isEnding(after pause: Double?) -> Bool {
        if let pause { return state.wait(atMost: pause) { $0.isEnding ? true : nil } ?? false }
        return state.wait { $0.isEnding ? true : $0.isWanted ? false : nil }
    }

    private func run() -> Double? {
        let waiting = state.with { state in
            state.isWanted = false
            return state.waiting
        }
        do throws(Fault) {
            return try job.run(waiting)
        } catch {
            ServiceMetrics.upkeep.failedRuns.add()
            logger.error("cannot \(job.purpose): \(error)")
            return Timing.databaseAway
        }
    }
}
