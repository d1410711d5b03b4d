package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Image members: the projects that an image is shared with.
package struct MembersHandlers: RouteGroup {
    let service: ImageService

    package init(_ parts: V2API.Parts) { service = parts.service }

    package static let subject = "Members"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/images/{image}/members",          body: .none, list,   200, "Lists the projects that an image is shared with."),
        Row(.POST,   "/v2/images/{image}/members",          add,                 200, "Shares an image with a project, which has yet to accept it."),
        Row(.GET,    "/v2/images/{image}/members/{member}", body: .none, show,   200, "Shows one project's membership."),
        Row(.PUT,    "/v2/images/{image}/members/{member}", answer,              200, "Accepts or rejects a shared image."),
        Row(.DELETE, "/v2/images/{image}/members/{member}", body: .none, remove, 204, "Ends the sharing with a project."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let walk = try service.members(of: call.imageID, for: call.caller)
        return .json { json throws(Fault) in
            try json.object { json throws(Fault) in
                json.key("members")
                try json.array { json throws(Fault) in
                    while !json.isAbandoned, let piece = try walk.next() { for member in piece { write(member, to: &json) } }
                }
                json.member("schema", "/v2/schemas/members")
            }
        }
    }

    private func add(_ call: Call) throws(Fault) -> Response {
        let project: String
        switch try call.jsonObject()["member"] {
        case .string(let text)?: project = text
        case .int(let number)?: project = String(number)
        default: throw Fault(.invalid, "The request body must name a member: {\"member\": \"…\"}.")
        }
        guard !project.isEmpty, project.unicodeScalars.count <= ImageText.longestName else {
            throw Fault(.invalid, "A member's name has 1 to \(ImageText.longestName) characters.")
        }
        try ImageText.check(project)
        return response(try service.share(call.imageID, with: project, by: call.caller))
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        response(try service.member(try call.member, of: call.imageID, for: call.caller))
    }

    private func answer(_ call: Call) throws(Fault) -> Response {
        guard let status = try call.jsonObject()["status"]?.string.flatMap(Member.Status.init) else {
            throw Fault(.invalid, "The request body must have a status: pending, accepted or rejected.")
        }
        return response(try service.answer(status, for: try call.member, to: call.imageID, by: call.caller))
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        try service.unshare(call.imageID, with: try call.member, by: call.caller)
        return Response(.noContent)
    }

    private func response(_ member: Member) -> Response {
        var json = JSONWriter()
        write(member, to: &json)
        return .json(json.bytes)
    }

    private func write(_ member: Member, to json: inout JSONWriter) {
        json.object { json in
            json.member("member_id", member.project)
            json.member("image_id", member.image.text)
            json.member("status", member.status.rawValue)
            json.member("created_at", member.createdAt.description)
            json.member("updated_at", member.updatedAt.description)
            json.member("schema", "/v2/schemas/member")
        }
    }
}

extension Call {
    /// The name of the member in the path.
    ///
    /// - Throws: `.notFound` for a name that no member can have.
    fileprivate var member: String {
        get throws(Fault) {
            let name = parameters["member"]
            guard ImageText.isStorable(name) else { throw Fault(.notFound, "\(name) is no member of image \(imageID).") }
            return name
        }
    }
}
