/// Images that are deleted and whose bytes were kept, so that they can be restored for a while.
package protocol ScrubCatalog: Sendable {
    /// How many there are that were deleted some seconds ago or before, and how many bytes they have.
    func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64)

    /// The same one by one, in the order of their ids.
    ///
    /// - Parameter last: those behind this one.
    func pendingDeletions(olderThan seconds: Int, after last: ImageID?, atMost count: Int) throws(Fault) -> [PendingDeletion]

    /// Ends the time in which an image can be restored: from now on its bytes are owed.
    ///
    /// - Returns: nothing for an image that somebody else has scrubbed or restored meanwhile.
    func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval]

    /// Brings back an image with all that it had: properties, tags, members and locations.
    ///
    /// - Throws: `.notFound` for an image that is not pending.
    func restore(_ id: ImageID) throws(Fault)
}

package struct PendingDeletion: Sendable {
    package let image: ImageID
    /// In all its locations.
    package let bytes: Int64

    package init(image: ImageID, bytes: Int64) { (self.image, self.bytes) = (image, bytes) }
}
