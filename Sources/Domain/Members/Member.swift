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
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(image: ImageID, project: String, status: Status, createdAt: Timestamp, updatedAt: Timestamp) {
        self.image = image
        self.project = project
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
