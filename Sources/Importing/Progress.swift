internal import Domain
internal import Logging
internal import Threading

/// Reports the progress of a job to its task, at most every two seconds.
final class Progress {
    private let job: Job
    private let jobs: any JobCatalog
    private let total: Int64?
    private let logger: Logger
    private var next: Double

    /// Seconds between two reports.
    private static let pause = 2.0

    init(_ job: Job, _ jobs: any JobCatalog, total: Int64?, _ logger: Logger) {
        (self.job, self.jobs, self.total, self.logger) = (job, jobs, total, logger)
        next = monotonicSeconds() + Self.pause
    }

    /// A report that fails is left out; the lease tells whether the job is lost.
    func note(_ done: Int64) {
        guard monotonicSeconds() >= next else { return }
        next = monotonicSeconds() + Self.pause
        do throws(Fault) {
            try jobs.report(job, JobProgress(done: done, total: total))
        } catch {
            logger.warning("the progress of task \(job.task.id) was not reported: \(error)")
        }
    }
}
