/// A page of images that a client asks for.
package struct ImageListing: Sendable {
    package var limit: Int
    /// The last image of the page before.
    package var marker: ImageID?
    package var sort: [Sort] = [Sort(.createdAt, .descending), Sort(.id, .descending)]
    package var filters: [Filter] = []
    package var visibility = VisibilityFilter.usual
    /// For images that are shared with the caller; nil for any answer.
    package var memberStatus: Member.Status? = .accepted
    package var isHidden = false
    package var deletion = Deletion.absent
    /// Of custom properties that filters name, only those count whose names are the very same letters.
    package var hasExactNames = false

    package init(limit: Int) { self.limit = limit }

    package struct Sort: Sendable, Equatable {
        package let key: Key
        package let direction: Direction

        package init(_ key: Key, _ direction: Direction) {
            self.key = key
            self.direction = direction
        }

        package enum Key: String, Sendable, CaseIterable {
            case name, status
            case containerFormat = "container_format"
            case diskFormat = "disk_format"
            case size, id
            case createdAt = "created_at"
            case updatedAt = "updated_at"
        }

        package enum Direction: String, Sendable {
            case ascending = "asc"
            case descending = "desc"
        }
    }

    /// Which visibilities are looked at.
    package enum VisibilityFilter: Sendable, Equatable {
        /// All that concerns the caller: not others' community images.
        case usual
        /// The usual and every community image.
        case all
        /// Every image that is not public; for administrators.
        case nonPublic
        case only(Visibility)
    }

    /// Whether images are listed that are deleted.
    package enum Deletion: Sendable {
        case absent
        /// With all others, and killed ones too.
        case included
        /// No others.
        case only
    }

    package enum Filter: Sendable {
        case text(TextField, anyOf: [String])
        case number(NumberField, Comparison, Int64)
        case time(TimeField, Comparison, Timestamp)
        case isProtected(Bool)
        /// The image carries the tag.
        case tag(String)
        /// A custom property has the value.
        case property(String, String)
        /// No image passes.
        case nothing

        package var isNothing: Bool { if case .nothing = self { true } else { false } }
    }

    package enum TextField: String, Sendable, CaseIterable {
        case id, name, status, owner, checksum
        case diskFormat = "disk_format"
        case containerFormat = "container_format"
        case hashAlgorithm = "os_hash_algo"
        case hashValue = "os_hash_value"
    }

    package enum NumberField: String, Sendable, CaseIterable {
        case size
        case virtualSize = "virtual_size"
        case minDisk = "min_disk"
        case minRAM = "min_ram"
    }

    package enum TimeField: String, Sendable, CaseIterable {
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    package enum Comparison: String, Sendable, CaseIterable {
        case equal = "eq"
        case notEqual = "neq"
        case greater = "gt"
        case greaterOrEqual = "gte"
        case less = "lt"
        case lessOrEqual = "lte"
    }
}

/// What came of asking for a page: all of it, or its first images where they hold much.
package struct ImagePage: Sendable {
    package var images: [Image]
    /// As many as the limit were found, so there may be more behind them.
    package let isFull: Bool
    /// Images of the page that were not read any more, in their order.
    package let rest: [ImageID]
    /// The last image that was read, whether or not it is shown. A page goes on behind it.
    package let last: ImageID?

    /// Bytes of images, about, that are in memory at once. A single one may hold more: 8 MiB with the usual quotas.
    package static let memoryLimit = 6 << 20

    /// - Parameter images: as they were read; who leaves out some does so afterwards.
    package init(images: [Image], isFull: Bool, rest: [ImageID] = []) {
        self.images = images
        self.isFull = isFull
        self.rest = rest
        last = images.last?.id
    }

    package static let nothing = ImagePage(images: [], isFull: false)

    /// The image that the page behind this one comes after; nil when there is none.
    package var nextMarker: ImageID? { isFull || !rest.isEmpty ? last : nil }
}
