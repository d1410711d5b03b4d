package import APICommon
package import Domain
package import HTTP
internal import JSONDocument
internal import RegistryWire

/// The projects that images are shared with, for V1.
package struct RegistryMembersDoor: Sendable {
    let catalog: any Catalog
    /// Members that an image may have, where the API does not say; nil for any number.
    let quota: Int?

    package init(catalog: any Catalog, quota: Int?) {
        self.catalog = catalog
        self.quota = quota
    }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (RegistryMembersDoor) -> Handler>] = [
        Route(.GET,    "/images/{image}/members",          list),
        Route(.PUT,    "/images/{image}/members",          replace),
        Route(.PUT,    "/images/{image}/members/{member}", put),
        Route(.DELETE, "/images/{image}/members/{member}", remove),
        Route(.GET,    "/shared-images/{project}",         shared),
        Route(.POST,   "/shared-images/{project}",         shared),
        Route(.PUT,    "/shared-images/{project}",         shared),
        Route(.DELETE, "/shared-images/{project}",         shared),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let image = try catalog.image(call.imageID, visibleTo: call.caller)
        let members = try catalog.members(of: image, visibleTo: call.caller)
        return .json(JSON.object(["members": .array(members.map { .object($0.wire(for: .api)) })]).text)
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
            let membership = Membership(project: project, canShare: try Membership.canShare(of: member))
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
        let members = try catalog.memberships(of: call.parameters["project"], visibleTo: call.caller)
        return .json(JSON.object(["shared_images": .array(members.map { .object($0.wire(for: .api, naming: "image_id")) })]).text)
    }

    /// An image that somebody of a project sees. Whether it is his to share the catalog asks, with the record at hand.
    private func seenImage(_ call: Call) throws(Fault) -> Image {
        guard call.caller.isAdmin || call.caller.project != nil else { throw Fault(.unauthenticated, "Authentication required") }
        return try catalog.image(call.imageID, visibleTo: call.caller)
    }
}
