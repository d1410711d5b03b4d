package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument
package import Operations
internal import RegistryWire

/// Image members of V1. Members need not accept an image, and may be allowed to share it further.
package struct V1MembersHandlers: Sendable {
    let service: ImageService

    package init(service: ImageService) { self.service = service }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (V1MembersHandlers) -> Handler>] = [
        Route(.GET,    "/v1/images/{image}/members",          list),
        Route(.PUT,    "/v1/images/{image}/members",          replace),
        Route(.PUT,    "/v1/images/{image}/members/{member}", put),
        Route(.DELETE, "/v1/images/{image}/members/{member}", remove),
        Route(.GET,    "/v1/shared-images/{project}",         shared),
        Route(.POST,   "/v1/shared-images/{project}",         shared),
        Route(.PUT,    "/v1/shared-images/{project}",         shared),
        Route(.DELETE, "/v1/shared-images/{project}",         shared),
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
