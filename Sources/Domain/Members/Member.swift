/// A project that an image is shared with.
package struct Member: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        /// Not answered yet: the member may use the image, but does not see it in lists.
        case pending
        case accepted
        case rejected
    }

    package let image: ImageID
    package let project: String
    package var status: Status
    /// Whether the member may share the image with others. Only V1 sets and uses this.
    package var canShare: Bool
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(image: ImageID, project: String, status: Status, canShare: Bool = false, createdAt: Timestamp, updatedAt: Timestamp) {
        self.image = image
        self.project = project
        self.status = status
        self.canShare = canShare
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A request to share an image with a project.
package struct Membership: Sendable, Equatable {
    package let project: String
    /// Nil keeps the present value; a new member gets false.
    package let canShare: Bool?

    package init(project: String, canShare: Bool?) {
        self.project = project
        self.canShare = canShare
    }
}
