package import Domain
package import Logging

/// Removes the bytes of images whose deletion was put off.
package struct Scrubber: Sendable {
    private let images: any ScrubCatalog
    private let removals: any RemovalCatalog
    private let stores: any ImageStores
    /// Seconds from an image's deletion until its bytes may go.
    private let patience: Int
    private let logger: Logger

    package init(catalog: some ScrubCatalog & RemovalCatalog, stores: any ImageStores, patience: Int, logger: Logger) {
        (images, removals) = (catalog, catalog)
        (self.stores, self.patience, self.logger) = (stores, patience, logger)
    }

    /// What there is to do.
    package func remaining() throws(Fault) -> (images: Int, bytes: Int64) { try images.pendingDeletions(olderThan: patience) }

    /// Image by image: each is beyond return before its bytes go, so this may be interrupted at any moment, and done by several at once.
    ///
    /// - Parameter note: told of each image that is done.
    /// - Returns: how many were.
    @discardableResult
    package func scrub(_ note: (PendingDeletion) -> Void = { _ in }) throws(Fault) -> Int {
        var (last, count): (ImageID?, Int) = (nil, 0)
        while true {
            let some = try images.pendingDeletions(olderThan: patience, after: last, atMost: 100)
            guard !some.isEmpty else { return count }
            for deletion in some {
                for removal in try images.endDeletion(of: deletion.image) { removals.carryOut(removal, in: stores, logger) }
                note(deletion)
            }
            (last, count) = (some.last?.image, count + some.count)
        }
    }

    /// - Throws: `.notFound` for an image whose bytes do not wait.
    package func restore(_ id: ImageID) throws(Fault) { try images.restore(id) }
}
