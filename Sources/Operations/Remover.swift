package import Domain
package import Logging
internal import ServiceMetrics
internal import Threading

/// Carries out owed removals that their own process did not carry out.
///
/// A removal that fails is postponed, each time for longer, and comes after those that were never retried. A folder that refuses several
/// removals in a row is skipped for the rest of the run, so that it does not delay the others. Many removers may run, in any number of
/// processes: removing data twice is no error.
package struct Remover: Sendable {
    private let removals: any MaintenanceCatalog
    private let stores: any ImageStores
    private let logger: Logger

    private static let batch = 200

    /// Makes a remover of its parts.
    package init(catalog: any MaintenanceCatalog, stores: any ImageStores, logger: Logger) {
        (removals, self.stores, self.logger) = (catalog, stores, logger)
    }

    /// Carries out removals for a few seconds.
    ///
    /// - Returns: whether more can be done now.
    /// - Throws: what the catalog throws when it cannot be asked. Removals of this run may then be carried out once more later.
    package func removeSome() throws(Fault) -> Bool {
        let end = monotonicSeconds() + Timing.removing
        var (troubles, skipped) = (Troubles(), 0)
        defer { troubles.log("removals wait for a later try", more: skipped, logger) }
        while true {
            let owed = try removals.overdue(atMost: Self.batch)
            let results = carryOut(owed, until: end, &troubles)
            results.count()
            try removals.complete(results.done)
            try removals.postpone(results.failed, haveFailed: true)
            try removals.postpone(results.skipped + results.waiting, haveFailed: false)
            skipped += results.skipped.count
            if owed.count < Self.batch, results.isAll { return false }
            if monotonicSeconds() >= end { return true }
        }
    }

    /// The results of a batch of removals.
    private struct Results {
        var done: [OwedRemoval] = []
        var failed: [OwedRemoval] = []
        var skipped: [OwedRemoval] = []
        /// Removals that must wait while other data of the image is being written.
        var waiting: [OwedRemoval] = []
        /// Whether the time was sufficient.
        var isAll = true

        func count() {
            let removals = ServiceMetrics.upkeep.removals
            removals.add(.done, by: Int64(done.count))
            removals.add(.failed, by: Int64(failed.count))
            removals.add(.skipped, by: Int64(skipped.count))
            removals.add(.waiting, by: Int64(waiting.count))
        }
    }

    private func carryOut(_ owed: [OwedRemoval], until end: Double, _ troubles: inout Troubles) -> Results {
        var results = Results()
        for removal in owed {
            guard monotonicSeconds() < end else {
                results.isAll = false
                break
            }
            guard !troubles.hasGivenUp(removal.url) else {
                results.skipped.append(removal)
                continue
            }
            do throws(Fault) {
                if try removals.remove(removal, from: stores) { results.done.append(removal) } else { results.waiting.append(removal) }
                troubles.noteSuccess(removal.url)
            } catch {
                results.failed.append(removal)
                troubles.note(error, removal.url)
            }
        }
        return results
    }
}

extension UploadCatalog {
    /// Removes owed data, unless an image refers to it again.
    ///
    /// - Returns: whether the removal is done.
    fileprivate func remove(_ removal: OwedRemoval, from stores: any ImageStores) throws(Fault) -> Bool {
        // A deleted image gets no new data.
        guard !removal.isOfDeleted else {
            try stores.remove(removal.location)
            return true
        }
        var isDone = true
        try stores.remove(removal.location) { () throws(Fault) in
            isDone = try isOwed(removal)
            return isDone
        }
        return isDone
    }

    /// Carries out an owed removal. A failure is logged, and the removal stays owed.
    package func carryOut(_ removal: OwedRemoval, in stores: any ImageStores, _ logger: Logger) {
        do throws(Fault) {
            guard try remove(removal, from: stores) else { return ServiceMetrics.upkeep.removals.add(.waiting) }
            try complete(removal)
            ServiceMetrics.upkeep.removals.add(.done)
        } catch {
            ServiceMetrics.upkeep.removals.add(.failed)
            logger.warning("bytes of image \(removal.image) stay until a later try: \(error)")
        }
    }
}
