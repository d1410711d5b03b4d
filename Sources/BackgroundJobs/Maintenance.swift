package import Domain
package import Logging
package import Operations
internal import ServiceMetrics
internal import Threading

/// The periodic job that cleans up after workers that died, and removes data that nobody needs.
package final class Sweeping: PeriodicJob {
    private let sweeper: Sweeper
    private let logger: Logger
    private let count = Monitor(0)

    /// The name of the work in the log.
    package let purpose = "look after uploads"

    /// Makes a job of its parts.
    package init(_ sweeper: Sweeper, _ logger: Logger) { (self.sweeper, self.logger) = (sweeper, logger) }

    /// Sweeps once, and returns the seconds until the next sweep.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        let number = count.with { $0 }
        do throws(Fault) {
            // The first run only ends leases, so that nobody waits for a process that was killed a moment ago.
            if number == 0 { try sweeper.endLeasesOfTheDead(waiting) } else { try sweeper.sweep(waiting) }
            if number % Timing.sweepsOfForgetting == 1 { try sweeper.forgetTransactions() }
            if number % Timing.sweepsOfThorough == 1 { sweeper.sweepThoroughly() }
        } catch {
            ServiceMetrics.upkeep.failedRuns.add()
            logger.error("cannot \(purpose): \(error)")
            return Timing.sweepAfterAbsence
        }
        count.with { $0 += 1 }
        return Timing.sweep
    }
}

/// The periodic job that carries out owed removals.
package struct Removing: PeriodicJob {
    private let remover: Remover

    /// Makes a job of its remover.
    package init(_ remover: Remover) { self.remover = remover }

    /// The name of the work in the log.
    package var purpose: String { "look after removals" }
    /// Owed removals.
    package var work: WaitingWork { .removals }

    /// Carries out removals for a few seconds.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? { try remover.removeSome() ? 0 : nil }
}

/// The periodic job that scrubs images with a delayed deletion.
package final class Scrubbing: PeriodicJob {
    private let scrubber: Scrubber
    private let pause: Double
    private let isEnding = Monitor(false)

    /// Makes a job of its scrubber.
    ///
    /// - Parameter pause: the seconds between two runs.
    package init(_ scrubber: Scrubber, pause: Double) { (self.scrubber, self.pause) = (scrubber, pause) }

    /// The name of the work in the log.
    package let purpose = "look after deletions"

    /// Scrubs once, and returns the pause.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        try scrubber.scrub(until: { isEnding.with { $0 } })
        return pause
    }

    /// Ends a run after its current image: there may be very many.
    package func stop() { isEnding.with { $0 = true } }
}

/// The periodic job that keeps the image cache at its size, and removes files that nobody needs.
package final class CacheSweeping: PeriodicJob {
    private let keeper: CacheKeeper
    private let stallTime: Int
    private let count = Monitor(0)

    /// The name of the work in the log.
    package let purpose = "look after the image cache"

    /// Makes a job of its keeper.
    ///
    /// - Parameter stallTime: the seconds after which an unfinished fill counts as abandoned.
    package init(_ keeper: CacheKeeper, stallTime: Int) { (self.keeper, self.stallTime) = (keeper, stallTime) }

    /// Sweeps, prunes and sometimes cleans the cache; returns the seconds until the next run.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        // The cache is pruned even while the database is unavailable.
        var refusal: Fault?
        do throws(Fault) { try keeper.sweep() } catch { refusal = error }
        do throws(Fault) { try keeper.prune() } catch { refusal = error }
        let number = count.with { count in
            count += 1
            return count
        }
        if number % Timing.sweepsOfCleaning == 0 {
            do throws(Fault) { try keeper.cache.clean(olderThan: stallTime) } catch { refusal = error }
        }
        if let refusal { throw refusal }
        return Timing.cacheSweep
    }
}
