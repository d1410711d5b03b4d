/// Everything that the verbs need to know of images.
package typealias Catalog = ImageCatalog & MemberCatalog & UploadCatalog & RemovalCatalog & CopyCatalog & StoreFolderCatalog

/// The records of images. Every adapter passes `ImageCatalogConformance`.
package protocol ImageCatalog: Sendable {
    /// - Parameter claim: what the image takes of what its owner may have; nil where nothing limits him.
    /// - Throws: `.conflict` when an image ever had the id, `.tooLarge` for a claim that does not fit.
    func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image

    /// - Throws: `.notFound` also for an image that is deleted, or that the caller may not see.
    func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// The same with its locations, for whoever is about to read its bytes.
    func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// What `image` tells, and what is still known of an image that is deleted when an administrator asks. Locations may be missing.
    func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// A page, as far as it may be in memory at once: at least one image of it, if it has any.
    ///
    /// - Throws: `.invalid` when the marker is no image that the caller can see.
    func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Images of a page that `page` left over, as far as they may be in memory at once. Those that do not belong to the list any
    /// more are left out.
    func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Changes an image's record, all or nothing: everything but its id and when it was made.
    ///
    /// The image is held while `change` looks at it and alters it, so that of two changes at once neither is lost; only
    /// what differs afterwards is written. A fault that `change` throws leaves all as it was.
    ///
    /// - Parameter claim: what the change takes of what the image's owner may have.
    /// - Throws: `.tooLarge` for a claim that does not fit; `.forbidden` unless the image is the caller's to change, whatever `change`
    ///   asked of him.
    func update(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image

    /// Moves an image from one status to another, in one step.
    ///
    /// - Throws: `.conflict` when it has not the status it should come from.
    func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault)

    /// Deletes an image's record for good, with members, tags and properties, and owes the removal of its bytes.
    ///
    /// - Parameter allowed: throws for what may not be deleted.
    /// - Throws: `.forbidden` unless the image is the caller's to change, whatever `allowed` asked of him.
    /// - Returns: what `RemovalCatalog` now has to be told of; nothing where the bytes stay for the scrubber.
    func delete(
        _ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]
}

extension ImageCatalog {
    package func insert(_ draft: ImageDraft) throws(Fault) -> Image { try insert(draft, claiming: nil) }

    package func update(
        _ id: ImageID, visibleTo caller: Caller, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try update(id, visibleTo: caller, claiming: nil, change)
    }
}

/// Bytes that no record needs any more.
package struct OwedRemoval: Sendable {
    package let number: Int64
    package let image: ImageID
    package let url: String
    /// Whether the image is deleted, and so gets no bytes at the same place any more.
    package let isOfDeleted: Bool

    package init(number: Int64, image: ImageID, url: String, isOfDeleted: Bool = false) {
        (self.number, self.image, self.url, self.isOfDeleted) = (number, image, url, isOfDeleted)
    }
}

/// Bytes still to be removed from stores, kept until they are.
package protocol RemovalCatalog: Sendable {
    /// Whether bytes are to be removed now. They are not while others may be on their way to the same place, and never where an image has
    /// its bytes there again.
    func isOwed(_ removal: OwedRemoval) throws(Fault) -> Bool

    /// The bytes are gone.
    func complete(_ removal: OwedRemoval) throws(Fault)
}

/// The removals as whoever clears up sees them.
package protocol RemovalBacklog: RemovalCatalog {
    /// Those that nobody has settled for a while, so whoever should have is gone: first what was never tried again, the oldest first,
    /// then what was postponed.
    func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval]

    /// The bytes of all these are gone.
    func complete(_ removals: [OwedRemoval]) throws(Fault)

    /// Removals that could not be carried out now are not overdue for a while.
    ///
    /// - Parameter haveFailed: each failure of a removal makes the while longer, up to ten minutes; what was not even tried waits half a
    ///   minute.
    func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault)
}
