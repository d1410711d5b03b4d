/// An image that a client describes and that does not exist yet.
package struct ImageDraft: Sendable {
    package var id: ImageID
    package var name: String?
    package var visibility = Visibility.shared
    package var isProtected = false
    package var isHidden = false
    package var owner: String?
    package var diskFormat: String?
    package var containerFormat: String?
    package var minDisk: Int64 = 0
    package var minRAM: Int64 = 0
    package var properties: [ImageProperty] = []
    package var tags: [String] = []

    package init(id: ImageID, owner: String?) {
        self.id = id
        self.owner = owner
    }

    /// The image that it becomes.
    package func image(createdAt moment: Timestamp) -> Image {
        Image(
            id: id, name: name, status: .queued, visibility: visibility, isProtected: isProtected, isHidden: isHidden,
            owner: owner, diskFormat: diskFormat, containerFormat: containerFormat, minDisk: minDisk, minRAM: minRAM,
            createdAt: moment, updatedAt: moment, properties: properties, tags: tags)
    }
}
