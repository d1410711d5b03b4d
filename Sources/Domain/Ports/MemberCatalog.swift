/// The projects that images are shared with.
package protocol MemberCatalog: Sendable {
    /// In the order of their names; for a caller who is neither owner nor administrator, his own entry only.
    func members(of image: Image, visibleTo caller: Caller) throws(Fault) -> [Member]

    /// - Throws: `.notFound` when the project is no member, or the caller may not see that it is.
    func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member

    /// Adds a pending member.
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
    /// - Throws: `.tooLarge` past the quota, `.forbidden` unless the image is the caller's to change, or he is a member who may share it.
    func put(_ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller) throws(Fault)

    /// The memberships of a project, in the order of the images' ids; for a caller who is not an administrator, those of his own
    /// project and those in images that it owns.
    func memberships(of project: String, visibleTo caller: Caller) throws(Fault) -> [Member]

    /// - Throws: `.notFound` when the project is no member.
    func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member

    /// - Throws: `.notFound` when the project is no member, `.forbidden` unless the image is the caller's to change, or he is a member
    ///   who may share it.
    func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault)
}
