package import Domain
package import Logging
package import Threading

/// Runs the background work of a process: pools of workers for queued jobs, and periodic jobs.
///
/// One thread waits for all. It looks at every queue by one statement: when it is woken by somebody who ordered something, and by itself
/// after a pause that grows while nothing happens. What it finds it hands to the pools and jobs, whose threads ask the database only then.
/// So nothing depends on a wake-up but how soon a job begins. How long all pauses are says `Timing`.
package final class Scheduler: Sendable {
    /// Tells what waits.
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
        /// Threads of the scheduler's own.
        var running = 0
    }

    /// - Parameters:
    ///   - look: nil where time alone says what there is to do.
    ///   - wakeUps: where those are heard who order something; nil where nobody is.
    package init(
        pools: [WorkerPool] = [], periodic: [any PeriodicJob], look: Look? = nil, wakeUps: WakeUpSocket? = nil, _ logger: Logger
    ) {
        (self.pools, self.look, self.wakeUps, self.logger) = (pools, look, wakeUps, logger)
        self.periodic = periodic.map { PeriodicThread($0, logger) }
    }

    /// - Throws: when the system does not make the threads.
    package func start() throws(ThreadUnavailable) {
        for pool in pools { try pool.start() }
        for job in periodic { try job.start() }
        if let look { try start { $0.goOnLooking(look) } }
        if let wakeUps { try start { $0.goOnHearing(wakeUps) } }
    }

    /// Tells all to end: nothing new is begun, and what is half-way is left to others.
    package func end() {
        state.with { $0.isEnding = true }
        wakeUps?.interrupt()
        for pool in pools { pool.end() }
        for job in periodic { job.end() }
    }

    /// Waits for the end of all, until one deadline.
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
                logger.error("cannot look for work: \(error)")
                for job in periodic { job.noteFailedLook() }
                (pause, heedsWakeUps) = (Timing.databaseAway, false)
            }
        }
    }

    /// - Returns: whether somebody woke it; nil when the process ends.
    private func waits(_ seconds: Double, _ heedsWakeUps: Bool) -> Bool? {
        _ = state.wait(atMost: seconds) { $0.isEnding || heedsWakeUps && $0.isWoken ? () : nil }
        return state.with { state in
            guard !state.isEnding else { return nil }
            defer { state.isWoken = false }
            return state.isWoken
        }
    }

    /// - Returns: whether there may be more to do soon.
    private func hand(_ waiting: WaitingWork) -> Bool {
        for job in periodic { job.note(waiting) }
        return pools.map { $0.note(waiting) }.contains(true)
    }

    // MARK: wake-ups

    private func goOnHearing(_ wakeUps: WakeUpSocket) {
        while !state.with({ $0.isEnding }) {
            // While another process of this machine has the name, that one is woken.
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
