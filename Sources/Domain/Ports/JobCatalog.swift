/// Tasks: what clients order of images, and those who do it.
///
/// A job is done under a lease, and what is said of it counts only while the lease is held. Every method throws `.unavailable` when the
/// records cannot be asked or are too busy, and then the call may have been done all the same; other kinds are named with each.
package protocol JobCatalog: Sendable {
    // MARK: For clients

    /// Orders a task on an image, and changes the image in the same step, for a caller whom the policy lets.
    ///
    /// - Parameters:
    ///   - claim: what the task takes of what the image's owner may have.
    ///   - draft: looks at the image as it is and changes it; nil orders nothing, and changes nothing.
    /// - Throws: what `draft` throws; `.notFound` for an image that the caller may not see, `.forbidden` unless it is theirs to change,
    ///   `.conflict` while another task works on the image or bytes are coming in, `.tooLarge` for a claim that does not fit.
    func order(
        on image: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?,
        _ draft: (inout Image) throws(Fault) -> TaskDraft?
    ) throws(Fault) -> Task?

    /// Reads a task of the caller's project; any task for an administrator.
    ///
    /// - Throws: `.notFound` also for another project's.
    func task(_ id: String, visibleTo caller: Caller) throws(Fault) -> Task

    /// Reads a page of tasks, without what a list does not show: what they were given, and what came of them.
    ///
    /// - Throws: `.invalid` when the marker is no task that the caller can see.
    func page(_ listing: TaskListing, visibleTo caller: Caller) throws(Fault) -> TaskPage

    /// Reads some of the tasks on an image that the caller may see, the newest first.
    ///
    /// - Parameters:
    ///   - former: the task that they come after; nil for the first ones.
    ///   - count: how many there are at the most. There are fewer at the end alone.
    func tasks(on image: ImageID, after former: Task?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Task]

    /// Notes that all bytes of an upload to the staging area are there, and ends its lease. The image stays uploading until it is
    /// imported. For `ImportService`.
    ///
    /// Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - host: the address of the node that has the bytes; nil where any can have them.
    ///   - claim: what the image's owner may have, and all that came.
    /// - Throws: `.gone` when the image was deleted meanwhile, `.conflict` when the lease was lost, `.tooLarge` for a claim that
    ///   does not fit.
    func finishStaging(_ upload: Upload, size: Int64, on host: String?, claiming claim: QuotaClaim?) throws(Fault)

    // MARK: For `glance-tasks`

    /// Takes the oldest job that nobody does.
    ///
    /// - Parameters:
    ///   - token: names the try.
    ///   - node: jobs of other nodes are left to them.
    ///   - patience: seconds after which a job of a node of which nothing is heard is nobody's any more, and taken too.
    /// - Returns: nil when none waits.
    func claim(_ token: String, by worker: String, on node: String?, patience: Int) throws(Fault) -> Job?

    /// Renews the leases of a worker's jobs, for `LeaseKeeper`.
    ///
    /// - Parameter tokens: of those that it works on.
    /// - Returns: the tokens of those that are still its own, and whose image is still there.
    func renew(_ tokens: Set<String>, ofJobsOf worker: String) throws(Fault) -> Set<String>

    /// Notes where bytes are about to lie, before any do, and keeps bytes of what the image's owner may have.
    ///
    /// - Returns: bytes that there is room for; nil for any number.
    /// - Throws: `.tooLarge` for a claim that does not fit, `.gone` when the job is somebody else's.
    func prepare(_ job: Job, pending urls: [String], claiming claim: QuotaClaim?) throws(Fault) -> Int64?

    /// Tells those who look at the task how far it is.
    func report(_ job: Job, _ progress: JobProgress) throws(Fault)

    /// Changes the image that a job works on, and goes on.
    ///
    /// - Throws: what `change` throws; `.gone` when the job is somebody else's, or the image was deleted.
    func advance(_ job: Job, _ change: (inout Image) throws(Fault) -> Void) throws(Fault) -> Image

    /// Ends a job: what it says of its task and what becomes of its image come in one step. Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - claim: what the image's owner may have, and all that came.
    ///   - change: of the image; nobody is asked when it was deleted and the job failed.
    /// - Returns: bytes that are to be removed.
    /// - Throws: what `change` throws; `.gone` when the job is somebody else's, or it succeeded and the image was deleted; `.tooLarge`
    ///   for a claim that does not fit.
    func end(
        _ job: Job, _ outcome: JobOutcome, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]

    /// Leaves a job to others at once.
    func release(_ job: Job) throws(Fault)

    /// Reads orders for copies whose images are queued, the oldest first. Orders that have come to their end are gone afterwards.
    func waitingCopies(atMost count: Int) throws(Fault) -> [OrderedCopy]
}

extension JobCatalog {
    /// Takes the oldest job that nobody does, those of nodes included of which nothing was heard for an hour.
    package func claim(_ token: String, by worker: String, on node: String?) throws(Fault) -> Job? {
        try claim(token, by: worker, on: node, patience: 3600)
    }
}
