package import Domain

/// The periodic job that removes old events. While none are kept, it removes those of former days.
package struct EventKeeping: PeriodicJob {
    private let catalog: any EventCatalog
    private let days: Int

    /// Makes a job of its catalog.
    ///
    /// - Parameter days: for how long events are kept.
    package init(_ catalog: any EventCatalog, days: Int) { (self.catalog, self.days) = (catalog, days) }

    /// The name of the work in the log.
    package var purpose: String { "look after events" }

    /// Removes some events; soon again while there are more.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        try catalog.forgetEvents(olderThan: days) ? Timing.moreOldEvents : Timing.oldEvents
    }
}
