/// An image that a client describes and that does not exist yet.
package struct ImageDraft: Sendable {
    package var id: ImageID
    package var name: String?
    package var status = ImageStatus.queued
    package var visibility = Visibility.shared
    package var isProtected = false
    package var isHidden = false
    package var owner: String?
    package var diskFormat: String?
    package var containerFormat: String?
    /// The number of bytes that will be uploaded, or that lie at `locations`.
    package var size: Int64?
    package var virtualSize: Int64?
    /// The MD5 that the bytes must have.
    package var checksum: String?
    package var minDisk: Int64 = 0
    package var minRAM: Int64 = 0
    package var properties: [ImageProperty] = []
    package var tags: [String] = []
    package var locations: [ImageLocation] = []
    /// Nil for the moment of creation.
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?

    package init(id: ImageID, owner: String?) {
        self.id = id
        self.owner = owner
    }

    /// The new image's record.
    package func image(madeAt moment: Timestamp) -> Image {
        Image(
            id: id, name: name, status: status, visibility: visibility, isProtected: isProtected, isHidden: isHidden,
            owner: owner, diskFormat: diskFormat, containerFormat: containerFormat, size: size,
            virtualSize: virtualSize, checksum: checksum, minDisk: minDisk, minRAM: minRAM, createdAt: createdAt ?? moment,
            updatedAt: updatedAt ?? moment, properties: properties, tags: tags, locations: locations)
    }
}
