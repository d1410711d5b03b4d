/// The projects that images are shared with.
package protocol MemberCatalog: Sendable {
    /// In the order of their names; for a caller who is neither owner nor administrator, his own entry only.
    func members(of image: Image, visibleTo caller: Caller) throws(Fault) -> [Member]

    /// - Throws: `.notFound` when the project is no member, or the caller may not see that it is.
    func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member

    /// Adds a pending member.
    ///
    /// - Parameter quota: members that an image may have; nil for any number.
    /// - Throws: `.conflict` when the project is a member already, `.tooLarge` past the quota.
    func add(_ project: String, to image: Image, quota: Int?) throws(Fault) -> Member

    /// - Throws: `.notFound` when the project is no member.
    func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member

    /// - Throws: `.notFound` when the project is no member.
    func remove(_ project: String, from image: Image) throws(Fault)
}
