/// An image that is deleted and whose bytes are kept for a while.
package struct PendingDeletion: Sendable {
    package let image: ImageID
    /// In all its locations.
    package let bytes: Int64

    package init(image: ImageID, bytes: Int64) { (self.image, self.bytes) = (image, bytes) }
}
