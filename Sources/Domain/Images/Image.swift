internal import JSONDocument

/// An image's record. Its bytes lie in stores, at its `locations`.
package struct Image: Sendable {
    package let id: ImageID
    package var name: String?
    package var status: ImageStatus
    package var visibility: Visibility
    package var isProtected: Bool
    /// Hidden images are left out of lists unless a list asks for them.
    package var isHidden: Bool
    /// The project that owns the image.
    package var owner: String?
    package var diskFormat: String?
    package var containerFormat: String?
    /// Bytes stored.
    package var size: Int64?
    /// Size in bytes of the disk that the image expands to.
    package var virtualSize: Int64?
    /// MD5 of the bytes, in hexadecimal.
    package var checksum: String?
    package var hash: ImageHash?
    /// The smallest disk that can boot the image, in GB.
    package var minDisk: Int64
    /// The least memory that can boot the image, in MB.
    package var minRAM: Int64
    package let createdAt: Timestamp
    package var updatedAt: Timestamp
    /// Nil unless the image is deleted.
    package var deletedAt: Timestamp?
    package var properties: [ImageProperty]
    package var tags: [String]
    package var locations: [ImageLocation]

    package init(
        id: ImageID, name: String? = nil, status: ImageStatus, visibility: Visibility, isProtected: Bool = false,
        isHidden: Bool = false, owner: String? = nil, diskFormat: String? = nil, containerFormat: String? = nil,
        size: Int64? = nil, virtualSize: Int64? = nil, checksum: String? = nil, hash: ImageHash? = nil,
        minDisk: Int64 = 0, minRAM: Int64 = 0, createdAt: Timestamp, updatedAt: Timestamp, deletedAt: Timestamp? = nil,
        properties: [ImageProperty] = [], tags: [String] = [], locations: [ImageLocation] = []
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.visibility = visibility
        self.isProtected = isProtected
        self.isHidden = isHidden
        self.owner = owner
        self.diskFormat = diskFormat
        self.containerFormat = containerFormat
        self.size = size
        self.virtualSize = virtualSize
        self.checksum = checksum
        self.hash = hash
        self.minDisk = minDisk
        self.minRAM = minRAM
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.deletedAt = deletedAt
        self.properties = properties
        self.tags = tags
        self.locations = locations
    }

    /// The names of the record's own fields in the API. No custom property may have one of them.
    package static let fieldNames: Set<String> = [
        "id", "name", "status", "visibility", "protected", "os_hidden", "checksum", "os_hash_algo", "os_hash_value", "owner",
        "size", "virtual_size", "container_format", "disk_format", "created_at", "updated_at", "tags", "direct_url", "min_ram",
        "min_disk", "self", "file", "schema", "locations",
    ]

    /// The value of a custom property; nil when the image has none of that name.
    package subscript(property name: String) -> String? {
        properties.first { $0.name.isSame(as: name) }.map { $0.value ?? "" }
    }

    /// A property that the service itself keeps on the image. An absent one and an empty text both read as nil; setting nil removes it.
    package subscript(internal name: String) -> String? {
        get { self[property: name].flatMap { $0.isEmpty ? nil : $0 } }
        set {
            properties.removeAll { $0.name.isSame(as: name) && newValue == nil }
            if let newValue { set([ImageProperty(name, newValue)], replacing: false) }
        }
    }

    /// Sets properties by name.
    ///
    /// - Parameter replacing: whether properties that are not named are removed.
    package mutating func set(_ given: [ImageProperty], replacing: Bool) {
        if replacing { properties.removeAll { old in !given.contains { $0.name.isSame(as: old.name) } } }
        for property in given {
            if let index = properties.firstIndex(where: { $0.name.isSame(as: property.name) }) {
                properties[index].value = property.value
            } else {
                properties.append(property)
            }
        }
    }

    /// The approximate size of the record in memory, in bytes.
    package var memory: Int {
        var bytes = 512
        for property in properties { bytes += 64 + property.name.utf8.count + (property.value?.utf8.count ?? 0) }
        for tag in tags { bytes += 32 + tag.utf8.count }
        for location in locations { bytes += 64 + location.url.utf8.count + location.metadata.utf8.count }
        return bytes
    }

    /// Whether the database shows the image to a caller at all, before any policy.
    ///
    /// - Parameter isMember: whether the caller's project is among the image's members, whatever its answer.
    package func isVisible(to caller: Caller, isMember: Bool) -> Bool {
        if caller.isAdmin || owner == nil || caller.owns(self) { return true }
        switch visibility {
        case .public, .community: return true
        case .shared: return isMember
        case .private: return false
        }
    }
}

/// A digest of an image's bytes by a named algorithm.
package struct ImageHash: Sendable, Equatable {
    package let algorithm: String
    /// In hexadecimal.
    package let value: String

    package init(algorithm: String, value: String) {
        self.algorithm = algorithm
        self.value = value
    }
}

extension ImageHash {
    /// The number of hexadecimal digits for each algorithm that a client may name.
    private static let lengths = ["md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128]

    /// - Throws: `.invalid` for an unsupported algorithm, and for a value that is no digest of that algorithm.
    package func check() throws(Fault) {
        guard let length = Self.lengths[algorithm] else {
            throw Fault(.invalid, "os_hash_algo must be one of \(Self.lengths.keys.sorted().joined(separator: ", ")).")
        }
        guard value.utf8.count == length, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x46 ~= $0 || 0x61...0x66 ~= $0 }) else {
            throw Fault(.invalid, "os_hash_value is no digest by \(algorithm): that has \(length) hexadecimal digits.")
        }
    }
}

/// A custom property. Names and values are compared byte by byte.
package struct ImageProperty: Sendable, Equatable {
    package let name: String
    /// Nil where a site's schema allows null, and from V1. If no schema declares the property, nil is shown as an empty text.
    package var value: String?

    package init(_ name: String, _ value: String?) {
        self.name = name
        self.value = value
    }

    package static func == (one: ImageProperty, other: ImageProperty) -> Bool {
        guard one.name.isSame(as: other.name) else { return false }
        return switch (one.value, other.value) {
        case (let value?, let otherValue?): value.isSame(as: otherValue)
        case (let value, let otherValue): value == nil && otherValue == nil
        }
    }
}
