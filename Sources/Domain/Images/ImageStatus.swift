/// The states of an image, and the moves between them.
package enum ImageStatus: String, Sendable, CaseIterable {
    /// Registered, without bytes.
    case queued
    /// Bytes are being uploaded.
    case saving
    /// Bytes are being uploaded to the staging area.
    case uploading
    /// Bytes are being copied into stores, from the staging area or from a remote source.
    case importing
    case active
    /// Complete, but withheld from users by an administrator or the owner.
    case deactivated
    /// An upload through V1 failed.
    case killed
    /// Deleted; the scrubber has not yet removed the bytes.
    case pendingDelete = "pending_delete"
    case deleted

    /// The permitted moves of V1 and V2. Source: Images API v2, "Image statuses".
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
