internal import JSONDocument

/// The fields of an image that a V1 client sets. Fields that they do not name stay as they are.
package struct ImageMeta: Sendable {
    package var id: ImageID?
    package var status: String?
    /// The outer nil means that the client did not name the field.
    package var name: String??
    package var owner: String??
    package var isPublic: Bool?
    package var isProtected: Bool?
    package var isDeleted: Bool?
    package var diskFormat: String??
    package var containerFormat: String??
    package var size: Int64?
    package var virtualSize: Int64??
    package var checksum: String??
    package var minDisk: Int64?
    package var minRAM: Int64?
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?
    package var properties: [ImageProperty] = []

    package init() {}

    /// A new, queued image of a caller.
    package func draft(_ fresh: ImageID, by caller: Caller) -> ImageDraft {
        var draft = ImageDraft(id: id ?? fresh, owner: caller.isAdmin ? owner ?? caller.project : caller.project)
        draft.name = name ?? nil
        draft.visibility = isPublic == true ? .public : .shared
        draft.isProtected = isProtected ?? false
        draft.diskFormat = diskFormat ?? nil
        draft.containerFormat = containerFormat ?? nil
        draft.size = size
        draft.virtualSize = virtualSize ?? nil
        draft.checksum = checksum ?? nil
        draft.minDisk = minDisk ?? 0
        draft.minRAM = minRAM ?? 0
        draft.createdAt = createdAt
        draft.updatedAt = updatedAt
        draft.properties = properties
        return draft
    }

    /// - Parameter purging: whether custom properties that are not named are removed.
    /// - Throws: `.forbidden` for another id or status than the image's and, if the image has its data or is receiving them, for a field
    ///   that the service computes from them: size, checksum, virtual size, formats.
    package func apply(to image: inout Image, by caller: Caller, purging: Bool) throws(Fault) {
        if let id, id != image.id { throw Fault(.forbidden, "The id of image \(image.id) cannot be changed.") }
        if let status, status != image.status.rawValue { throw Fault(.forbidden, "The status of an image cannot be changed so.") }
        if image.status != .queued, let field = fieldFound(otherThan: image) {
            throw Fault(
                .forbidden, "The \(field) of an image that is \(image.status.rawValue) cannot be changed: it is what the service found.")
        }
        func set<Value>(_ path: WritableKeyPath<Image, Value>, _ value: Value?) { if let value { image[keyPath: path] = value } }
        set(\.name, name)
        set(\.isProtected, isProtected)
        set(\.diskFormat, diskFormat)
        set(\.containerFormat, containerFormat)
        set(\.size, size.map { $0 })
        set(\.virtualSize, virtualSize)
        set(\.checksum, checksum)
        set(\.minDisk, minDisk)
        set(\.minRAM, minRAM)
        if caller.isAdmin { set(\.owner, owner) }
        if let isPublic { image.visibility = isPublic ? .public : image.visibility == .public ? .shared : image.visibility }
        // A client that sends back what they were shown changes nothing.
        let news = properties.filter { image[property: $0.name]?.isSame(as: $0.value ?? "") != true }
        try Image.refuseMarks(in: news.map(\.name))
        let marks = image.properties.filter { Image.isMark($0.name) }
        image.set(properties, replacing: purging)
        image.properties += marks.filter { image[property: $0.name] == nil }
    }

    /// The first field that contradicts what the service computed from an image's bytes. A client that sends back what they were shown
    /// changes nothing.
    private func fieldFound(otherThan image: Image) -> String? {
        if let size, size != image.size { return "size" }
        if let checksum, checksum != image.checksum { return "checksum" }
        if let virtualSize, virtualSize != image.virtualSize { return "virtual_size" }
        if let diskFormat, diskFormat != image.diskFormat { return "disk_format" }
        if let containerFormat, containerFormat != image.containerFormat { return "container_format" }
        return nil
    }
}
