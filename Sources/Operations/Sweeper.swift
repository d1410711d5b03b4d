package import Domain
package import Logging

/// Undoes what dead workers left.
package struct Sweeper: Sendable {
    private let uploads: any UploadBacklog
    private let removals: any RemovalBacklog
    private let tasks: any TaskSweeping
    private let stores: any ImageStores
    private let staging: StagingArea
    private let worker: String
    /// Whether a process of that name is not there any more.
    private let isDead: @Sendable (String) -> Bool
    private let logger: Logger

    /// - Parameter worker: names this process among all that hold leases.
    package init(
        catalog: some UploadBacklog & RemovalBacklog & TaskSweeping, stores: any ImageStores, staging: StagingArea, worker: String,
        isDead: @escaping @Sendable (String) -> Bool, logger: Logger
    ) {
        (uploads, removals, tasks) = (catalog, catalog, catalog)
        (self.stores, self.staging) = (stores, staging)
        (self.worker, self.isDead, self.logger) = (worker, isDead, logger)
    }

    /// Ends the leases of processes of this host that died, so that nobody waits for them.
    package func endLeasesOfTheDead() throws(Fault) {
        let dead = try tasks.leaseholders().filter(isDead)
        if !dead.isEmpty { try tasks.endLeases(of: dead) }
    }

    /// Gives back the images of uploads whose lease ended, removes bytes that are owed, and unfinished bytes that belong to no
    /// upload.
    ///
    /// - Throws: what the catalog throws when it cannot be asked; a store's refusal is logged and tried again next time.
    package func sweep() throws(Fault) {
        try endLeasesOfTheDead()
        for upload in try uploads.expired(atMost: 100) {
            // Under a new token: who held it cannot end it any more, and only then may its bytes go.
            guard let upload = try uploads.takeOver(upload, as: Upload.freshToken(), by: worker) else { continue }
            logger.warning("upload of image \(upload.image) was abandoned; giving the image back")
            // Bytes first: while they may lie there, nobody else may begin.
            if upload.aim == .staging { try staging.discard(upload) } else { try stores.discard(upload) }
            try uploads.giveBack(upload, as: .queued, because: "The upload was abandoned.")
        }
        for removal in try removals.overdue(atMost: 100) { removals.carryOut(removal, in: stores, logger) }
        try sweepStrays(try stores.pendingUploads(olderThan: Self.strayAge), stores.discardPending)
        try sweepStrays(try staging.pendingUploads(olderThan: Self.strayAge), staging.discardPending)
        try tasks.forgetCommits()
    }

    /// The same for what comes about rarely: imports that another image service left, staged bytes that nobody waits for, tasks whose
    /// time is over.
    package func sweepThoroughly() throws(Fault) {
        try tasks.endForeignTasks()
        try tasks.expireTasks()
        let staged = try staging.contents(olderThan: Self.strayAge)
        guard !staged.isEmpty else { return }
        let waiting = try uploads.waiting(among: staged.map(\.image))
        for (image, file) in staged where !waiting.contains(image) {
            logger.warning("removing staged bytes of image \(image), which nobody imports any more")
            try staging.remove(file) { () throws(Fault) in try uploads.waiting(among: [image]).isEmpty }
        }
    }

    private func sweepStrays(_ strays: [Upload], _ discard: (Upload) throws(Fault) -> Void) throws(Fault) {
        guard !strays.isEmpty else { return }
        let known = try uploads.known(among: strays)
        for stray in strays where !known.contains(stray.token) {
            logger.warning("removing unfinished bytes of image \(stray.image) that no upload knows")
            try discard(stray)
        }
    }

    /// Seconds. Bytes are there a moment before their upload is, when it begins.
    private static let strayAge = 300
}

extension RemovalCatalog {
    /// Removes bytes that are owed; a failure is logged, and the debt stays.
    package func carryOut(_ removal: OwedRemoval, in stores: any ImageStores, _ logger: Logger) {
        do throws(Fault) {
            var isOver = true
            try stores.remove(removal.url) { () throws(Fault) in
                isOver = try isOwed(removal)
                return isOver
            }
            if isOver { try settle(removal) }
        } catch {
            logger.warning("bytes of image \(removal.image) stay until a later try: \(error)")
        }
    }
}
