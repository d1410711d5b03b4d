/// A task that is being done.
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
    /// The mark of the staging folder that has its data; nil where `node` counts.
    package var stagedIn: String?

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

/// Where a worker of jobs runs, which decides what it finds there.
package struct JobSite: Sendable {
    /// The address of its node; nil when it has none.
    package var node: String?
    /// The mark of the staging folder that it sees; nil while that is not known.
    package var staging: String?

    /// Makes a site of its parts.
    package init(node: String? = nil, staging: String? = nil) { (self.node, self.staging) = (node, staging) }
}

/// How far a job is.
package struct JobProgress: Sendable, Equatable {
    /// Bytes.
    package var done: Int64
    /// Bytes in all; nil where nobody knows.
    package var total: Int64?

    package init(done: Int64, total: Int64?) { (self.done, self.total) = (done, total) }
}

/// How a job came to its end.
package enum JobOutcome: Sendable {
    case success
    /// Why, in words that clients may read.
    case failure(String)
}
