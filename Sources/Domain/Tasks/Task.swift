/// Work that outlives the request that ordered it, as clients see it. Source: Images API v2, "Tasks"; spec v2 §18.
package struct Task: Sendable {
    package let id: String
    package let kind: Kind
    package var status: Status
    /// A project.
    package let owner: String
    package let image: ImageID?
    package let requestID: String?
    package let user: String?
    /// JSON: what was ordered.
    package let input: String?
    /// JSON: what came of it; while it runs, how far it is.
    package var result: String?
    /// For people: how far it is, or why it failed.
    package var message: String?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// When nobody is told of it any more; nil until it has ended.
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
        /// `POST /v2/tasks`: an image was made with it, and goes with it when it fails.
        case legacyImport
        /// What old databases still hold, and nobody does any more.
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

/// A task that is about to be ordered.
package struct TaskDraft: Sendable {
    package let id: String
    package let kind: Task.Kind
    package let owner: String
    package var image: ImageID?
    package var user: String?
    package var trace: Trace?
    /// JSON for those who look at the task. Holds no secret.
    package var input: String
    /// What has to be known to do it, and is nobody else's business.
    package var details: JobDetails
    /// The node that has what it needs; nil for any.
    package var node: String?
    /// Bytes kept for it of what its owner may have.
    package var reserved: Int64 = 0

    package init(id: String, kind: Task.Kind, owner: String, input: String, details: JobDetails) {
        (self.id, self.kind, self.owner, self.input, self.details) = (id, kind, owner, input, details)
    }
}

/// A page of tasks that a client asks for.
package struct TaskListing: Sendable {
    package var limit: Int
    /// The last task of the page before.
    package var marker: String?
    package var key = Field.createdAt
    package var isDescending = true
    /// Fields and the values that they are to have.
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

/// What came of asking for a page.
package struct TaskPage: Sendable {
    package let tasks: [Task]
    /// As many as the limit were found, so there may be more.
    package let isFull: Bool

    package init(tasks: [Task], isFull: Bool) { (self.tasks, self.isFull) = (tasks, isFull) }
}
