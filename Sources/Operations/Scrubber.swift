package import Domain
package import Logging
internal import ServiceMetrics

/// Removes the data of images with a delayed deletion.
package struct Scrubber: Sendable {
    private let catalog: any MaintenanceCatalog
    private let stores: any ImageStores
    /// The seconds from an image's deletion until its data may be removed.
    private let patience: Int
    private let logger: Logger

    /// Makes a scrubber of its parts.
    package init(catalog: any MaintenanceCatalog, stores: any ImageStores, patience: Int, logger: Logger) {
        (self.catalog, self.stores, self.patience, self.logger) = (catalog, stores, patience, logger)
    }

    /// The number of images to scrub, and their bytes.
    package func remaining() throws(Fault) -> (images: Int, bytes: Int64) { try catalog.pendingDeletions(olderThan: patience) }

    /// Scrubs one image after another. An image can no longer be restored before its data is removed, so this may be interrupted at any
    /// moment, and several scrubbers may run at once.
    ///
    /// An image that fails is left for the next run, and does not delay the others.
    ///
    /// - Parameters:
    ///   - note: called with each image that is done.
    ///   - isEnding: asked before each image; true ends the run.
    /// - Returns: the number of these images.
    /// - Throws: when the catalog cannot be asked.
    @discardableResult
    package func scrub(
        _ note: (PendingDeletion) -> Void = { _ in }, until isEnding: () -> Bool = { false }
    ) throws(Fault) -> Int {
        var (last, count): (PendingDeletion?, Int) = (nil, 0)
        var troubles = Troubles()
        defer { troubles.log("deleted images keep their data until a later try", logger) }
        while true {
            let some = try catalog.pendingDeletions(olderThan: patience, after: last, atMost: 100)
            guard !some.isEmpty else { return count }
            for deletion in some {
                guard !isEnding() else { return count }
                do throws(Fault) {
                    for removal in try catalog.endDeletion(of: deletion.image) { catalog.carryOut(removal, in: stores, logger) }
                } catch {
                    troubles.note(error)
                    if troubles.hasGivenUp() { throw error }
                    continue
                }
                troubles.noteSuccess()
                ServiceMetrics.upkeep.scrubbedImages.add()
                ServiceMetrics.upkeep.scrubbedBytes.add(deletion.bytes)
                note(deletion)
                count += 1
            }
            last = some.last
        }
    }

    /// Restores an image whose data was not removed yet.
    ///
    /// - Throws: `.notFound` for an image that is not pending deletion.
    package func restore(_ id: ImageID) throws(Fault) { try catalog.restore(id) }
}
