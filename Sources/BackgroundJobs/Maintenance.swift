package import Domain
package import Logging
package import Operations
internal import Threading

/// Gives back what dead workers left, and removes what nobody needs.
package final class Sweeping: PeriodicJob {
    private let sweeper: Sweeper
    private let logger: Logger
    private let count = Monitor(0)

    package let purpose = "look after uploads"

    package init(_ sweeper: Sweeper, _ logger: Logger) { (self.sweeper, self.logger) = (sweeper, logger) }

    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        let number = count.with { $0 }
        do throws(Fault) {
            // Nobody has to wait for a process that was killed a moment ago.
            if number == 0 { try sweeper.endLeasesOfTheDead(waiting) } else { try sweeper.sweep(waiting) }
            if number % Timing.sweepsOfForgetting == 1 { try sweeper.forgetTransactions() }
            if number % Timing.sweepsOfThorough == 1 { sweeper.sweepThoroughly() }
        } catch {
            logger.error("cannot \(purpose): \(error)")
            return Timing.sweepAfterAbsence
        }
        count.with { $0 += 1 }
        return Timing.sweep
    }
}

/// Removes bytes that are owed.
package struct Removing: PeriodicJob {
    private let remover: Remover

    package init(_ remover: Remover) { self.remover = remover }

    package var purpose: String { "look after removals" }
    package var work: WaitingWork { .removals }

    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? { try remover.removeSome() ? 0 : nil }
}

/// Looks now and then for images whose deletion was put off.
package struct Scrubbing: PeriodicJob {
    private let scrubber: Scrubber
    private let pause: Double

    /// - Parameter pause: seconds between two looks.
    package init(_ scrubber: Scrubber, pause: Double) { (self.scrubber, self.pause) = (scrubber, pause) }

    package var purpose: String { "look after deletions" }

    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        try scrubber.scrub()
        return pause
    }
}

/// Keeps the image cache to its size, and free of what nobody needs.
package final class CacheSweeping: PeriodicJob {
    private let keeper: CacheKeeper
    private let stallTime: Int
    private let count = Monitor(0)

    package let purpose = "look after the image cache"

    /// - Parameter stallTime: seconds after which nobody is believed to bring an image in that still is not whole.
    package init(_ keeper: CacheKeeper, stallTime: Int) { (self.keeper, self.stallTime) = (keeper, stallTime) }

    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        // It is kept to its size also while the database is away.
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
