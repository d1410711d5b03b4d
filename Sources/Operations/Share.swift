package import Domain

extension ImageService {
    package func members(of id: ImageID, for caller: Caller) throws(Fault) -> [Member] {
        let image = try sharedImage(id, for: caller)
        try policy.require(.getMembers, on: image, by: caller)
        return try memberships.members(of: image, visibleTo: caller).filter { allows(.getMember, image, $0.project, caller) }
    }

    /// - Throws: `.notFound` also when the image is not shared at all.
    package func member(_ project: String, of id: ImageID, for caller: Caller) throws(Fault) -> Member {
        let image = try show(id, to: caller)
        guard image.visibility == .shared else { throw Self.notAMember(project, id) }
        let member = try memberships.member(project, of: image, visibleTo: caller)
        guard allows(.getMember, image, project, caller) else { throw Self.notAMember(project, id) }
        return member
    }

    /// Shares an image with a project, which has to accept before it stands in that project's list.
    package func share(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        try policy.require(.addMember, on: image, by: caller)
        return try memberships.add(project, to: image, quota: limits.members)
    }

    /// A member's answer. Only the member project may give it.
    package func answer(_ status: Member.Status, for project: String, to id: ImageID, by caller: Caller) throws(Fault) -> Member {
        let image = try sharedImage(id, for: caller)
        _ = try memberships.member(project, of: image, visibleTo: caller)
        guard allows(.getMember, image, project, caller) else { throw Self.notAMember(project, id) }
        guard allows(.modifyMember, image, project, caller) else {
            throw Fault(.forbidden, "Only project \(project) itself may answer for its membership.")
        }
        return try memberships.set(status, of: project, in: image)
    }

    package func unshare(_ id: ImageID, with project: String, by caller: Caller) throws(Fault) {
        let image = try sharedImage(id, for: caller)
        try policy.require(.deleteMember, on: image, by: caller)
        try memberships.remove(project, from: image)
    }

    private func sharedImage(_ id: ImageID, for caller: Caller) throws(Fault) -> Image {
        let image = try show(id, to: caller)
        guard image.visibility == .shared else {
            throw Fault(.forbidden, "Only shared images have members; image \(id) is \(image.visibility.rawValue).")
        }
        return image
    }

    private func allows(_ rule: PolicyRule, _ image: Image, _ project: String, _ caller: Caller) -> Bool {
        var target = ["member_id": project, "visibility": image.visibility.rawValue]
        target["project_id"] = image.owner
        return policy.allows(rule, caller, on: AttributeTarget(target))
    }

    private static func notAMember(_ project: String, _ id: ImageID) -> Fault {
        Fault(.notFound, "\(project) not found in the member list of the image \(id).")
    }
}
