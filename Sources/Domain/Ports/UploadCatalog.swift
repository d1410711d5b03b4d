/// The records of data that comes and goes: uploads, copies by URL, removals. Every adapter passes `CatalogConformance`.
///
/// It is for the service, which has checked that the caller may do this. An upload is held under a lease, so that `glance-tasks` can end
/// the upload of a worker that died. Every method throws `.unavailable` when the records cannot be read now or are overloaded; the call may
/// have taken effect all the same. Other kinds are named at each method.
package protocol UploadCatalog: Sendable {
    // MARK: Uploads

    /// Moves the image from queued to the status of the upload's aim, and acquires a lease on it for the worker.
    ///
    /// - Parameter claim: the image owner's quota, and the bytes to reserve of it until the upload ends.
    /// - Returns: the remaining quota in bytes; nil for any number.
    /// - Throws: `.conflict` unless the image is queued, `.tooLarge` for a claim that exceeds the quota.
    func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64?

    /// Renews the leases of a worker's uploads, for `LeaseKeeper`.
    ///
    /// - Parameter tokens: the tokens of the uploads that it works on; nil for all uploads of the worker's name, as workers of an older
    ///   release ask.
    /// - Returns: the tokens of the leases that it still holds; other uploads were deleted or taken over.
    func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String>

    /// Moves the image from saving to active, with its data at a location.
    ///
    /// The call may be repeated when its answer was lost.
    ///
    /// - Parameters:
    ///   - claim: the image owner's quota, and the bytes that came; bytes beyond those that were reserved must fit into the quota now.
    ///   - isShown: whether the caller needs the image. If not, it is not read.
    /// - Returns: the active image with its locations. Nil when it is not needed, when an earlier attempt had finished the upload, and when
    ///   the registry is of the previous release.
    /// - Throws: `.gone` when the image was deleted meanwhile, `.conflict` when the lease was lost, `.tooLarge` for a claim that exceeds
    ///   the quota.
    func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image?

    /// Moves the image back to queued, or to killed, and releases the lease. Does nothing when the lease is no longer held.
    ///
    /// - Parameter reason: what went wrong, in words that clients may read.
    func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault)

    // MARK: Copies

    /// Orders that `glance-tasks` fetches an image's data by URL. The order lasts until the image has its data, or can no longer get it. Of
    /// two orders for one image the later counts.
    func order(_ copy: OrderedCopy) throws(Fault)

    // MARK: Removals

    /// Tells whether data may be removed now. It may not while other data may be written to the same place, and never when an image has its
    /// data there again.
    func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool

    /// Records that a removal is done. The call may be repeated.
    func complete(_ removal: OwedRemoval) throws(Fault)
}

extension UploadCatalog {
    /// Begins an upload without a claim.
    package func begin(_ upload: Upload, by worker: String) throws(Fault) { _ = try begin(upload, by: worker, claiming: nil) }

    /// Finishes an upload whose image nobody needs to see.
    package func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim? = nil
    ) throws(Fault) {
        _ = try finish(upload, at: location, measured, claiming: claim, isShown: false)
    }
}
