/// The summary tables of reports, which are refreshed from the tables of images.
///
/// It is for `glance-tasks` and the operator's tools. A process that refreshes them holds the leader lease `ReportRefresh.lease`, so that two
/// do not do the same work. Every method throws `.unavailable` when the records cannot be read now or are overloaded.
package protocol ReportCatalog: LeaderLeaseCatalog {
    /// Reads how long ago the last complete refresh ended and how long it took, in seconds; nil if there was none.
    func lastReportRefresh() throws(Fault) -> ReportRefresh.Last?

    /// Compares the summary tables with all images, and writes what differs. Each step is a short transaction over a range of images, which
    /// locks no row of an image.
    ///
    /// - Parameters:
    ///   - count: the images of one step.
    ///   - least: the images, deleted ones too, from which usage and deleted rows are added up here, and not for each question.
    ///   - each: called after each step; returns whether to go on.
    /// - Returns: false if `each` ended it. What was written so far stays, and is right; the refresh counts as not done.
    func refreshReports(
        imagesAtOnce count: Int, summingFrom least: Int, each: (ReportRefresh.Step) throws(Fault) -> Bool
    ) throws(Fault) -> Bool
}

/// The refresh of the summary tables of reports.
package enum ReportRefresh {
    /// The name of the leader lease.
    package static let lease = "reports"
    /// The images, deleted ones too, from which usage is added up by a refresh. Of fewer, each question adds it up in less than a second.
    package static let summedFrom = 100_000

    /// The last complete refresh.
    package struct Last: Sendable, Equatable {
        /// Seconds since its end.
        package let age: Double
        /// Seconds from its start to its end.
        package let length: Double

        /// Makes the record of a refresh.
        package init(age: Double, length: Double) { (self.age, self.length) = (age, length) }
    }

    /// A step of a refresh.
    package struct Step: Sendable {
        /// Images that this step has compared; none if it has counted deleted rows.
        package let images: Int
        /// Images when the refresh began.
        package let total: Int

        /// Makes the record of a step.
        package init(images: Int, total: Int) { (self.images, self.total) = (images, total) }
    }
}
