package import Domain

extension ImageService {
    package func members(of id: ImageID, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        let image = try sharedImage(id, for: caller)
        try policy.require(.getMembers, on: image, by: caller)
        return try images.memberWalk(of: image, visibleTo: caller) {
            (try? decides(.getMember, image, $0.project, caller)) ?? false
        }
    }

    /// - Throws: `.notFound` also when the image is not shared at all.
    package func member(_ project: String, of id: ImageID, for caller: Caller) throws(Fault) -> Member {
        let image = try found(id, by: caller)
        guard image.visibility == .shared, try decides(.getMember, image, project, caller) else { throw Self.notAMember(project, id) }
        return try images.member(project, of: image, visibleTo: caller)
    }

    /// Shares an image with a project, which has to accept before it stands in that project's list.
    package func share(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        try policy.require(.addMember, on: image, by: caller)
        return try images.add(project, to: image, quota: limits.members, by: caller)
    }

    /// A member's answer. Only the member project may give it.
    package func answer(_ status: Member.Status, for project: String, to id: ImageID, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        try checkIsMember(project, of: image, for: caller)
        guard try decides(.modifyMember, image, project, caller), caller.project == project || caller.mayChange(image) else {
            throw Fault(.forbidden, "Only project \(project) itself may answer for its membership.")
        }
        return try images.set(status, of: project, in: image)
    }

    package func unshare(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) {
        let image = try sharedImage(id, for: caller)
        try checkIsMember(project, of: image, for: caller)
        try policy.require(.deleteMember, on: image, by: caller)
        try images.remove(project, from: image, by: caller)
    }

    /// - Throws: `.forbidden` for whoever may not look at that membership, `.notFound` for a project that has none.
    private func checkIsMember(_ project: String, of image: Image, for caller: Caller) throws(Fault) {
        guard try policy.decides(.getMember, caller, on: image) else {
            throw Fault(.forbidden, "You are not authorized to lookup the members of the image \(image.id).")
        }
        _ = try images.member(project, of: image, visibleTo: caller)
    }

    // MARK: as V1 has it, without consent, and with members who may share in turn

    /// Nobody's, for an image that is the caller's neither as owner nor as member.
    package func recipients(of id: ImageID, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        let image = try found(id, by: caller)
        let target = SharingTarget(image, by: caller)
        try policy.require(.getMembers, on: target, by: caller)
        guard try policy.decides(.getMember, caller, on: target) else { return ListWalk(only: []) }
        return try images.memberWalk(of: image, visibleTo: caller)
    }

    /// - Parameter replacing: whoever is not named is a member no more.
    package func share(_ id: ImageID, with named: [Membership], replacing: Bool, by caller: Caller) throws(Fault) {
        let image = try shareableImage(id, [.addMember, .modifyMember] + (replacing ? [.deleteMember] : []), by: caller)
        try images.put(named, to: image, replacing: replacing, quota: limits.members, by: caller)
    }

    package func endSharing(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) {
        let image = try shareableImage(id, [.deleteMember], by: caller)
        try images.remove(project, from: image, by: caller)
    }

    /// What is shared with a project, as far as it is the caller's.
    package func shares(with project: String, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        try checkHasProject(caller)
        var target: [String: String] = [:]
        for name in ["project_id", "owner", "member_id"] { target[name] = caller.project }
        try policy.require(.getMembers, on: AttributeTarget(target), by: caller)
        guard try policy.decides(.getMember, caller, on: AttributeTarget(target)) else { return ListWalk(only: []) }
        return try images.membershipWalk(of: project, visibleTo: caller)
    }

    /// An image that is the caller's to share: as V1 has it, also that of a member whom the owner lets share in turn.
    ///
    /// - Throws: `.notFound` also for whoever sees the image and it is not his to share, `.forbidden` where a rule keeps him from it.
    private func shareableImage(_ id: ImageID, _ rules: [PolicyRule], by caller: Caller) throws(Fault) -> Image {
        try checkHasProject(caller)
        let image = try found(id, by: caller)
        if !caller.mayChange(image) {
            let own = try images.members(of: image, visibleTo: caller).first { $0.project == caller.project }
            guard own?.canShare == true else { throw .imageNotFound(id) }
        }
        for rule in rules { try policy.require(rule, on: SharingTarget(image, by: caller), by: caller) }
        return image
    }

    private func checkHasProject(_ caller: Caller) throws(Fault) {
        guard caller.isAdmin || caller.project != nil else { throw Fault(.unauthenticated, "Authentication required") }
    }

    /// As Glance has it, whether an image is shared is asked before the rule `get_image`.
    private func sharedImage(_ id: ImageID, for caller: Caller) throws(Fault) -> Image {
        let image = try images.image(id, visibleTo: caller)
        guard image.visibility == .shared else {
            throw Fault(.forbidden, "Only shared images have members; image \(id) is \(image.visibility.rawValue).")
        }
        try policy.require(.getImage, on: image, by: caller)
        return image
    }

    private func decides(_ rule: PolicyRule, _ image: Image, _ project: String, _ caller: Caller) throws(Fault) -> Bool {
        var target = ["member_id": project, "visibility": image.visibility.rawValue]
        target["project_id"] = image.owner
        return try policy.decides(rule, caller, on: AttributeTarget(target))
    }

    private static func notAMember(_ project: String, _ id: ImageID) -> Fault {
        Fault(.notFound, "\(project) not found in the member list of the image \(id).")
    }
}
