package import Domain
package import Logging
internal import Threading

/// The periodic job that keeps the summary tables of reports current. Of many processes one does it, under a leader lease. Used by one thread.
///
/// Between two steps it rests for longer than the step took, so that it uses a small part of the database at any time; the longer a whole
/// refresh takes, the longer is the pause until the next.
package final class ReportRefresher: @unchecked Sendable {
    private let catalog: any ReportCatalog
    private let lease: LeaderLease
    private let pause: Double
    private let logger: Logger
    private let isEnding = Monitor(false)
    private var hasFailed = false

    /// Makes a job of its parts.
    ///
    /// - Parameter pause: the least number of seconds between two refreshes.
    package init(_ catalog: any ReportCatalog, every pause: Double, worker: String, _ logger: Logger) {
        (self.catalog, self.pause, self.logger) = (catalog, pause, logger)
        lease = LeaderLease(ReportRefresh.lease, of: "reports", in: catalog, by: worker, logger)
    }

    /// Refreshes the tables if it is time.
    ///
    /// - Returns: the seconds until the next call.
    private func refresh() throws(Fault) -> Double {
        let wait = try remaining()
        if wait > 0 { return wait }
        guard try lease.acquire() != .heldByAnother else { return pause }
        defer { lease.release() }
        // The former holder may have just done it.
        let again = try remaining()
        if again > 0 { return again }
        let isDone = try catalog.refreshReports(
            imagesAtOnce: Timing.reportImages, summingFrom: ReportRefresh.summedFrom, each: rest())
        return isDone ? try max(remaining(), 1) : pause
    }

    /// The seconds until a refresh is due; 0 if it is.
    private func remaining() throws(Fault) -> Double {
        guard let last = try catalog.lastReportRefresh() else { return 0 }
        return max(0, max(pause, last.length * Timing.reportRest) - last.age)
    }

    /// Rests after each step, and ends the refresh when the process ends or the lease was lost.
    private func rest() -> (ReportRefresh.Step) throws(Fault) -> Bool {
        var began = monotonicSeconds()
        return { [self] (_: ReportRefresh.Step) throws(Fault) in
            let seconds = min((monotonicSeconds() - began) * Timing.reportRest, Timing.longestReportRest)
            guard isEnding.wait(atMost: seconds, for: { $0 ? true : nil }) == nil else { return false }
            guard try lease.acquire() == .held else { return false }
            began = monotonicSeconds()
            return true
        }
    }
}

extension ReportRefresher: PeriodicJob {
    /// The name of the work in the log.
    package var purpose: String { "look after reports" }

    /// Refreshes the tables if it is time.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        do throws(Fault) {
            let next = try refresh()
            if hasFailed { logger.info("reports are refreshed again") }
            hasFailed = false
            return next
        } catch {
            if !hasFailed { logger.error("reports are not refreshed, and show older figures: \(error)") }
            hasFailed = true
            return max(pause, Timing.databaseAway)
        }
    }

    /// Ends a refresh after its current step.
    package func stop() { isEnding.with { $0 = true } }

    /// Releases the leader lease.
    package func end() { lease.release() }
}
