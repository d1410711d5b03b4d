internal import BackgroundJobs
internal import Domain
internal import OsloLog
internal import Persistence

extension CompositionRoot {
    /// Refreshes the summary tables of reports at once, and shows the progress on a terminal.
    ///
    /// - Returns: the number of images that were compared; nil if another process refreshes them now.
    package func refreshReportsShowingProgress() throws -> Int? {
        let catalog = try catalog
        let lease = LeaderLease(ReportRefresh.lease, of: "reports", in: catalog, by: worker, log.logger("glance.reports"))
        guard try lease.acquire() != .heldByAnother else { return nil }
        defer { lease.release() }
        var bar: ProgressBar?
        defer { bar?.end() }
        var images = 0
        let isDone = try catalog.refreshReports(
            imagesAtOnce: Timing.reportImages, summingFrom: ReportRefresh.summedFrom
        ) { step throws(Fault) in
            if bar == nil { bar = ProgressBar("refreshing reports", of: Int64(step.total), .rows) }
            bar?.advance(Int64(step.images))
            images += step.images
            return try lease.acquire() == .held
        }
        return isDone ? images : nil
    }
}
