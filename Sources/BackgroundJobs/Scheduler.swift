package import Domain
package import Logging
internal import ServiceMetrics
package import Threading

/// Runs the background work of a process: worker pools for queued jobs, and periodic jobs.
///
/// One thread looks at all queues with one statement: when a wake-up says that work was ordered, and by itself after a pause that grows
/// while nothing happens. It passes the result to the pools and jobs, whose threads ask the database only then. So a lost wake-up only
/// delays the start of a job. `Timing` has the lengths of all pauses.
package final class Scheduler: Sendable {
    /// Reads which work waits.
    package typealias Look = @Sendable () throws(Fault) -> WaitingWork

    private let pools: [WorkerPool]
    private let periodic: [PeriodicThread]
    private let look: Look?
    private let wakeUps: WakeUpSocket?
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var isWoken = false
        /// The number of the scheduler's own threads that run.
        var running = 0
    }

    /// Makes a scheduler of its parts.
    ///
    /// - Parameters:
    ///   - look: nil when no work waits in the database.
    ///   - wakeUps: receives wake-ups; nil when none are received.
    package init(
        pools: [WorkerPool] = [], periodic: [any PeriodicJob], look: Look? = nil, wakeUps: WakeUpSocket? = nil, _ logger: Logger
    ) {
        (self.pools, self.look, self.wakeUps, self.logger) = (pools, look, wakeUps, logger)
        self.periodic = periodic.map { PeriodicThread($0, logger) }
    }

    /// Starts all threads.
    ///
    /// - Throws: when the system cannot create a thread.
    package func start() throws(ThreadUnavailable) {
        for pool in pools { try pool.start() }
        for job in periodic { try job.start() }
        if let look { try start { $0.goOnLooking(look) } }
        if let wakeUps { try start { $0.goOnHearing(wakeUps) } }
    }

    /// Tells all threads to end: they begin no new work, and leave unfinished work to other processes.
    package func end() {
        state.with { $0.isEnding = true }
        wakeUps?.interrupt()
        for pool in pools { pool.end() }
        for job in periodic { job.end() }
    }

    /// Waits until all threads have ended, or the deadline has passed.
    package func hasEnded(within seconds: Double) -> Bool {
        let deadline = monotonicSeconds() + seconds
        func rest() -> Double { max(0, deadline - monotonicSeconds()) }
        return pools.allSatisfy { $0.hasEnded(within: rest()) } && periodic.allSatisfy { $0.hasEnded(within: rest()) }
            && state.wait(atMost: rest()) { $0.running == 0 ? () : nil } != nil
    }

    private func start(_ body: @escaping @Sendable (Scheduler) -> Void) throws(ThreadUnavailable) {
        state.with { $0.running += 1 }
        try Thread.start {
            body(self)
            self.state.with { $0.running -= 1 }
        }
    }

    // MARK: the look

    private func goOnLooking(_ look: Look) {
        var (pause, heedsWakeUps) = (Timing.firstLook, false)
        var rest = Timing.busyLook
        while let isWoken = waits(pause, heedsWakeUps) {
            do throws(Fault) {
                let isBusy = hand(try look())
                rest = isWoken || isBusy ? Timing.busyLook : min(rest * 2, Timing.idleLook)
                (pause, heedsWakeUps) = (rest, true)
            } catch {
                ServiceMetrics.upkeep.failedRuns.add()
                logger.error("cannot look for work: \(error)")
                for job in periodic { job.noteFailedLook() }
                (pause, heedsWakeUps) = (Timing.databaseAway, false)
            }
        }
    }

    /// - Returns: whether a wake-up came; nil when the process ends.
    private func waits(_ seconds: Double, _ heedsWakeUps: Bool) -> Bool? {
        _ = state.wait(atMost: seconds) { $0.isEnding || heedsWakeUps && $0.isWoken ? () : nil }
        return state.with { state in
            guard !state.isEnding else { return nil }
            defer { state.isWoken = false }
            return state.isWoken
        }
    }

    /// Passes the result of a look to the jobs and pools.
    ///
    /// - Returns: whether there may be more work soon.
    private func hand(_ waiting: WaitingWork) -> Bool {
        for job in periodic { job.note(waiting) }
        return pools.map { $0.note(waiting) }.contains(true)
    }

    // MARK: wake-ups

    private func goOnHearing(_ wakeUps: WakeUpSocket) {
        while !state.with({ $0.isEnding }) {
            // While another process of this machine has the name, that process receives the wake-ups.
            guard wakeUps.open() else {
                rest(Timing.wakeUpName)
                continue
            }
            guard wakeUps.hears() else { continue }
            state.with { $0.isWoken = true }
            rest(Timing.wakeUpRest)
        }
        wakeUps.close()
    }

    private func rest(_ seconds: Double) { _ = state.wait(atMost: seconds) { $0.isEnding ? () : nil } }
}
