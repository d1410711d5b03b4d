internal import Text

/// What the names of a container are, in their order: an image's object comes right before its segments.
struct SwiftWalk {
    /// Segments whose names begin alike.
    struct Segments: Equatable {
        /// `<id>.<token>-`, or `<id>-` of Glance's driver.
        let prefix: String
        let image: String
        /// Nil for those of Glance's driver.
        let token: String?
        /// Whether the manifest of their name is there.
        let hasManifest: Bool
        /// Whether there is an object of the image's name that can be their manifest.
        let mayBelongToImage: Bool
        /// Seconds since the last one was written.
        var age: Int
    }

    /// Whether the last name is that of an image's object.
    private(set) var isImage = false
    /// The last object that is named by an image's id alone, and the last one that is named by an upload, too.
    private var image: (name: String, mayBeManifest: Bool)?
    private var stem = ""
    private var segments: Segments?

    /// Takes the next object.
    ///
    /// - Returns: the segments that end before it.
    mutating func step(_ item: SwiftStore.Item) -> Segments? {
        isImage = false
        let (id, rest) = (String(item.name.prefix(36)), item.name.dropFirst(36))
        guard isUUID(id) else { return end() }
        if let dash = rest.lastIndex(of: "-"), Self.isNumber(rest[rest.index(after: dash)...]) {
            let between = rest[..<dash]
            guard between.isEmpty || between.first == "." && isUploadToken(between.dropFirst()) else { return end() }
            let prefix = "\(id)\(between)-"
            if let known = segments, known.prefix == prefix {
                segments?.age = min(known.age, item.age)
                return nil
            }
            let ended = end()
            segments = Segments(
                prefix: prefix, image: id, token: between.isEmpty ? nil : String(between.dropFirst()),
                hasManifest: !between.isEmpty && stem == "\(id)\(between)",
                mayBelongToImage: image?.name == id && image?.mayBeManifest == true, age: item.age)
            return ended
        }
        if rest.isEmpty {
            isImage = true
            image = (id, item.bytes == 0)
        } else if rest.first == ".", isUploadToken(rest.dropFirst()) {
            isImage = true
            stem = item.name
        }
        return end()
    }

    /// - Returns: the segments that no further object belongs to.
    mutating func end() -> Segments? {
        defer { segments = nil }
        return segments
    }

    private static func isNumber(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } }
}
