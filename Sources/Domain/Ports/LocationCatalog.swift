/// Where images' bytes lie, for whoever moves them about.
package protocol LocationCatalog: Sendable {
    /// Changes an image's record as `ImageCatalog.update` does, and owes the removal of the bytes at locations that it loses.
    ///
    /// - Returns: the image, and what `RemovalCatalog` now has to be told of.
    func place(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> (image: Image, owed: [OwedRemoval])

    /// Labels a location. That is no change of the image: nobody is told, and it keeps its time.
    func relabel(_ location: ImageLocation, as labelled: ImageLocation, of image: ImageID) throws(Fault)
}
