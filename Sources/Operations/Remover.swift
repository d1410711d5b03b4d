package import Domain
package import Logging
internal import Threading

/// Removes bytes that are owed and that whoever owed them did not remove.
///
/// A debt that cannot be paid now is put off, each time for longer, and comes after those that were never tried; a store that refuses
/// several in a row is not asked again in that run. So neither keeps the others waiting. Many may run, in any number of processes: what is
/// removed twice was removed once.
package struct Remover: Sendable {
    private let removals: any MaintenanceCatalog
    private let stores: any ImageStores
    private let logger: Logger

    private static let batch = 200

    package init(catalog: any MaintenanceCatalog, stores: any ImageStores, logger: Logger) {
        (removals, self.stores, self.logger) = (catalog, stores, logger)
    }

    /// Does what can be done within a few seconds.
    ///
    /// - Returns: whether there is more to do now.
    /// - Throws: what the catalog throws when it cannot be asked. What was removed by then is removed once more later.
    package func removeSome() throws(Fault) -> Bool {
        let end = monotonicSeconds() + Timing.removing
        var (troubles, skipped) = (Troubles(), 0)
        defer { troubles.log("removals wait for a later try", more: skipped, logger) }
        while true {
            let owed = try removals.overdue(atMost: Self.batch)
            let paid = carryOut(owed, until: end, &troubles)
            try removals.complete(paid.done)
            try removals.postpone(paid.failed, haveFailed: true)
            try removals.postpone(paid.skipped + paid.waiting, haveFailed: false)
            skipped += paid.skipped.count
            if owed.count < Self.batch, paid.isAll { return false }
            if monotonicSeconds() >= end { return true }
        }
    }

    private struct Payment {
        var done: [OwedRemoval] = []
        var failed: [OwedRemoval] = []
        var skipped: [OwedRemoval] = []
        /// Not to be paid while other bytes of the image are on their way.
        var waiting: [OwedRemoval] = []
        /// The time was enough.
        var isAll = true
    }

    private func carryOut(_ owed: [OwedRemoval], until end: Double, _ troubles: inout Troubles) -> Payment {
        var payment = Payment()
        for removal in owed {
            guard monotonicSeconds() < end else {
                payment.isAll = false
                break
            }
            guard !troubles.hasGivenUp(removal.url) else {
                payment.skipped.append(removal)
                continue
            }
            do throws(Fault) {
                if try removals.remove(removal, from: stores) { payment.done.append(removal) } else { payment.waiting.append(removal) }
                troubles.noteSuccess(removal.url)
            } catch {
                payment.failed.append(removal)
                troubles.note(error, removal.url)
            }
        }
        return payment
    }
}

extension UploadCatalog {
    /// Removes bytes that are owed, unless they have become those of an image again.
    ///
    /// - Returns: whether the debt is paid.
    fileprivate func remove(_ removal: OwedRemoval, from stores: any ImageStores) throws(Fault) -> Bool {
        // What was deleted gets no bytes any more.
        guard !removal.isOfDeleted else {
            try stores.remove(removal.url)
            return true
        }
        var isPaid = true
        try stores.remove(removal.url) { () throws(Fault) in
            isPaid = try isOwed(removal)
            return isPaid
        }
        return isPaid
    }

    /// Removes bytes that are owed; a failure is logged, and the debt stays.
    package func carryOut(_ removal: OwedRemoval, in stores: any ImageStores, _ logger: Logger) {
        do throws(Fault) {
            if try remove(removal, from: stores) { try complete(removal) }
        } catch {
            logger.warning("bytes of image \(removal.image) stay until a later try: \(error)")
        }
    }
}
