/// Where images' bytes come in and go: uploads, copies by URL, removals. Every adapter passes `CatalogConformance`.
///
/// For the service alone, which has asked whether the caller may. An upload is held under a lease, so that one whose worker died is taken
/// back by `glance-tasks`. Every method throws `.unavailable` when the records cannot be asked or are too busy, and then the call may
/// have been done all the same; other kinds are named with each.
package protocol UploadCatalog: Sendable {
    // MARK: Uploads

    /// Moves the image from queued to the status of the upload's aim and holds it for the worker.
    ///
    /// - Parameter claim: what the image's owner may have. The bytes that it names are kept for this upload until its end.
    /// - Returns: bytes that there is room for; nil for any number.
    /// - Throws: `.conflict` unless the image is queued, `.tooLarge` for a claim that does not fit.
    func begin(_ upload: Upload, by worker: String, claiming claim: QuotaClaim?) throws(Fault) -> Int64?

    /// Renews the leases of a worker's uploads, for `LeaseKeeper`.
    ///
    /// - Parameter tokens: of those that it works on; nil for all that bear its name, as a worker of an older release asks.
    /// - Returns: the tokens of those that are still its own; others were deleted or given to somebody else.
    func renew(_ tokens: Set<String>?, heldBy worker: String) throws(Fault) -> Set<String>

    /// Moves the image from saving to active, with its bytes at a location.
    ///
    /// Safe to repeat when its answer was lost.
    ///
    /// - Parameters:
    ///   - claim: what the image's owner may have, and all that came; more than was kept for the upload has to fit now.
    ///   - isShown: whether the caller shows the image to somebody. If not, it is not read.
    /// - Returns: the active image with its locations. Nil unless it is shown, and where the catalog does not say: the upload was finished
    ///   by an earlier try, or the registry is of the release before.
    /// - Throws: `.gone` when the image was deleted meanwhile, `.conflict` when the lease was lost, `.tooLarge` for a claim that
    ///   does not fit.
    func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim?, isShown: Bool
    ) throws(Fault) -> Image?

    /// Moves the image back to queued, or to killed, and ends the lease; nothing happens when it is not held any more.
    ///
    /// - Parameter reason: what went wrong, in words that clients may read.
    func abort(_ upload: Upload, as status: ImageStatus, because reason: String) throws(Fault)

    // MARK: Copies

    /// Orders that an image's bytes are fetched by URL. `glance-tasks` does it; the order lasts until the image has its bytes, or
    /// cannot have them any more. Of two orders for one image the later counts.
    func order(_ copy: OrderedCopy) throws(Fault)

    // MARK: Removals

    /// Tells whether bytes are to be removed now. They are not while others may be on their way to the same place, and never where an
    /// image has its bytes there again.
    func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool

    /// Notes that the bytes are gone. Safe to repeat.
    func complete(_ removal: OwedRemoval) throws(Fault)
}

extension UploadCatalog {
    package func begin(_ upload: Upload, by worker: String) throws(Fault) { _ = try begin(upload, by: worker, claiming: nil) }

    package func finish(
        _ upload: Upload, at location: ImageLocation, _ measured: MeasuredBytes, claiming claim: QuotaClaim? = nil
    ) throws(Fault) {
        _ = try finish(upload, at: location, measured, claiming: claim, isShown: false)
    }
}
