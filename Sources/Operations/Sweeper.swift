package import Domain
package import Logging

/// Undoes what dead workers left.
package struct Sweeper: Sendable {
    private let catalog: any MaintenanceCatalog
    private let stores: any ImageStores
    private let staging: StagingArea
    /// The address of this node; nil where nothing waits for it.
    private let node: String?
    private let worker: String
    /// Whether a process of that name is not there any more.
    private let isDead: @Sendable (String) -> Bool
    private let logger: Logger

    /// - Parameter worker: names this process among all that hold leases.
    package init(
        catalog: any MaintenanceCatalog, stores: any ImageStores, staging: StagingArea, node: String? = nil, worker: String,
        isDead: @escaping @Sendable (String) -> Bool, logger: Logger
    ) {
        (self.catalog, self.stores, self.staging) = (catalog, stores, staging)
        (self.node, self.worker, self.isDead, self.logger) = (node, worker, isDead, logger)
    }

    /// Says that this node is there, and ends the leases of processes of this host that died, so that nobody waits for their expiry.
    ///
    /// - Parameter waiting: what a look found a moment ago, so that nothing else is asked for.
    package func endLeasesOfTheDead(_ waiting: WaitingWork = .unknown) throws(Fault) {
        attempt("say that this node is there, and which others are awaited") { () throws(Fault) in
            if let node { try catalog.note(node: node) }
            if waiting.contains(.awaitedNodes) { try catalog.tellWhoIsAwaited() }
        }
        guard waiting.contains(.heldLeases) else { return }
        let dead = try catalog.leaseholders().filter(isDead)
        if !dead.isEmpty { try catalog.endLeases(of: dead) }
    }

    /// Gives back the images of uploads whose lease ended, and removes unfinished bytes that belong to no upload.
    ///
    /// What cannot be done now of one of them, or in one store, is logged and tried again next time; the others go on.
    ///
    /// - Parameter waiting: what a look found a moment ago, so that nothing else is asked for.
    /// - Throws: what the catalog throws when it cannot be asked.
    package func sweep(_ waiting: WaitingWork = .unknown) throws(Fault) {
        try endLeasesOfTheDead(waiting)
        if waiting.contains(.abandonedUploads) { try sweepAbandoned() }
        try sweepStrays(of: "the stores", stores.pendingUploads, stores.discardPending)
        try sweepStrays(of: "the staging area", staging.pendingUploads, staging.discardPending)
    }

    /// Forgets which transactions were committed, where nobody asks any more.
    package func forgetTransactions() throws(Fault) { try catalog.forgetCommits() }

    private func sweepAbandoned() throws(Fault) {
        var (troubles, catalogTroubles) = (Troubles(), Troubles())
        defer { troubles.log("abandoned uploads stay until a later try", logger) }
        for upload in try catalog.expired(atMost: 100) {
            let taken: Upload?
            do throws(Fault) {
                // Under a new token: its holder cannot end it any more, and only then may its bytes go.
                taken = try catalog.takeOver(upload, as: Upload.freshToken(), by: worker)
                catalogTroubles.noteSuccess()
            } catch {
                troubles.note(error)
                catalogTroubles.note(error)
                if catalogTroubles.hasGivenUp() { throw error }
                continue
            }
            // Taken over all the same: of those whose leases ended it is not among the first again.
            guard let upload = taken, !troubles.hasGivenUp(upload.pendingURL) else { continue }
            do throws(Fault) {
                // Bytes first: while they may lie there, nobody else may begin.
                if upload.aim == .staging { try staging.discard(upload) } else { try stores.discard(upload) }
                try catalog.abort(upload, as: .queued, because: "The upload was abandoned.")
                troubles.noteSuccess(upload.pendingURL)
                logger.warning("upload of image \(upload.image) was abandoned; the image is given back")
            } catch {
                troubles.note(error, upload.pendingURL)
            }
        }
    }

    /// The same for what comes about rarely: imports that another image service left, staged bytes that nobody waits for, tasks whose
    /// time is over. What fails is logged, and keeps nothing else from being done.
    package func sweepThoroughly() {
        attempt("end imports that another image service left") { () throws(Fault) in try catalog.endForeignTasks() }
        attempt("take away tasks whose time is over") { () throws(Fault) in try catalog.expireTasks() }
        attempt("look for staged bytes that nobody waits for") { () throws(Fault) in try sweepStaged() }
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
                logger.warning("removed staged bytes of image \(image), which nobody imports any more")
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
                logger.warning("removed unfinished bytes of image \(stray.image) that no upload knows")
            } catch {
                troubles.note(error)
            }
        }
        troubles.log("unfinished files in \(place) stay until a later try", logger)
    }

    /// Seconds. Bytes are there a moment before their upload is, when it begins.
    private static let strayAge = 300
}
