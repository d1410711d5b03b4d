/// A run of the verification: its scope, how far it is, and who does it.
package struct Verification: Sendable {
    package let number: Int64
    package let scope: VerificationScope
    package let startedAt: Timestamp
    /// Nil while it runs, or after it was interrupted.
    package var endedAt: Timestamp?
    package var position: VerificationPosition
    /// What was compared so far, up to `position`.
    package var counts: VerificationCounts
    /// The number of findings so far.
    package var findings: Int64
    /// The name of the process that does it, or did.
    package var worker: String
    /// The token of its lease; a process that takes the run over changes it.
    package var token: String

    package init(
        number: Int64, scope: VerificationScope, startedAt: Timestamp, endedAt: Timestamp? = nil,
        position: VerificationPosition = .start, counts: VerificationCounts = VerificationCounts(), findings: Int64 = 0, worker: String,
        token: String
    ) {
        (self.number, self.scope, self.startedAt, self.endedAt) = (number, scope, startedAt, endedAt)
        (self.position, self.counts, self.findings) = (position, counts, findings)
        (self.worker, self.token) = (worker, token)
    }
}

/// What a verification compares.
package struct VerificationScope: Sendable, Equatable {
    /// The occasion of a verification.
    package enum Kind: String, Sendable {
        /// An operator, by `glance-manage store verify`.
        case command
        /// The continuous scrub of `glance-tasks`.
        case scrub
    }

    package var kind: Kind
    /// The only store to verify; nil for every one that keeps files or takes images, the staging area and this node's image cache.
    package var store: String?
    /// The only image to verify; nil for all.
    package var image: ImageID?
    /// Whether data is not read: names, sizes and permissions alone are compared.
    package var isQuick: Bool

    package init(_ kind: Kind = .command, store: String? = nil, image: ImageID? = nil, isQuick: Bool = false) {
        (self.kind, self.store, self.image, self.isQuick) = (kind, store, image, isQuick)
    }
}

/// How far a verification is.
package enum VerificationPosition: Sendable, Equatable {
    /// The images up to this one, in the order of their ids, are compared; nil at the start.
    case images(after: ImageID?)
    /// All images are compared, and the files of the folders are next.
    case folders

    package static let start = VerificationPosition.images(after: nil)

    /// The text that is recorded.
    package var text: String {
        switch self {
        case .images(nil): ""
        case .images(let image?): "images \(image)"
        case .folders: "folders"
        }
    }

    /// Reads the recorded text; an unknown one is the start.
    package init(_ text: String) {
        if text == "folders" {
            self = .folders
        } else if text.hasPrefix("images ") {
            self = .images(after: ImageID(String(text.dropFirst("images ".count))))
        } else {
            self = .start
        }
    }
}

/// What a verification compared.
package struct VerificationCounts: Sendable, Equatable {
    /// The counts of one store.
    package struct Store: Sendable, Equatable {
        /// Locations of images that were compared with their data.
        package var images: Int64 = 0
        /// Files of folders that were compared with the records.
        package var files: Int64 = 0
        /// Bytes that were read and digested.
        package var bytes: Int64 = 0
        /// Whether the store was given up: it failed or did not answer.
        package var isGivenUp = false

        package init(images: Int64 = 0, files: Int64 = 0, bytes: Int64 = 0) {
            (self.images, self.files, self.bytes) = (images, files, bytes)
        }
    }

    /// By the names of stores, as findings have them.
    package var stores: [String: Store] = [:]

    package init() {}

    package var images: Int64 { stores.values.reduce(0) { $0 + $1.images } }
    package var files: Int64 { stores.values.reduce(0) { $0 + $1.files } }
    package var bytes: Int64 { stores.values.reduce(0) { $0 + $1.bytes } }

    package subscript(store: String) -> Store {
        get { stores[store] ?? Store() }
        set { stores[store] = newValue }
    }
}

/// What a verification reads of an image's record.
package struct RecordedImage: Sendable, Equatable {
    package let id: ImageID
    package let status: ImageStatus
    package let size: Int64?
    package let checksum: String?
    package let hash: ImageHash?
    package let diskFormat: String?
    package let containerFormat: String?
    /// Those that are active; of an image that waits for its deletion, those that wait with it.
    package var locations: [ImageLocation]
    /// Seconds since the image was deleted; nil for one that is not.
    package let deletedFor: Int64?

    package init(
        id: ImageID, status: ImageStatus, size: Int64?, checksum: String?, hash: ImageHash?, diskFormat: String?, containerFormat: String?,
        locations: [ImageLocation] = [], deletedFor: Int64? = nil
    ) {
        (self.id, self.status, self.size, self.checksum, self.hash) = (id, status, size, checksum, hash)
        (self.diskFormat, self.containerFormat, self.locations, self.deletedFor) = (diskFormat, containerFormat, locations, deletedFor)
    }

    /// Whether its data should lie at its locations.
    package var hasData: Bool { status == .active || status == .deactivated }
}

/// A location with its image, as a scan of all locations tells it.
package struct ScannedLocation: Sendable {
    package let number: Int64
    package let image: ImageID
    package let url: String

    package init(number: Int64, image: ImageID, url: String) { (self.number, self.image, self.url) = (number, image, url) }
}
