/// The place to which repairs move files, so that nothing is lost by a repair. Each folder of images has its own, in the same file system.
package protocol Quarantine: Sendable {
    /// Moves a file into the quarantine of its folder.
    ///
    /// The manifest has its line before the file moves, and the move is durable when this returns. So a process that dies leaves the file
    /// in one place or the other, and a second call finds which.
    ///
    /// - Parameters:
    ///   - path: a file directly in a folder of images, or in its `.incoming`.
    ///   - isMeant: tells, while no upload can take the file's name, whether the file is still to be moved.
    /// - Throws: `.invalid` for a path in no known folder; `.unavailable` when the folder is not the recorded one, or cannot be changed.
    func take(_ path: String, _ reason: QuarantineReason, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) -> QuarantineResult

    /// Calls a function with each file in quarantine, folder by folder, the oldest day first.
    func list(_ note: (QuarantinedFile) throws(Fault) -> Void) throws(Fault)

    /// Moves a file back to where it came from.
    ///
    /// - Throws: `.notFound` for an unknown id, `.conflict` when a file has its former name by now.
    func restore(_ id: String) throws(Fault) -> QuarantinedFile

    /// Removes the files that are in quarantine for some seconds.
    ///
    /// - Parameter note: called with each file that was removed.
    /// - Throws: the first fault, after all were tried.
    func empty(olderThan seconds: Int, _ note: (QuarantinedFile) -> Void) throws(Fault)
}

/// Why a file is moved into quarantine, for the manifest.
package struct QuarantineReason: Sendable {
    /// The kind of the finding.
    package let kind: FindingKind
    /// The store's name, as the finding has it.
    package let store: String
    /// The image that the file belonged to, or is named after; nil when it is unknown.
    package let image: ImageID?
    /// What was found, for an operator.
    package let detail: String
    /// The number of the verification.
    package let run: Int64

    /// Makes a reason of a finding.
    package init(_ finding: Finding, run: Int64) {
        (kind, store, image, detail, self.run) = (finding.kind, finding.store, finding.image, finding.detail, run)
    }

    /// Makes a reason of its parts.
    package init(kind: FindingKind, store: String, image: ImageID?, detail: String, run: Int64) {
        (self.kind, self.store, self.image, self.detail, self.run) = (kind, store, image, detail, run)
    }
}

/// What became of a file that was to be moved into quarantine.
package enum QuarantineResult: Sendable {
    case taken(QuarantinedFile)
    /// There is no such file.
    case gone
    /// The file stays, because it was no longer meant.
    case kept
}

/// A file in quarantine.
package struct QuarantinedFile: Sendable {
    /// The name by which operators choose it.
    package let id: String
    /// The path at which it lies now.
    package let path: String
    /// The path from which it was taken.
    package let origin: String
    package let reason: QuarantineReason
    package let bytes: Int64
    /// The time when it was taken, by the clock of the node that took it.
    package let takenAt: Timestamp

    /// Makes a file of its parts.
    package init(id: String, path: String, origin: String, reason: QuarantineReason, bytes: Int64, takenAt: Timestamp) {
        (self.id, self.path, self.origin, self.reason) = (id, path, origin, reason)
        (self.bytes, self.takenAt) = (bytes, takenAt)
    }
}
