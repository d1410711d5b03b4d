package import APICommon
package import Domain
internal import HTTP
internal import JSONDocument
internal import Operations
internal import RegistryWire

/// Image members of V1. Members need not accept an image, and may be allowed to share it further.
package struct V1MembersHandlers: RouteGroup {
    let service: ImageService

    package init(_ parts: V1API.Parts) { service = parts.service }

    package static let subject = "Members"
    package static let origin = GlanceOrigin.olderGlance

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v1/images/{image}/members",          list,    200, "Lists the projects that an image is shared with."),
        Row(.PUT,    "/v1/images/{image}/members",          replace, 204, "Replaces all members of an image."),
        Row(.PUT,    "/v1/images/{image}/members/{member}", put,     204, "Shares an image with a project, whose consent is not asked."),
        Row(.DELETE, "/v1/images/{image}/members/{member}", remove,  204, "Ends the sharing with a project."),
        Row(.GET,    "/v1/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.POST,   "/v1/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.PUT,    "/v1/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
        Row(.DELETE, "/v1/shared-images/{project}",         shared,  200, "Lists the images that are shared with a project."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let walk = try service.recipients(of: call.imageID, for: call.caller)
        return .json { json throws(Fault) in try Member.write(walk, "members", for: .client, to: &json) }
    }

    private func replace(_ call: Call) throws(Fault) -> Response {
        try service.share(call.imageID, with: try Membership.all(of: try call.json()), replacing: true, by: call.caller)
        return Response(.noContent)
    }

    private func put(_ call: Call) throws(Fault) -> Response {
        var canShare: Bool?
        if call.request.hasBody { canShare = try call.json().object?["member"]?.object.flatMap(Membership.canShare) }
        let project = call.parameters["member"]
        try ImageText.check(member: project)
        try service.share(call.imageID, with: [Membership(project: project, canShare: canShare)], replacing: false, by: call.caller)
        return Response(.noContent)
    }

    private func remove(_ call: Call) throws(Fault) -> Response {
        try service.endSharing(call.imageID, with: call.parameters["member"], by: call.caller)
        return Response(.noContent)
    }

    private func shared(_ call: Call) throws(Fault) -> Response {
        let walk = try service.shares(with: call.parameters["project"], for: call.caller)
        return .json { json throws(Fault) in try Member.write(walk, "shared_images", for: .client, to: &json) }
    }
}
