/// The projects that images are shared with.
package protocol MemberCatalog: Sendable {
    /// Some of an image's members, in the order of their names; for a caller who is neither owner nor administrator, his own entry
    /// only.
    ///
    /// - Parameters:
    ///   - former: the member that they come after; nil for the first ones.
    ///   - count: how many there are at the most. There are fewer at the end alone.
    func members(of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller) throws(Fault) -> [Member]

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

    /// Some of a project's memberships, in the order of the images' ids; for a caller who is not an administrator, those of his own
    /// project and those in images that it owns.
    ///
    /// - Parameters: as of `members`.
    func memberships(
        of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member]

    /// - Throws: `.notFound` when the project is no member.
    func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member

    /// - Throws: `.notFound` when the project is no member, `.forbidden` unless the image is the caller's to change, or he is a member
    ///   who may share it.
    func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault)
}

extension MemberCatalog {
    /// All members of an image.
    package func members(of image: Image, visibleTo caller: Caller) throws(Fault) -> [Member] {
        try Member.all(in: memberWalk(of: image, visibleTo: caller))
    }

    /// All memberships of a project.
    package func memberships(of project: String, visibleTo caller: Caller) throws(Fault) -> [Member] {
        try Member.all(in: membershipWalk(of: project, visibleTo: caller))
    }

    package func memberWalk(
        of image: Image, visibleTo caller: Caller, isShown: @escaping (Member) -> Bool = { _ in true }
    ) throws(Fault) -> ListWalk<Member> {
        try ListWalk(pieces: Member.piece, isShown: isShown) { (former: Member?) throws(Fault) -> [Member] in
            try members(of: image, after: former?.project, atMost: Member.piece, visibleTo: caller)
        }
    }

    package func membershipWalk(of project: String, visibleTo caller: Caller) throws(Fault) -> ListWalk<Member> {
        try ListWalk(pieces: Member.piece) { (former: Member?) throws(Fault) -> [Member] in
            try memberships(of: project, after: former?.image, atMost: Member.piece, visibleTo: caller)
        }
    }
}

extension Member {
    /// Members that are read at once.
    package static let piece = 1000

    fileprivate static func all(in walk: ListWalk<Member>) throws(Fault) -> [Member] {
        var all: [Member] = []
        while let piece = try walk.next() { all += piece }
        return all
    }
}
