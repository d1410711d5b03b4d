/// Bytes that no record needs any more.
package struct OwedRemoval: Sendable {
    package let number: Int64
    package let image: ImageID
    package let url: String
    /// The store that the location was labelled with. Two stores may have the same URL for data of their own.
    package let store: String?
    /// Whether the image is deleted, and so gets no bytes at the same place any more.
    package let isOfDeleted: Bool

    package init(number: Int64, image: ImageID, url: String, store: String?, isOfDeleted: Bool = false) {
        (self.number, self.image, self.url, self.store, self.isOfDeleted) = (number, image, url, store, isOfDeleted)
    }

    /// The location that the image had.
    package var location: ImageLocation { ImageLocation(url: url, in: store) }
}
