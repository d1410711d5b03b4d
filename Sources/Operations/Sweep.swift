package import Domain
internal import Logging

extension ImageService {
    /// Undoes what dead workers left: gives back the images of uploads whose lease ended, removes bytes that are owed, and
    /// unfinished bytes that belong to no upload.
    ///
    /// - Throws: what the catalog throws when it cannot be asked; a store's refusal is logged and tried again next time.
    package func sweep() throws(Fault) {
        for upload in try uploads.expired(atMost: 100) {
            guard try uploads.takeOver(upload, by: leases.worker) else { continue }
            logger.warning("upload of image \(upload.image) was abandoned; giving the image back")
            // Bytes first: while they may lie there, nobody else may begin.
            try store.discard(upload)
            try uploads.giveBack(upload)
        }
        for removal in try removals.overdue(atMost: 100) { remove(removal) }

        let strays = try store.pendingUploads(olderThan: Self.strayAge)
        guard !strays.isEmpty else { return }
        let known = try uploads.known(tokens: strays.map(\.token))
        for stray in strays where !known.contains(stray.token) {
            logger.warning("removing unfinished bytes of image \(stray.image) that no upload knows")
            try store.discardPending(stray)
        }
    }

    /// Seconds. Bytes are there a moment before their upload is, when it begins.
    private static let strayAge = 300
}
