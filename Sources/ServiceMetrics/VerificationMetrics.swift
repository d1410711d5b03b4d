/// The metrics of the verification of stores. What was found is read from the database, so that it does not matter who verified.
package struct VerificationMetrics: MetricGroup {
    package let findings = Gauges<FindingPlace>(
        "vitrine_verification_findings",
        "Findings of the last whole verification of a store, and of quick ones since, that are not repaired.", .max)
    package let endedAt = Gauges<Labels1<StoreName>>(
        "vitrine_verification_ended_timestamp_seconds", "When the last whole verification of a store ended, in seconds since 1970.", .max)
    package let images = Counters<Labels1<StoreName>>(
        "vitrine_verified_images_total", "Images that the continuous verification has compared.")
    package let bytes = Counters<Labels1<StoreName>>("vitrine_verified_bytes_total", "Bytes that the continuous verification has read.")

    package init() {}
}

/// The kinds of findings of a verification.
package enum FindingLabel: String, KnownLabel {
    case orphanFile = "orphan_file"
    case missingFile = "missing_file"
    case sizeMismatch = "size_mismatch"
    case checksumMismatch = "checksum_mismatch"
    case hashMismatch = "hash_mismatch"
    case unfinishedFile = "unfinished_file"
    case stagedLeftover = "staged_leftover"
    case wrongPermissions = "wrong_permissions"
    case sharedFile = "shared_file"
    case unknownFolder = "unknown_folder"
    case noLocation = "no_location"
    case cacheOrphan = "cache_orphan"
    case wrongFormat = "wrong_format"
    case notVerified = "not_verified"
    package static let label = "kind"
}

/// The labels of findings: their kind, and the store; `none` for what is in no store.
package struct FindingPlace: LabelCombination {
    package let kind: FindingLabel
    package let store: StoreName

    package init(_ kind: FindingLabel, _ store: StoreName) { (self.kind, self.store) = (kind, store) }

    package static let labels = [FindingLabel.declaration, StoreName.declaration]
    package static let known: [FindingPlace] = []
    /// Those of some seventy stores.
    package static let most = 1024
    package var texts: [String] { [kind.rawValue, store.text] }
    package var beyondBound: FindingPlace { FindingPlace(kind, store.beyondBound) }
}
