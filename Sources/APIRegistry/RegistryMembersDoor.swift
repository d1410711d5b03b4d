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
        let image = try shareableImage(call)
        try catalog.put(
            try Membership.all(of: body), to: image, replacing: true, quota: body.object?["quota"]?.int.map { Int($0) } ?? quota)
        return Response(.noContent)
    }

    private func put(_ call: Call) throws(Fault) -> Response {
        let body: JSONObject = call.request.hasBody ? try call.jsonObject() : [:]
        if let member = body["member"], member.object == nil { throw Fault(.invalid, "Invalid membership: the member must be an object.") }
        let member = body["member"]?.object ?? [:]
        let project = call.parameters["member"]
        try ImageText.check(member: project)
        let image = try shareableImage(call)
        let quota = body["quota"]?.int.map { Int($0) } ?? quota
        if let text = member["status"]?.string {
            try call.requireService()
            guard let status = Member.Status(rawValue: text) else { throw Fault(.invalid, "Invalid membership: '\(text)' is no status.") }
            _ = try catalog.set(status, of: project, in: image)
        } else if body["only_new"]?.bool == true {
            _ = try catalog.add(project, to: image, quota: quota)
        } else {
            let membership = Membership(project: project, canShare: try Membership.canShare(of: member))
            try catalog.put([membership], to: image, replacing: false, quota: quota)
        }
        return Response(.noContent)
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        let image = try shareableImage(call)
        try catalog.remove(call.parameters["member"], from: image)
        return Response(.noContent)
    }

    private func shared(_ call: Call) throws(Fault) -> Response {
        let members = try catalog.memberships(of: call.parameters["project"], visibleTo: call.caller)
        return .json(JSON.object(["shared_images": .array(members.map { .object($0.wire(for: .api, naming: "image_id")) })]).text)
    }

    /// - Throws: `.forbidden` unless the caller owns the image or is a member who may share it.
    private func shareableImage(_ call: Call) throws(Fault) -> Image {
        guard call.caller.isAdmin || call.caller.project != nil else { throw Fault(.unauthenticated, "Authentication required") }
        let image = try catalog.image(call.imageID, visibleTo: call.caller)
        if call.caller.isAdmin || call.caller.owns(image) { return image }
        guard try catalog.members(of: image, visibleTo: call.caller).contains(where: \.canShare) else {
            throw Fault(.forbidden, "No permission to share that image")
        }
        return image
    }
}
