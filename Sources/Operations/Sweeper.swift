package import Domain
package import Logging

/// Undoes what dead workers left.
package struct Sweeper: Sendable {
    private let uploads: any UploadBacklog
    private let removals: any RemovalBacklog
    private let stores: any ImageStores
    private let worker: String
    private let logger: Logger

    /// - Parameter worker: names this process among all that hold uploads.
    package init(uploads: any UploadBacklog, removals: any RemovalBacklog, stores: any ImageStores, worker: String, logger: Logger) {
        self.uploads = uploads
        self.removals = removals
        self.stores = stores
        self.worker = worker
        self.logger = logger
    }

    /// Gives back the images of uploads whose lease ended, removes bytes that are owed, and unfinished bytes that belong to no
    /// upload.
    ///
    /// - Throws: what the catalog throws when it cannot be asked; a store's refusal is logged and tried again next time.
    package func sweep() throws(Fault) {
        for upload in try uploads.expired(atMost: 100) {
            guard try uploads.takeOver(upload, by: worker) else { continue }
            logger.warning("upload of image \(upload.image) was abandoned; giving the image back")
            // Bytes first: while they may lie there, nobody else may begin.
            try stores.discard(upload)
            try uploads.giveBack(upload, as: .queued, because: "The upload was abandoned.")
        }
        for removal in try removals.overdue(atMost: 100) { removals.carryOut(removal, in: stores, logger) }

        let strays = try stores.pendingUploads(olderThan: Self.strayAge)
        guard !strays.isEmpty else { return }
        let known = try uploads.known(tokens: strays.map(\.token))
        for stray in strays where !known.contains(stray.token) {
            logger.warning("removing unfinished bytes of image \(stray.image) that no upload knows")
            try stores.discardPending(stray)
        }
    }

    /// Seconds. Bytes are there a moment before their upload is, when it begins.
    private static let strayAge = 300
}

extension RemovalCatalog {
    /// Removes bytes that are owed; a failure is logged, and the debt stays.
    func carryOut(_ removal: OwedRemoval, in stores: any ImageStores, _ logger: Logger) {
        do throws(Fault) {
            try stores.remove(removal.url)
            try settle(removal)
        } catch {
            logger.warning("bytes of image \(removal.image) stay until a later try: \(error)")
        }
    }
}
