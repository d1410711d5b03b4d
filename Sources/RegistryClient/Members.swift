package import Domain
internal import JSONDocument
internal import RegistryWire
internal import Text

extension RegistryClient {
    package func members(
        of image: Image, after former: String?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member] {
        var members: [Member] = []
        for element in try ask("GET", path(image.id) + "/members?" + piece(after: former, count), for: caller).json["members"]?.array ?? []
        {
            members.append(try Member(wire: element.object ?? [:], image: image.id))
        }
        return members
    }

    package func member(_ project: String, of image: Image, visibleTo caller: Caller) throws(Fault) -> Member {
        // The database ignores the case of members' names.
        let found = try members(of: image, visibleTo: caller).first { $0.project.lowercased() == project.lowercased() }
        guard let found else { throw Fault(.notFound, "\(project) not found in the member list of the image \(image.id).") }
        return found
    }

    package func add(_ project: String, to image: Image, quota: Int?, by caller: Caller) throws(Fault) -> Member {
        try put(Membership(project: project, canShare: nil), image, quota, onlyNew: true, for: caller)
        return try member(project, of: image, visibleTo: .service)
    }

    package func put(
        _ memberships: [Membership], to image: Image, replacing: Bool, quota: Int?, by caller: Caller
    ) throws(Fault) {
        guard replacing else {
            for membership in memberships { try put(membership, image, quota, onlyNew: false, for: caller) }
            return
        }
        var body: JSONObject = ["memberships": .array(memberships.map { .object($0.wire) })]
        if let quota { body["quota"] = .int(Int64(quota)) }
        try ask("PUT", path(image.id) + "/members", for: caller, body)
    }

    package func memberships(
        of project: String, after former: ImageID?, atMost count: Int, visibleTo caller: Caller
    ) throws(Fault) -> [Member] {
        let path = "/shared-images/\(percentEncoded(project))?" + piece(after: former?.text, count)
        var members: [Member] = []
        for element in try ask("GET", path, for: caller).json["shared_images"]?.array ?? [] {
            members.append(try Member(wire: element.object ?? [:], project: project))
        }
        return members
    }

    package func set(_ status: Member.Status, of project: String, in image: Image) throws(Fault) -> Member {
        try ask("PUT", path(project, of: image), ["member": ["status": .string(status.rawValue)]])
        return try member(project, of: image, visibleTo: .service)
    }

    package func remove(_ project: String, from image: Image, by caller: Caller) throws(Fault) {
        try ask("DELETE", path(project, of: image), for: caller)
    }

    private func put(
        _ membership: Membership, _ image: Image, _ quota: Int?, onlyNew: Bool, for caller: Caller
    ) throws(Fault) {
        var body: JSONObject = ["only_new": .bool(onlyNew)]
        if let canShare = membership.canShare { body["member"] = ["can_share": .bool(canShare)] }
        if let quota { body["quota"] = .int(Int64(quota)) }
        try ask("PUT", path(membership.project, of: image), for: caller, body)
    }

    private func piece(after former: String?, _ count: Int) -> String {
        "limit=\(count)" + (former.map { "&after=\(percentEncoded($0))" } ?? "")
    }

    private func path(_ project: String, of image: Image) -> String {
        path(image.id) + "/members/\(percentEncoded(project))"
    }
}
