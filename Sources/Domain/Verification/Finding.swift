internal import JSONDocument

/// A difference between records, files and digests that a verification found and confirmed.
package struct Finding: Sendable, Equatable {
    package let kind: FindingKind
    /// The name of the store; `file` or `http` for a single store without a name, `staging` and `cache` for these folders, empty where no
    /// store has the location.
    package let store: String
    /// The image whose record or data is concerned; nil for a file whose name contains no image id, and for a whole store.
    package let image: ImageID?
    /// The URL of the location, as `ImageLocation.shownURL`, or the path of the file; empty for a whole store, or an image without location.
    package let location: String
    /// What differs, for an operator.
    package let detail: String
    /// The bytes of the file; 0 without one.
    package let bytes: Int64

    package init(_ kind: FindingKind, store: String, image: ImageID? = nil, location: String = "", detail: String, bytes: Int64 = 0) {
        (self.kind, self.store, self.image, self.location) = (kind, store, image, location)
        (self.detail, self.bytes) = (detail, bytes)
    }

    /// Whether another finding is of the same kind and object, whatever its detail says.
    package func isSame(as other: Finding) -> Bool {
        kind == other.kind && store.isSame(as: other.store) && location.isSame(as: other.location)
            && (image?.text ?? "").isSame(as: other.image?.text ?? "")
    }
}

/// The kinds of findings, by the names under which they are stored and printed.
package enum FindingKind: String, Sendable, CaseIterable {
    /// A file in a store's folder that no image's location refers to.
    case orphanFile = "orphan_file"
    /// An image's location at which there is no file.
    case missingFile = "missing_file"
    /// A file that is shorter or longer than its image's record says. Its digests are not compared.
    case sizeMismatch = "size_mismatch"
    /// Data with another MD5 than the record has.
    case checksumMismatch = "checksum_mismatch"
    /// Data with another digest by the image's `os_hash_algo` than the record has.
    case hashMismatch = "hash_mismatch"
    /// A file of an upload that no upload and no job knows any more.
    case unfinishedFile = "unfinished_file"
    /// A file in the staging area that no image waits for.
    case stagedLeftover = "staged_leftover"
    /// A file that the service or nginx cannot read, or that belongs to somebody else.
    case wrongPermissions = "wrong_permissions"
    /// A file that several images refer to: deleting one of them removes the data of the others.
    case sharedFile = "shared_file"
    /// A location in a folder that belongs to no store.
    case unknownFolder = "unknown_folder"
    /// An active image without a location.
    case noLocation = "no_location"
    /// A file in the image cache whose image is gone.
    case cacheOrphan = "cache_orphan"
    /// Data that is as recorded, but is not of the image's disk format, or unsafe, by the site's rules.
    case wrongFormat = "wrong_format"
    /// Data that could not be compared, since its store failed or did not answer. It is not known to be damaged.
    case notVerified = "not_verified"
}

/// A finding as it is recorded.
package struct RecordedFinding: Sendable {
    package let number: Int64
    package let run: Int64
    package let finding: Finding
    package let foundAt: Timestamp
    /// What was done about it; nil while it is open.
    package let repair: String?

    package init(number: Int64, run: Int64, finding: Finding, foundAt: Timestamp, repair: String?) {
        (self.number, self.run, self.finding, self.foundAt, self.repair) = (number, run, finding, foundAt, repair)
    }
}
