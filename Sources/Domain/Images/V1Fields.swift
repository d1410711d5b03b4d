internal import JSONDocument

/// The fields of an image that a V1 request sets: a client's header, or a message to the registry. What it does not name stays as it is.
package struct V1Fields: Sendable {
    package var id: ImageID?
    package var status: ImageStatus?
    /// Outer nil: not named.
    package var name: String??
    package var owner: String??
    package var visibility: Visibility?
    package var isProtected: Bool?
    package var isHidden: Bool?
    package var diskFormat: String??
    package var containerFormat: String??
    package var size: Int64??
    package var virtualSize: Int64??
    package var checksum: String??
    package var hash: ImageHash??
    package var minDisk: Int64?
    package var minRAM: Int64?
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?
    package var properties: [ImageProperty]?
    package var tags: [String]?
    package var locations: [ImageLocation]?

    package init() {}

    /// A new image.
    ///
    /// - Parameters:
    ///   - fresh: its id, unless the request names one.
    ///   - status: its status, unless the request names one.
    package func draft(_ fresh: ImageID, status usual: ImageStatus) -> ImageDraft {
        var draft = ImageDraft(id: id ?? fresh, owner: owner ?? nil)
        draft.name = name ?? nil
        draft.status = status ?? usual
        draft.visibility = visibility ?? .shared
        draft.isProtected = isProtected ?? false
        draft.isHidden = isHidden ?? false
        draft.diskFormat = diskFormat ?? nil
        draft.containerFormat = containerFormat ?? nil
        draft.size = size ?? nil
        draft.virtualSize = virtualSize ?? nil
        draft.checksum = checksum ?? nil
        draft.minDisk = minDisk ?? 0
        draft.minRAM = minRAM ?? 0
        draft.createdAt = createdAt
        draft.updatedAt = updatedAt
        draft.properties = properties ?? []
        draft.tags = tags ?? []
        draft.locations = locations ?? []
        return draft
    }

    /// A new image of a V1 client, queued, whatever status they name.
    package func draft(_ fresh: ImageID, by caller: Caller) -> ImageDraft {
        var draft = draft(fresh, status: .queued)
        draft.status = .queued
        draft.owner = caller.isAdmin ? owner ?? caller.project : caller.project
        return draft
    }

    /// Sets what is named. Whether it may be set was judged before.
    ///
    /// - Parameter purging: custom properties that are not named go.
    package func apply(to image: inout Image, purging: Bool) {
        if let status { image.status = status }
        if let name { image.name = name }
        if let owner { image.owner = owner }
        if let visibility { image.visibility = visibility }
        if let isProtected { image.isProtected = isProtected }
        if let isHidden { image.isHidden = isHidden }
        if let diskFormat { image.diskFormat = diskFormat }
        if let containerFormat { image.containerFormat = containerFormat }
        if let size { image.size = size }
        if let virtualSize { image.virtualSize = virtualSize }
        if let checksum { image.checksum = checksum }
        if let hash { image.hash = hash }
        if let minDisk { image.minDisk = minDisk }
        if let minRAM { image.minRAM = minRAM }
        if let tags { image.tags = tags }
        if let locations { image.locations = locations }
        image.set(properties ?? [], replacing: purging)
    }

    /// Sets what a V1 client names. "Not public" makes a public image shared, and leaves any other as it is.
    ///
    /// - Parameter purging: custom properties that are not named go, except for the service's own.
    /// - Throws: `.forbidden` for another id or status than the image's, for a property of the service's own, and, of an image that has its
    ///   data or is getting them, for what the service finds out of them: size, checksum, virtual size, formats.
    package func apply(to image: inout Image, by caller: Caller, purging: Bool) throws(Fault) {
        if let id, id != image.id { throw Fault(.forbidden, "The id of image \(image.id) cannot be changed.") }
        if let status, status != image.status { throw .statusFixed }
        if image.status != .queued, let field = fieldFound(otherThan: image) {
            throw Fault(
                .forbidden, "The \(field) of an image that is \(image.status.rawValue) cannot be changed: it is what the service found.")
        }
        // A client that sends back what it was shown changes nothing.
        let news = (properties ?? []).filter { image[property: $0.name]?.isSame(as: $0.value ?? "") != true }
        try Image.refuseMarks(in: news.map(\.name))
        var allowed = self
        if !caller.isAdmin { allowed.owner = nil }
        if visibility == .shared && image.visibility != .public { allowed.visibility = nil }
        let marks = image.properties.filter { Image.isMark($0.name) }
        allowed.apply(to: &image, purging: purging)
        image.properties += marks.filter { image[property: $0.name] == nil }
    }

    /// The first field that says something else than the service found out of an image's bytes. A client that sends back what it was
    /// shown changes nothing.
    private func fieldFound(otherThan image: Image) -> String? {
        if let size, size != image.size { return "size" }
        if let checksum, checksum != image.checksum { return "checksum" }
        if let virtualSize, virtualSize != image.virtualSize { return "virtual_size" }
        if let diskFormat, diskFormat != image.diskFormat { return "disk_format" }
        if let containerFormat, containerFormat != image.containerFormat { return "container_format" }
        return nil
    }
}

extension Fault {
    /// Refuses another status in a V1 client's change.
    package static let statusFixed = Fault(.forbidden, "The status of an image cannot be changed so.")
}
