/// Tasks as clients see them.
package protocol TaskCatalog: Sendable {
    /// Orders a task on an image, and changes the image in the same step.
    ///
    /// - Parameters:
    ///   - claim: what the task takes of what the image's owner may have.
    ///   - draft: looks at the image as it is and changes it; nil orders nothing, and changes nothing.
    /// - Throws: `.conflict` while another task works on the image or bytes are coming in, `.tooLarge` for a claim that does not
    ///   fit.
    func order(
        on image: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?,
        _ draft: (inout Image) throws(Fault) -> TaskDraft?
    ) throws(Fault) -> Task?

    /// - Throws: `.notFound` also for another project's, unless an administrator asks.
    func task(_ id: String, visibleTo caller: Caller) throws(Fault) -> Task

    /// A page of tasks, without what a list does not show: what they were given, and what came of them.
    ///
    /// - Throws: `.invalid` when the marker is no task that the caller can see.
    func page(_ listing: TaskListing, visibleTo caller: Caller) throws(Fault) -> TaskPage

    /// Some of the tasks on an image, the newest first.
    ///
    /// - Parameters:
    ///   - former: the task that they come after; nil for the first ones.
    ///   - count: how many there are at the most. There are fewer at the end alone.
    func tasks(on image: ImageID, after former: Task?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Task]
}

/// A task in the hands of whoever does it.
package struct Job: Sendable {
    package let task: Task
    /// Names this try, and the bytes that it makes.
    package let token: String
    /// How often it was begun, this time included.
    package let tries: Int
    /// Nil for what cannot be read.
    package let details: JobDetails?
    /// Unfinished bytes that the try before may have left.
    package let leftovers: [Upload]
    /// Of the request that ordered it.
    package let trace: Trace?
    /// The node that has what the job needs; nil where any has.
    package var node: String?

    package init(task: Task, token: String, tries: Int, details: JobDetails?, leftovers: [Upload], trace: Trace?) {
        self.task = task
        self.token = token
        self.tries = tries
        self.details = details
        self.leftovers = leftovers
        self.trace = trace
    }
}

extension Job {
    /// Whether it imports what a client has staged.
    package var isOfStaged: Bool {
        guard case .imageImport(let plan) = details else { return false }
        return plan.method == .staged
    }
}

/// How far a job is.
package struct JobProgress: Sendable, Equatable {
    /// Bytes.
    package var done: Int64
    /// Bytes in all; nil where nobody knows.
    package var total: Int64?

    package init(done: Int64, total: Int64?) { (self.done, self.total) = (done, total) }
}

/// The tasks as whoever does them sees them. Who does one holds it under a lease; what he says of it counts only while he does.
package protocol JobBacklog: Sendable {
    /// Takes the oldest job that nobody does.
    ///
    /// - Parameters:
    ///   - token: names the try.
    ///   - node: jobs of other nodes are left to them.
    ///   - patience: seconds after which a job of a node of which nothing is heard is nobody's any more, and taken too.
    func claim(_ token: String, by worker: String, on node: String?, patience: Int) throws(Fault) -> Job?

    /// Holds jobs of a worker for another while.
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
    /// - Throws: `.gone` when the job is somebody else's, or the image was deleted.
    func advance(_ job: Job, _ change: (inout Image) throws(Fault) -> Void) throws(Fault) -> Image

    /// Ends a job: what it says of its task and what becomes of its image come in one step. Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - claim: what the image's owner may have, and all that came.
    ///   - change: of the image; nobody is asked when it was deleted and the job failed.
    /// - Returns: bytes that are to be removed.
    /// - Throws: `.gone` when the job is somebody else's, or it succeeded and the image was deleted; `.tooLarge` for a claim that
    ///   does not fit.
    func end(
        _ job: Job, _ outcome: JobOutcome, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]

    /// Leaves a job to others at once.
    func release(_ job: Job) throws(Fault)
}

extension JobBacklog {
    /// The same by whoever waits an hour for a node.
    package func claim(_ token: String, by worker: String, on node: String?) throws(Fault) -> Job? {
        try claim(token, by: worker, on: node, patience: 3600)
    }
}

/// How a job came to its end.
package enum JobOutcome: Sendable {
    case success
    /// Why, in words that clients may read.
    case failure(String)
}

/// What of tasks is cleared up.
package protocol TaskSweeping: Sendable {
    /// Takes away tasks whose time is over.
    func expireTasks() throws(Fault)

    /// Ends tasks that another image service of this database left half-way long ago, and gives their images back.
    func endForeignTasks() throws(Fault)

    /// Ends the leases of processes that are not there any more, so that nobody waits for them.
    func endLeases(of workers: [String]) throws(Fault)

    /// All who hold a lease.
    func leaseholders() throws(Fault) -> [String]

    /// Notes that a node is there, which does what waits for it.
    func note(node: String) throws(Fault)

    /// Tells those who look at tasks for which node they wait.
    func tellWhoIsAwaited() throws(Fault)

    /// Forgets which transactions were committed, where nobody asks any more.
    func forgetCommits() throws(Fault)
}
