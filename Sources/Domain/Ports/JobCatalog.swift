/// Tasks that clients order, and the jobs that carry them out.
///
/// A job runs under a lease, and its reports count only while the lease is held. Every method throws `.unavailable` when the records cannot
/// be read now or are overloaded; the call may have taken effect all the same. Other kinds are named at each method.
package protocol JobCatalog: Sendable {
    // MARK: For clients

    /// Orders a task on an image, and changes the image in the same transaction. The operation has checked the policy.
    ///
    /// - Parameters:
    ///   - claim: the task's share of the image owner's quota.
    ///   - draft: reads and changes the image; when it returns nil, nothing is ordered and nothing changed.
    /// - Throws: what `draft` throws; `.notFound` for an image that the caller may not see, `.forbidden` unless they may change it,
    ///   `.conflict` while another task works on the image or its data is being uploaded, `.tooLarge` for a claim that exceeds the quota.
    func order(
        on image: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?,
        _ draft: (inout Image) throws(Fault) -> TaskDraft?
    ) throws(Fault) -> Task?

    /// Reads a task of the caller's project; any task for an administrator.
    ///
    /// - Throws: `.notFound` also for another project's.
    func task(_ id: String, visibleTo caller: Caller) throws(Fault) -> Task

    /// Reads a page of tasks without their input, result and message.
    ///
    /// - Throws: `.invalid` when the marker is no task that the caller may see.
    func page(_ listing: TaskListing, visibleTo caller: Caller) throws(Fault) -> TaskPage

    /// Reads some of the tasks on an image that the caller may see, the newest first.
    ///
    /// - Parameters:
    ///   - former: the task after which to begin; nil for the first ones.
    ///   - count: the largest number of tasks. Only the end of the list returns fewer.
    func tasks(on image: ImageID, after former: Task?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Task]

    /// Records that all data of an upload is in the staging area, and ends its lease. The image stays uploading until it is imported.
    ///
    /// The call may be repeated when its answer was lost.
    ///
    /// - Parameters:
    ///   - size: the size of the staged data in bytes.
    ///   - host: the address of the node that has the data; nil when every node can read it.
    ///   - claim: the image owner's quota, and the bytes that came.
    /// - Throws: `.gone` when the image was deleted meanwhile, `.conflict` when the lease was lost, `.tooLarge` for a claim that exceeds
    ///   the quota.
    func finishStaging(_ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?) throws(Fault)

    // MARK: For `glance-tasks`

    /// Claims the oldest job that no worker holds.
    ///
    /// - Parameters:
    ///   - token: names the attempt.
    ///   - site: where the worker runs; jobs of other nodes, and of other staging folders, are left to those who see them.
    ///   - patience: the seconds of silence after which their jobs are claimed by others too.
    /// - Returns: nil when no job waits.
    func claim(_ token: String, by worker: String, at site: JobSite, patience: Int) throws(Fault) -> Job?

    /// Renews the leases of a worker's jobs, for `LeaseKeeper`.
    ///
    /// - Parameter tokens: the tokens of the jobs that it works on.
    /// - Returns: the tokens of the jobs that it still holds and whose image still exists.
    func renew(_ tokens: Set<String>, ofJobsOf worker: String) throws(Fault) -> Set<String>

    /// Records where data is about to be written, before any is, and reserves bytes of the image owner's quota.
    ///
    /// - Returns: the remaining quota in bytes; nil for any number.
    /// - Throws: `.tooLarge` for a claim that exceeds the quota, `.gone` when another worker has the job.
    func prepare(_ job: Job, pending urls: [String], claiming claim: QuotaClaim?) throws(Fault) -> Int64?

    /// Publishes the progress of a job in its task.
    func report(_ job: Job, _ progress: JobProgress) throws(Fault)

    /// Changes the image that a job works on, without ending the job.
    ///
    /// - Parameter claim: the image owner's quota, and the bytes that the change adds.
    /// - Throws: what `change` throws; `.gone` when another worker has the job, or the image was deleted; `.tooLarge` for a claim that exceeds
    ///   the quota.
    func advance(_ job: Job, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void) throws(Fault) -> Image

    /// Ends a job: the task's outcome and the image's change are written in one transaction. The call may be repeated when its answer was
    /// lost.
    ///
    /// - Parameters:
    ///   - claim: the image owner's quota, and the bytes that came.
    ///   - change: changes the image; it is not called when the image was deleted and the job failed.
    /// - Returns: the owed removals.
    /// - Throws: what `change` throws; `.gone` when another worker has the job, or it succeeded and the image was deleted; `.tooLarge` for
    ///   a claim that exceeds the quota.
    func end(
        _ job: Job, _ outcome: JobOutcome, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]

    /// Releases a job, so that another worker can claim it at once.
    func release(_ job: Job) throws(Fault)

    /// Reads the ordered copies whose images are queued, the oldest first. Removes orders that are done or can no longer be carried out.
    func waitingCopies(atMost count: Int) throws(Fault) -> [OrderedCopy]
}

extension JobCatalog {
    /// Claims the oldest job that no worker holds, including those of nodes that were silent for an hour.
    package func claim(_ token: String, by worker: String, on node: String?) throws(Fault) -> Job? {
        try claim(token, by: worker, at: JobSite(node: node), patience: 3600)
    }
}
