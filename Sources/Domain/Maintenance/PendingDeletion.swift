/// An image that is deleted and whose bytes are kept for a while.
package struct PendingDeletion: Sendable {
    package let image: ImageID
    /// In all its locations.
    package let bytes: Int64
    /// Its place in the order in which such images are read.
    package let place: Place

    /// What no deletion changes of an image.
    package struct Place: Sendable {
        package let visibility: Visibility
        package let isHidden: Bool
        package let createdAt: Timestamp

        /// Makes a place of its parts.
        package init(_ visibility: Visibility, isHidden: Bool, createdAt: Timestamp) {
            (self.visibility, self.isHidden, self.createdAt) = (visibility, isHidden, createdAt)
        }
    }

    package init(image: ImageID, bytes: Int64, place: Place) { (self.image, self.bytes, self.place) = (image, bytes, place) }
}
