package import Domain
internal import Threading

/// The periodic job that removes old records of use, and those of purged images. Several processes may do it at once.
package final class UsePurging: PeriodicJob {
    private let catalog: any UseCatalog
    private let days: Int
    private let place = Monitor(Place())

    private struct Place {
        /// The image up to which records of purged images are removed in this round.
        var last: ImageID?
        var areOldDaysGone = false
    }

    /// The number of records that one statement removes or looks at.
    private static let piece = 1000

    /// Makes a job.
    ///
    /// - Parameter days: the number of days for which records are kept.
    package init(_ catalog: any UseCatalog, keeping days: Int) { (self.catalog, self.days) = (catalog, days) }

    /// The name of the work in the log.
    package var purpose: String { "look after records of use" }

    /// Removes some records, and returns the seconds until the next run.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        let place = place.with { $0 }
        guard place.areOldDaysGone else {
            let first = Day(number: try catalog.today().number - days)
            let count = try catalog.forgetUse(before: first, atMost: Self.piece)
            if count < Self.piece { self.place.with { $0.areOldDaysGone = true } }
            return Timing.usePurgingRest
        }
        let last = try catalog.forgetUseOfPurged(after: place.last, atMost: Self.piece)
        self.place.with { $0 = Place(last: last, areOldDaysGone: last != nil) }
        return last == nil ? Timing.usePurging : Timing.usePurgingRest
    }
}
