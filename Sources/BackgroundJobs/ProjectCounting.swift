package import Domain

/// The periodic job that adds up the images of large projects from time to time, so that an upload need not do it.
package struct ProjectCounting: PeriodicJob {
    private let catalog: any ProjectSumCatalog

    /// Makes a job of its catalog.
    package init(_ catalog: any ProjectSumCatalog) { self.catalog = catalog }

    /// The name of the work in the log.
    package var purpose: String { "look after the usage of projects" }

    /// Adds up one project's images; the next one's at once.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? { try catalog.renewOldestSums() ? 0 : Timing.projectSums }
}
