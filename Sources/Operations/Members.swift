package import Domain

extension ImageService {
    /// The members of an image that the caller may see.
    package func members(of id: ImageID, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        let image = try sharedImage(id, for: caller)
        try policy.require(.getMembers, on: image, by: caller)
        return try images.memberWalk(of: image, visibleTo: caller) {
            (try? decides(.getMember, image, $0.project, caller)) ?? false
        }
    }

    /// Reads one member of an image.
    ///
    /// - Throws: `.notFound` also when the image is not shared.
    package func member(_ project: String, of id: ImageID, for caller: Caller) throws(Fault) -> Member {
        let image = try found(id, by: caller)
        guard image.visibility == .shared, try decides(.getMember, image, project, caller) else { throw Self.notAMember(project, id) }
        return try images.member(project, of: image, visibleTo: caller)
    }

    /// Adds a member. The member must accept before the image appears in its project's list.
    package func share(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        try policy.require(.addMember, on: image, by: caller)
        return try images.add(project, to: image, quota: limits.members, by: caller)
    }

    /// Sets a member's answer. Only the member project itself may give it, or whoever may change the image.
    package func answer(_ status: Member.Status, for project: String, to id: ImageID, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        try checkIsMember(project, of: image, for: caller)
        guard try decides(.modifyMember, image, project, caller), caller.project == project || caller.mayChange(image) else {
            throw Fault(.forbidden, "Only project \(project) itself may answer for its membership.")
        }
        return try images.set(status, of: project, in: image)
    }

    /// Removes a member.
    package func unshare(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) {
        let image = try sharedImage(id, for: caller)
        try checkIsMember(project, of: image, for: caller)
        try policy.require(.deleteMember, on: image, by: caller)
        try images.remove(project, from: image, by: caller)
    }

    /// - Throws: `.forbidden` unless the caller may see that membership, `.notFound` when the project is no member.
    private func checkIsMember(_ project: String, of image: Image, for caller: Caller) throws(Fault) {
        guard try policy.decides(.getMember, caller, on: image) else {
            throw Fault(.forbidden, "You are not authorized to lookup the members of the image \(image.id).")
        }
        _ = try images.member(project, of: image, visibleTo: caller)
    }

    // MARK: V1: without consent, and with members who may share the image themselves

    /// The members of an image, for V1. The list is empty unless the rule `get_member` allows it.
    package func recipients(of id: ImageID, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        let image = try found(id, by: caller)
        let target = SharingTarget(image, by: caller)
        try policy.require(.getMembers, on: target, by: caller)
        guard try policy.decides(.getMember, caller, on: target) else { return ListWalk(only: []) }
        return try images.memberWalk(of: image, visibleTo: caller)
    }

    /// Adds or updates members, for V1.
    ///
    /// - Parameter replacing: whether members that are not named are removed.
    package func share(_ id: ImageID, with named: [Membership], replacing: Bool, by caller: Caller) throws(Fault) {
        let image = try shareableImage(id, [.addMember, .modifyMember] + (replacing ? [.deleteMember] : []), by: caller)
        try images.put(named, to: image, replacing: replacing, quota: limits.members, by: caller)
    }

    /// Removes a member, for V1.
    package func endSharing(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) {
        let image = try shareableImage(id, [.deleteMember], by: caller)
        try images.remove(project, from: image, by: caller)
    }

    /// The memberships of a project, for V1, as far as the caller may see them.
    package func shares(with project: String, for caller: Caller) throws(Fault) -> ListWalk<Member> {
        try checkHasProject(caller)
        var target: [String: String] = [:]
        for name in ["project_id", "owner", "member_id"] { target[name] = caller.project }
        try policy.require(.getMembers, on: AttributeTarget(target), by: caller)
        guard try policy.decides(.getMember, caller, on: AttributeTarget(target)) else { return ListWalk(only: []) }
        return try images.membershipWalk(of: project, visibleTo: caller)
    }

    /// An image that the caller may share. In V1 that includes members whom the owner allows to share it.
    ///
    /// - Throws: `.notFound` also when the caller sees the image and may not share it, `.forbidden` when a rule denies it.
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

    /// As in Glance, the visibility of the image is checked before the rule `get_image`.
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
