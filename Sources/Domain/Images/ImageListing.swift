/// A client's query for a page of images.
package struct ImageListing: Sendable {
    package var limit: Int
    /// The last image of the previous page.
    package var marker: ImageID?
    package var sort: [Sort] = [Sort(.createdAt, .descending), Sort(.id, .descending)]
    package var filters: [Filter] = []
    package var visibility = VisibilityFilter.usual
    /// The membership status that images shared with the caller must have; nil for any.
    package var memberStatus: Member.Status? = .accepted
    package var isHidden = false
    package var deletion = Deletion.absent
    /// Whether the names of custom properties in filters are compared byte by byte.
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

    /// The visibilities that are listed.
    package enum VisibilityFilter: Sendable, Equatable {
        /// Everything that concerns the caller, without other projects' community images.
        case usual
        /// The usual ones and every community image.
        case all
        /// Every image that is not public; for administrators.
        case nonPublic
        case only(Visibility)
    }

    /// Whether deleted images are listed.
    package enum Deletion: Sendable {
        case absent
        /// Together with all others, killed ones included.
        case included
        /// Deleted ones only.
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
        /// Matches no image.
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

/// The result of a query for a page: all of it, or its first images if they are large.
package struct ImagePage: Sendable {
    package var images: [Image]
    /// Whether as many images as the limit were found, so there may be more.
    package let isFull: Bool
    /// The remaining images of the page, in order, which were not read.
    package let rest: [ImageID]
    /// The last image that was read, whether or not it is shown. The next page begins after it.
    package let last: ImageID?

    /// The approximate size in bytes of the images in memory at once. A single image may be larger: 8 MiB with the default quotas.
    package static let memoryLimit = 6 << 20

    /// - Parameter images: the images as they were read, before any is left out.
    package init(images: [Image], isFull: Bool, rest: [ImageID] = []) {
        self.images = images
        self.isFull = isFull
        self.rest = rest
        last = images.last?.id
    }

    package static let nothing = ImagePage(images: [], isFull: false)

    /// The marker for the next page; nil when there is none.
    package var nextMarker: ImageID? { isFull || !rest.isEmpty ? last : nil }
}
