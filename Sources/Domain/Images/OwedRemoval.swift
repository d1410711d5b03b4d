/// Bytes that no record needs any more.
package struct OwedRemoval: Sendable {
    package let number: Int64
    package let image: ImageID
    package let url: String
    /// Whether the image is deleted, and so gets no bytes at the same place any more.
    package let isOfDeleted: Bool

    package init(number: Int64, image: ImageID, url: String, isOfDeleted: Bool = false) {
        (self.number, self.image, self.url, self.isOfDeleted) = (number, image, url, isOfDeleted)
    }
}
