/// Where an image stands in its life, and where it may go from there.
package enum ImageStatus: String, Sendable, CaseIterable {
    /// Known, without bytes.
    case queued
    /// Bytes come in.
    case saving
    /// Bytes come in to the staging area.
    case uploading
    /// Bytes go from the staging area, or from elsewhere, into stores.
    case importing
    case active
    /// Whole, but kept from users by an administrator or its owner.
    case deactivated
    /// An upload through V1 failed.
    case killed
    /// Deleted; its bytes wait for the scrubber.
    case pendingDelete = "pending_delete"
    case deleted

    /// The moves of the classic service and of today's. Source: Images API v2, "Image statuses"; spec v2 §5.
    // swift-format-ignore
    package static let moves: [ImageStatus: Set<ImageStatus>] = [
        .queued:        [.saving, .uploading, .importing, .active, .deleted],
        .saving:        [.active, .killed, .deleted, .queued],
        .uploading:     [.importing, .queued, .deleted],
        .importing:     [.active, .deleted, .queued],
        .active:        [.queued, .pendingDelete, .deleted, .deactivated],
        .deactivated:   [.active, .deleted],
        .killed:        [.deleted],
        .pendingDelete: [.deleted, .active],
        .deleted:       [],
    ]

    package func mayBecome(_ next: ImageStatus) -> Bool { Self.moves[self]!.contains(next) }
}
