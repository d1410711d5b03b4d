/// What the use cases that V1 and V2 share need to know of images. `Persistence` and `RegistryClient` fill it.
package typealias Catalog = ImageCatalog & UploadCatalog & StoreFolderCatalog

/// The records of images, and of the projects that they are shared with. Every adapter passes `CatalogConformance`.
///
/// A method with a caller looks by itself whether they may see the image, or change it; the operations ask the policy before. A method
/// without one is for the service, which has asked. Every method throws `.unavailable` when the records cannot be asked or are too busy,
/// and `.unexpected` for what the code has wrong; other kinds are named with each.
package protocol ImageCatalog: Sendable {
    // MARK: Images

    /// Inserts an image, for whoever may create one.
    ///
    /// - Parameter claim: what the image takes of what its owner may have; nil where nothing limits them.
    /// - Throws: `.conflict` when an image ever had the id, `.tooLarge` for a claim that does not fit.
    func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image

    /// Reads an image that the caller may see, without its locations.
    ///
    /// - Throws: `.notFound` also for an image that is deleted, or that the caller may not see.
    func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads the same with its locations, for whoever is about to read its bytes.
    ///
    /// - Throws: `.notFound`, as `image` does.
    func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads the same, and what is still known of an image that is deleted when an administrator asks. Locations may be missing.
    ///
    /// - Throws: `.notFound`, as `image` does.
    func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads a page of what the caller may see, as far as it may be in memory at once: at least one image of it, if it has any.
    ///
    /// - Throws: `.invalid` when the marker is no image that the caller can see.
    func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Reads images of a page that `page` left over, as far as they may be in memory at once. Those that do not belong to the list any
    /// more are left out.
    func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Changes an image's record, all or nothing: everything but its id and when it was made.
    ///
    /// The image is held while `change` looks at it and alters it, so that of two changes at once neither is lost; only
    /// what differs afterwards is written. A fault that `change` throws leaves all as it was.
    ///
    /// - Parameter claim: what the change takes of what the image's owner may have.
    /// - Throws: what `change` throws; `.notFound`, as `image` does; `.tooLarge` for a claim that does not fit; `.forbidden` unless the
    ///   image is the caller's to change, whatever `change` asked of them.
    func update(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image

    /// Moves an image from one status to another, in one step, for the service.
    ///
    /// - Throws: `.conflict` when it has not the status it should come from.
    func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault)

    /// Deletes an image's record for good, with members, tags and properties, and owes the removal of its bytes.
    ///
    /// - Parameter allowed: throws for what may not be deleted.
    /// - Throws: what `allowed` throws; `.notFound`, as `image` does; `.forbidden` unless the image is the caller's to change, whatever
    ///   `allowed` asked of them.
    /// - Returns: what `UploadCatalog.complete` now has to be told of; nothing where the bytes stay for the scrubber.
    func delete(
        _ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]

    // MARK: Members

    /// Reads some of an image's members, in the order of their names; for a caller who is neither owner nor administrator, their own
    /// entry only.
    ///
    /// - Parameters:
    ///   - former: the member that they come after; nil for the first ones.
    ///   - count: how many there are at the most. There are fewer at the end alone.
    func members(of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Member]

    /// Reads one member, as far as the caller may see that it is one.
    ///
    /// - Throws: `.notFound` when the project is no member, or the caller may not see that it is.
    func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member

    /// Adds a pending member, for whoever may change the image.
    ///
    /// - Parameter quota: members that an image may have; nil for any number.
    /// - Throws: `.conflict` when the project is a member already, `.tooLarge` past the quota, `.forbidden` unless the image is the
    ///   caller's to change.
    func add(_ project: String, to image: Image, quota: Int?, by caller: Caller) throws(Fault) -> Member

    /// Shares an image with projects that may be members already: new ones are pending, old ones keep their answer.
    ///
    /// - Parameters:
    ///   - replacing: whoever is not named is a member no more.
    ///   - quota: members that an image may have; nil for any number.
    /// - Throws: `.tooLarge` past the quota, `.forbidden` unless the image is the caller's to change, or they are a member that may share it.
    func put(_ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller) throws(Fault)

    /// Reads some of a project's memberships, in the order of the images' ids; for a caller who is not an administrator, those of their
    /// own project and those in images that it owns.
    ///
    /// - Parameters: as of `members`.
    func memberships(
        of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member]

    /// Sets what a member says of the image, for the service, which has asked who they are.
    ///
    /// - Throws: `.notFound` when the project is no member.
    func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member

    /// Removes a member.
    ///
    /// - Throws: `.notFound` when the project is no member, `.forbidden` unless the image is the caller's to change, or they are
    ///   a member that may share it.
    func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault)
}

extension ImageCatalog {
    package func insert(_ draft: ImageDraft) throws(Fault) -> Image { try insert(draft, claiming: nil) }

    package func update(
        _ id: ImageID, visibleTo caller: Caller, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try update(id, visibleTo: caller, claiming: nil, change)
    }
}
