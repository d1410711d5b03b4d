/// Work that outlives the request that ordered it, as shown to clients. Source: Images API v2, "Tasks".
package struct Task: Sendable {
    package let id: String
    package let kind: Kind
    package var status: Status
    /// The project that owns the task.
    package let owner: String
    package let image: ImageID?
    package let requestID: String?
    package let user: String?
    /// The order, as JSON.
    package let input: String?
    /// The result, as JSON; while the task runs, its progress.
    package var result: String?
    /// Progress, or the reason of the failure, for people.
    package var message: String?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// The time after which the task is no longer shown; nil until it has ended.
    package var expiresAt: Timestamp?

    package init(
        id: String, kind: Kind, status: Status, owner: String, image: ImageID?, requestID: String?, user: String?, input: String?,
        result: String? = nil, message: String? = nil, createdAt: Timestamp, updatedAt: Timestamp, expiresAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.status = status
        self.owner = owner
        self.image = image
        self.requestID = requestID
        self.user = user
        self.input = input
        self.result = result
        self.message = message
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.expiresAt = expiresAt
    }

    package enum Kind: Hashable, Sendable {
        /// `POST /v2/images/{image}/import`.
        case imageImport
        /// `POST /v2/images/{image}/locations`.
        case locationImport
        /// `POST /v2/tasks`: the image is created with the task, and deleted with it if it fails.
        case legacyImport
        /// A type from old databases, which no worker runs any more.
        case other(String)

        private static let names: [(Kind, String)] = [
            (.imageImport, "api_image_import"), (.locationImport, "location_import"), (.legacyImport, "import"),
        ]

        package init(_ name: String) { self = Self.names.first { $0.1 == name }?.0 ?? .other(name) }

        package var name: String {
            if case .other(let name) = self { return name }
            return Self.names.first { $0.0 == self }!.1
        }
    }

    package enum Status: String, Sendable, CaseIterable {
        case pending, processing, success, failure
    }
}

/// A task that is about to be created.
package struct TaskDraft: Sendable {
    package let id: String
    package let kind: Task.Kind
    package let owner: String
    package var image: ImageID?
    package var user: String?
    package var trace: Trace?
    /// The order as JSON for viewers of the task, without secrets.
    package var input: String
    /// The complete description for the worker, which nobody else sees.
    package var details: JobDetails
    /// The node that must run the task; nil for any.
    package var node: String?
    /// The mark of the staging folder that has the task's data: whoever sees it may run the task, whatever `node` is. Nil when that is not
    /// known.
    package var stagedIn: String?
    /// Bytes that are reserved for the task within its owner's quota.
    package var reserved: Int64 = 0

    package init(id: String, kind: Task.Kind, owner: String, input: String, details: JobDetails) {
        (self.id, self.kind, self.owner, self.input, self.details) = (id, kind, owner, input, details)
    }
}

/// A client's query for a page of tasks.
package struct TaskListing: Sendable {
    package var limit: Int
    /// The last task of the previous page.
    package var marker: String?
    package var key = Field.createdAt
    package var isDescending = true
    /// Fields with the values that they must have.
    package var filters: [(field: Field, value: String)] = []

    package init(limit: Int) { self.limit = limit }

    package enum Field: String, Sendable, CaseIterable {
        case id, type, status, owner, deleted
        case expiresAt = "expires_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case deletedAt = "deleted_at"
        case image = "image_id"
        case requestID = "request_id"
        case user = "user_id"
    }
}

/// The result of a query for a page.
package struct TaskPage: Sendable {
    package let tasks: [Task]
    /// Whether as many tasks as the limit were found, so there may be more.
    package let isFull: Bool

    package init(tasks: [Task], isFull: Bool) { (self.tasks, self.isFull) = (tasks, isFull) }
}
