/// The part of the catalog that the use cases of both V1 and V2 need. `Persistence` and `RegistryClient` implement it.
package typealias Catalog = ImageCatalog & UploadCatalog & StoreFolderCatalog

/// The records of images and of their members. Every adapter passes `CatalogConformance`.
///
/// A method with a caller checks whether they may see the image, or change it; the operation checks the policy before. A method without a
/// caller is for the service, which has made these checks. Every method throws `.unavailable` when the records cannot be read now or are
/// overloaded, and `.unexpected` for a defect of the code; other kinds are named at each method.
package protocol ImageCatalog: Sendable {
    // MARK: Images

    /// Inserts an image. The operation has checked that the caller may create it.
    ///
    /// - Parameter claim: the image's share of its owner's quota; nil when the owner has no quota.
    /// - Throws: `.conflict` when an image has or had the id, `.tooLarge` for a claim that exceeds the quota.
    func insert(_ draft: ImageDraft, claiming claim: QuotaClaim?) throws(Fault) -> Image

    /// Reads an image that the caller may see, without its locations.
    ///
    /// - Throws: `.notFound` also for an image that is deleted, or that the caller may not see.
    func image(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads an image like `image`, with its locations, in order to read its data.
    ///
    /// - Throws: `.notFound`, as `image` does.
    func locatedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads an image like `locatedImage`; for an administrator also the remaining record of a deleted image. Locations may be missing.
    ///
    /// - Throws: `.notFound`, as `image` does.
    func recordedImage(_ id: ImageID, visibleTo caller: Caller) throws(Fault) -> Image

    /// Reads a page of the images that the caller may see. A page is limited by the memory that it takes; it has at least one image if any
    /// is left.
    ///
    /// - Throws: `.invalid` when the marker is no image that the caller may see.
    func page(_ listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Reads images of a page that `page` left over, limited in the same way. Images that no longer belong to the list are left out.
    func page(of rest: [ImageID], in listing: ImageListing, visibleTo caller: Caller) throws(Fault) -> ImagePage

    /// Changes an image's record in one transaction: everything but its id and its creation time.
    ///
    /// The row is locked while `change` reads and alters the image, so that no concurrent change is lost. Only the differences are written.
    /// A fault that `change` throws rolls everything back.
    ///
    /// - Parameters:
    ///   - claim: the change's share of the owner's quota.
    ///   - change: alters the image.
    /// - Throws: what `change` throws; `.notFound`, as `image` does; `.tooLarge` for a claim that exceeds the quota; `.forbidden` unless
    ///   the caller may change the image, whatever `change` has checked.
    func update(
        _ id: ImageID, visibleTo caller: Caller, claiming claim: QuotaClaim?, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image

    /// Moves an image from one status to another in one step, for the service.
    ///
    /// - Throws: `.conflict` when the image does not have the status `from`.
    func move(_ id: ImageID, from: ImageStatus, to: ImageStatus) throws(Fault)

    /// Deletes an image's record with members, tags and properties, and records the owed removal of its bytes.
    ///
    /// - Parameter allowed: throws for an image that must not be deleted.
    /// - Throws: what `allowed` throws; `.notFound`, as `image` does; `.forbidden` unless the caller may change the image, whatever
    ///   `allowed` has checked.
    /// - Returns: the removals to carry out and to report to `UploadCatalog.complete`; none when the bytes stay for the scrubber.
    func delete(
        _ id: ImageID, visibleTo caller: Caller, _ allowed: (Image) throws(Fault) -> Void
    ) throws(Fault) -> [OwedRemoval]

    // MARK: Members

    /// Reads some of an image's members in the order of their names. A caller who is neither owner nor administrator gets their own entry
    /// only.
    ///
    /// - Parameters:
    ///   - former: the member after which to begin; nil for the first ones.
    ///   - count: the largest number of members. Only the end of the list returns fewer.
    func members(of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Member]

    /// Reads one member.
    ///
    /// - Throws: `.notFound` when the project is no member, or the caller may not see that it is.
    func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member

    /// Adds a pending member.
    ///
    /// - Parameter quota: the largest number of members of an image; nil for any number.
    /// - Throws: `.conflict` when the project is a member already, `.tooLarge` past the quota, `.forbidden` unless the caller may change
    ///   the image.
    func add(_ project: String, to image: Image, quota: Int?, by caller: Caller) throws(Fault) -> Member

    /// Adds or updates members: new ones are pending, existing ones keep their answer.
    ///
    /// - Parameters:
    ///   - replacing: whether members that are not named are removed.
    ///   - quota: the largest number of members of an image; nil for any number.
    /// - Throws: `.tooLarge` past the quota, `.forbidden` unless the caller may change the image, or is a member who may share it.
    func put(_ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller) throws(Fault)

    /// Reads some of a project's memberships in the order of the images' ids. A caller who is not an administrator gets those of their own
    /// project, and those in images that their project owns.
    ///
    /// - Parameters:
    ///   - former: the image after which to begin; nil for the first ones.
    ///   - count: the largest number of memberships. Only the end of the list returns fewer.
    func memberships(
        of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member]

    /// Sets a member's answer, for the service, which has checked that the caller may give it.
    ///
    /// - Throws: `.notFound` when the project is no member.
    func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member

    /// Removes a member.
    ///
    /// - Throws: `.notFound` when the project is no member, `.forbidden` unless the caller may change the image, or is a member who may
    ///   share it.
    func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault)
}

extension ImageCatalog {
    /// Inserts an image without a claim.
    package func insert(_ draft: ImageDraft) throws(Fault) -> Image { try insert(draft, claiming: nil) }

    /// Changes an image's record without a claim.
    package func update(
        _ id: ImageID, visibleTo caller: Caller, _ change: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        try update(id, visibleTo: caller, claiming: nil, change)
    }
}
