/// Image locations as V2's clients change them. V1 has no such requests, so the registry client does not implement this port.
///
/// Every method throws `.unavailable` when the records cannot be read now or are overloaded; other kinds are named at each method.
package protocol LocationCatalog: Sendable {
    /// Changes an image's record as `ImageCatalog.update` does, and records the owed removal of the data at locations that it loses.
    ///
    /// - Throws: as `ImageCatalog.update` does.
    /// - Returns: the image, and the removals to carry out and to report to `UploadCatalog.complete`.
    func place(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> (image: Image, owed: [OwedRemoval])

    /// Gives a location its label and the present form of its URL, for the service. This is no change of the image: it sends no
    /// notification, and `updated_at` stays.
    func relabel(_ location: ImageLocation, as labelled: ImageLocation, of image: ImageID) throws(Fault)
}
