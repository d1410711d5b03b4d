package import Domain
package import Logging

/// Removes the bytes of images whose deletion was put off.
package struct Scrubber: Sendable {
    private let catalog: any MaintenanceCatalog
    private let stores: any ImageStores
    /// Seconds from an image's deletion until its bytes may go.
    private let patience: Int
    private let logger: Logger

    package init(catalog: any MaintenanceCatalog, stores: any ImageStores, patience: Int, logger: Logger) {
        (self.catalog, self.stores, self.patience, self.logger) = (catalog, stores, patience, logger)
    }

    /// What there is to do.
    package func remaining() throws(Fault) -> (images: Int, bytes: Int64) { try catalog.pendingDeletions(olderThan: patience) }

    /// Image by image: each is beyond return before its bytes go, so this may be interrupted at any moment, and done by several at once.
    ///
    /// An image that cannot be done now is left for the next time, and keeps no other waiting.
    ///
    /// - Parameter note: told of each image that is done.
    /// - Returns: how many were.
    /// - Throws: when the catalog cannot be asked.
    @discardableResult
    package func scrub(_ note: (PendingDeletion) -> Void = { _ in }) throws(Fault) -> Int {
        var (last, count): (ImageID?, Int) = (nil, 0)
        var troubles = Troubles()
        defer { troubles.log("deleted images keep their data until a later try", logger) }
        while true {
            let some = try catalog.pendingDeletions(olderThan: patience, after: last, atMost: 100)
            guard !some.isEmpty else { return count }
            for deletion in some {
                do throws(Fault) {
                    for removal in try catalog.endDeletion(of: deletion.image) { catalog.carryOut(removal, in: stores, logger) }
                } catch {
                    troubles.note(error)
                    if troubles.hasGivenUp() { throw error }
                    continue
                }
                troubles.noteSuccess()
                note(deletion)
                count += 1
            }
            last = some.last?.image
        }
    }

    /// - Throws: `.notFound` for an image whose bytes do not wait.
    package func restore(_ id: ImageID) throws(Fault) { try catalog.restore(id) }
}
