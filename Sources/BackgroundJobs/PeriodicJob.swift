package import Domain
internal import Logging
internal import Threading

/// Work that is done a little at a time, by one thread, for as long as the process lives.
package protocol PeriodicJob: Sendable {
    /// What it is, for the log: "cannot …".
    var purpose: String { get }

    /// What a look may find that there is to do here; empty where only time passes.
    var work: WaitingWork { get }

    /// Does some of it.
    ///
    /// - Parameter waiting: what the last look found.
    /// - Returns: seconds until there is a reason to go on; nil for as soon as a look finds `work`.
    func run(_ waiting: WaitingWork) throws(Fault) -> Double?

    /// Lets go of what others may go on with: the process ends.
    func end()
}

extension PeriodicJob {
    package var work: WaitingWork { [] }
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
        /// A look found work since the job ran last.
        var isWanted = false
        var waiting = WaitingWork.unknown
    }

    init(_ job: any PeriodicJob, _ logger: Logger) { (self.job, self.logger) = (job, logger) }

    /// - Throws: when the system does not make the thread.
    func start() throws(ThreadUnavailable) {
        state.with { $0.isRunning = true }
        try Thread.start {
            var pause: Double? = Timing.firstLook
            while !self.isEnding(after: pause) { pause = self.run() }
            self.job.end()
            self.state.with { $0.isRunning = false }
        }
    }

    func note(_ waiting: WaitingWork) {
        let isWanted = !job.work.isDisjoint(with: waiting)
        state.with { state in
            state.waiting = waiting
            if isWanted { state.isWanted = true }
        }
    }

    /// What there is to do is not known, and nothing is begun for it.
    func noteFailedLook() { state.with { $0.waiting = .unknown } }

    func end() { state.with { $0.isEnding = true } }

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
            logger.error("cannot \(job.purpose): \(error)")
            return Timing.databaseAway
        }
    }
}
