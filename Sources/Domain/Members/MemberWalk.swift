extension ImageCatalog {
    /// All members of an image.
    package func members(of image: Image, visibleTo caller: Caller) throws(Fault) -> [Member] {
        try Member.all(in: memberWalk(of: image, visibleTo: caller))
    }

    /// All memberships of a project.
    package func memberships(of project: String, visibleTo caller: Caller) throws(Fault) -> [Member] {
        try Member.all(in: membershipWalk(of: project, visibleTo: caller))
    }

    /// All members of an image, read a piece at a time.
    package func memberWalk(
        of image: Image, visibleTo caller: Caller, isShown: @escaping (Member) -> Bool = { _ in true }
    ) throws(Fault) -> ListWalk<Member> {
        try ListWalk(pieces: Member.piece, isShown: isShown) { (former: Member?) throws(Fault) -> [Member] in
            try members(of: image, after: former?.project, atMost: Member.piece, visibleTo: caller)
        }
    }

    /// All memberships of a project, read a piece at a time.
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
