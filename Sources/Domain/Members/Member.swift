/// A project that an image is shared with.
package struct Member: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        /// Not yet answered: may use the image, does not see it in its list.
        case pending
        case accepted
        case rejected
    }

    package let image: ImageID
    package let project: String
    package var status: Status
    /// May share the image with others in turn. V1 alone gives this, and heeds it.
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

/// A project that an image is to be shared with.
package struct Membership: Sendable, Equatable {
    package let project: String
    /// Nil leaves what is, and is no for a new member.
    package let canShare: Bool?

    package init(project: String, canShare: Bool?) {
        self.project = project
        self.canShare = canShare
    }
}
