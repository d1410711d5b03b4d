/// Where images' bytes lie, as V2's clients change it. V1 has no such requests, so the registry's client does not fill this port.
///
/// Every method throws `.unavailable` when the records cannot be asked or are too busy; other kinds are named with each.
package protocol LocationCatalog: Sendable {
    /// Changes an image's record as `ImageCatalog.update` does, and owes the removal of the bytes at locations that it loses.
    ///
    /// - Throws: as `ImageCatalog.update` does.
    /// - Returns: the image, and what `UploadCatalog.complete` now has to be told of.
    func place(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> (image: Image, owed: [OwedRemoval])

    /// Labels a location, for the service. That is no change of the image: nobody is told, and it keeps its time.
    func relabel(_ location: ImageLocation, as labelled: ImageLocation, of image: ImageID) throws(Fault)
}
