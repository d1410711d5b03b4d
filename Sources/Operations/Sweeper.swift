package import Domain
package import Logging
internal import ServiceMetrics

/// Cleans up after workers that died.
package struct Sweeper: Sendable {
    private let catalog: any MaintenanceCatalog
    private let stores: any ImageStores
    private let staging: StagingArea
    /// Where this process does jobs; nil when it does none.
    private let site: (@Sendable () -> JobSite)?
    private let worker: String
    /// Whether the process of a worker's name no longer runs.
    private let isDead: @Sendable (String) -> Bool
    private let logger: Logger

    /// Makes a sweeper.
    ///
    /// - Parameter worker: the name of this process among the holders of leases.
    package init(
        catalog: any MaintenanceCatalog, stores: any ImageStores, staging: StagingArea, site: (@Sendable () -> JobSite)? = nil,
        worker: String,
        isDead: @escaping @Sendable (String) -> Bool, logger: Logger
    ) {
        (self.catalog, self.stores, self.staging) = (catalog, stores, staging)
        (self.site, self.worker, self.isDead, self.logger) = (site, worker, isDead, logger)
    }

    /// Records that this node is running, and ends the leases of processes of this host that died, so that nobody waits for their expiry.
    ///
    /// - Parameter waiting: the result of a recent look; only what it contains is done.
    package func endLeasesOfTheDead(_ waiting: WaitingWork = .unknown) throws(Fault) {
        attempt("record that this node is running, and which others are awaited") { () throws(Fault) in
            if let site { try catalog.note(site()) }
            if waiting.contains(.awaitedNodes) { try catalog.tellWhoIsAwaited() }
        }
        guard waiting.contains(.heldLeases) else { return }
        let dead = try catalog.leaseholders().filter(isDead)
        guard !dead.isEmpty else { return }
        try catalog.endLeases(of: dead)
        ServiceMetrics.upkeep.deadWorkers.add(Int64(dead.count))
    }

    /// Resets the images of uploads whose lease has expired, and removes unfinished data that belongs to no upload.
    ///
    /// A failure with one upload, or in one store, is logged and retried in the next run; the others go on.
    ///
    /// - Parameter waiting: the result of a recent look; only what it contains is done.
    /// - Throws: what the catalog throws when it cannot be asked.
    package func sweep(_ waiting: WaitingWork = .unknown) throws(Fault) {
        try endLeasesOfTheDead(waiting)
        if waiting.contains(.abandonedUploads) { try sweepAbandoned() }
        try sweepStrays(of: "the stores", stores.pendingUploads, stores.discardPending)
        try sweepStrays(of: "the staging area", staging.pendingUploads, staging.discardPending)
    }

    /// Deletes records of committed transactions that nobody asks for any more.
    package func forgetTransactions() throws(Fault) { try catalog.forgetCommits() }

    private func sweepAbandoned() throws(Fault) {
        var (troubles, catalogTroubles) = (Troubles(), Troubles())
        defer { troubles.log("abandoned uploads stay until a later try", logger) }
        for upload in try catalog.expired(atMost: 100) {
            let taken: Upload?
            do throws(Fault) {
                // Takes over under a new token: then its former holder cannot end it, and only then may its data be removed.
                taken = try catalog.takeOver(upload, as: Upload.freshToken(), by: worker)
                catalogTroubles.noteSuccess()
            } catch {
                troubles.note(error)
                catalogTroubles.note(error)
                if catalogTroubles.hasGivenUp() { throw error }
                continue
            }
            // It was taken over even if its store is skipped: so the next run begins with other expired uploads.
            guard let upload = taken, !troubles.hasGivenUp(upload.pendingURL) else { continue }
            do throws(Fault) {
                // Data first: while it may exist, no other upload may begin.
                if upload.aim == .staging { try staging.discard(upload) } else { try stores.discard(upload) }
                try catalog.abort(upload, as: .queued, because: "The upload was abandoned.")
                troubles.noteSuccess(upload.pendingURL)
                ServiceMetrics.upkeep.abandonedUploads.add()
                logger.warning("upload of image \(upload.image) was abandoned; the image is given back")
            } catch {
                troubles.note(error, upload.pendingURL)
            }
        }
    }

    /// Cleans up what occurs rarely: imports that another image service left, staged data that no image waits for, expired tasks. A failure
    /// is logged and does not keep the other steps from being done.
    package func sweepThoroughly() {
        attempt("end imports that another image service left") { () throws(Fault) in try catalog.endForeignTasks() }
        attempt("delete expired tasks") { () throws(Fault) in try catalog.expireTasks() }
        attempt("look for staged data that no image waits for") { () throws(Fault) in try sweepStaged() }
    }

    private func attempt(_ what: String, _ body: () throws(Fault) -> Void) {
        do throws(Fault) { try body() } catch { logger.error("cannot \(what): \(error)") }
    }

    private func sweepStaged() throws(Fault) {
        let staged = try staging.contents(olderThan: Self.strayAge)
        guard !staged.isEmpty else { return }
        let waiting = try catalog.waiting(among: staged.map(\.image))
        var troubles = Troubles()
        for (image, file) in staged where !waiting.contains(image) {
            do throws(Fault) {
                try staging.remove(file) { () throws(Fault) in try catalog.waiting(among: [image]).isEmpty }
                ServiceMetrics.upkeep.strays.add()
                logger.warning("removed staged data of image \(image), which no import waits for")
            } catch {
                troubles.note(error)
            }
        }
        troubles.log("staged files stay until a later try", logger)
    }

    private func sweepStrays(
        of place: String, _ find: (_ olderThan: Int) throws(Fault) -> [Upload], _ discard: (Upload) throws(Fault) -> Void
    ) throws(Fault) {
        var strays: [Upload] = []
        attempt("look for unfinished bytes in \(place)") { () throws(Fault) in strays = try find(Self.strayAge) }
        guard !strays.isEmpty else { return }
        let known = try catalog.known(among: strays)
        var troubles = Troubles()
        for stray in strays where !known.contains(stray.token) {
            do throws(Fault) {
                try discard(stray)
                ServiceMetrics.upkeep.strays.add()
                logger.warning("removed unfinished bytes of image \(stray.image) that no upload knows")
            } catch {
                troubles.note(error)
            }
        }
        troubles.log("unfinished files in \(place) stay until a later try", logger)
    }

    /// Seconds. Data exists for a moment before its upload is recorded.
    private static let strayAge = 300
}
