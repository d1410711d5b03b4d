package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import RegistryWire

/// The registry's requests for image members, for V1.
package struct RegistryMembersHandlers: RouteGroup {
    let catalog: any Catalog
    /// Members that an image may have, if the request does not say; nil for any number.
    let quota: Int?

    package init(_ parts: RegistryAPI.Parts) { (catalog, quota) = (parts.catalog, parts.memberQuota) }

    package static let subject = "Members"
    package static let origin = GlanceOrigin.olderGlance

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/images/{image}/members",          list,    200, "Lists the projects that an image is shared with."),
        Row(.PUT,    "/images/{image}/members",          replace, 204, "Replaces all members of an image."),
        Row(.PUT,    "/images/{image}/members/{member}", put,     204, "Shares an image with a project."),
        Row(.DELETE, "/images/{image}/members/{member}", remove,  204, "Ends the sharing with a project."),
        Row(.GET,    "/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.POST,   "/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.PUT,    "/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.DELETE, "/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let image = try catalog.image(call.imageID, visibleTo: call.caller)
        let walk =
            if let (former, count) = try call.piece {
                try ListWalk(only: catalog.members(of: image, after: former, atMost: count, visibleTo: call.caller))
            } else { try catalog.memberWalk(of: image, visibleTo: call.caller) }
        return .json { json throws(Fault) in try Member.write(walk, "members", for: .api, to: &json) }
    }

    private func replace(_ call: Call) throws(Fault) -> Response {
        let body = try call.json()
        let image = try seenImage(call)
        try catalog.put(
            try Membership.all(of: body), to: image, replacing: true, quota: body.object?["quota"]?.int.map { Int($0) } ?? quota,
            by: call.caller)
        return Response(.noContent)
    }

    private func put(_ call: Call) throws(Fault) -> Response {
        let body: JSONObject = call.request.hasBody ? try call.jsonObject() : [:]
        if let member = body["member"], member.object == nil { throw Fault(.invalid, "Invalid membership: the member must be an object.") }
        let member = body["member"]?.object ?? [:]
        let project = call.parameters["member"]
        try ImageText.check(member: project)
        let image = try seenImage(call)
        let quota = body["quota"]?.int.map { Int($0) } ?? quota
        if let text = member["status"]?.string {
            try call.requireService()
            guard let status = Member.Status(rawValue: text) else { throw Fault(.invalid, "Invalid membership: '\(text)' is no status.") }
            _ = try catalog.set(status, of: project, in: image)
        } else if body["only_new"]?.bool == true {
            _ = try catalog.add(project, to: image, quota: quota, by: call.caller)
        } else {
            let membership = Membership(project: project, canShare: Membership.canShare(of: member))
            try catalog.put([membership], to: image, replacing: false, quota: quota, by: call.caller)
        }
        return Response(.noContent)
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        let image = try seenImage(call)
        try catalog.remove(call.parameters["member"], from: image, by: call.caller)
        return Response(.noContent)
    }

    private func shared(_ call: Call) throws(Fault) -> Response {
        let project = call.parameters["project"]
        let walk =
            if let (former, count) = try call.piece {
                try ListWalk(
                    only: catalog.memberships(of: project, after: former.map { ImageID($0) }, atMost: count, visibleTo: call.caller))
            } else { try catalog.membershipWalk(of: project, visibleTo: call.caller) }
        return .json { json throws(Fault) in try Member.write(walk, "shared_images", for: .api, to: &json) }
    }

    /// The image, for a caller with a project or an administrator. The catalog checks whether they may share it, under the row lock.
    private func seenImage(_ call: Call) throws(Fault) -> Image {
        guard call.caller.isAdmin || call.caller.project != nil else { throw Fault(.unauthenticated, "Authentication required") }
        return try catalog.image(call.imageID, visibleTo: call.caller)
    }
}

extension Call {
    /// The part of the list that `glance-api` asks for; nil for the whole list.
    fileprivate var piece: (after: String?, count: Int)? {
        get throws(Fault) {
            guard let text = query["limit"] else { return nil }
            guard let count = Int(text), 1...Member.piece ~= count else {
                throw Fault(.invalid, "Invalid value for limit: '\(text.prefix(80))' is not from 1 to \(Member.piece).")
            }
            return (query["after"], count)
        }
    }
}
