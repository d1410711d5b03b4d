package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Tags of a namespace: words that resources may be marked with.
package struct MetadefTagsHandlers: RouteGroup {
    let service: MetadefService
    let input: MetadefInput

    package init(_ parts: V2API.Parts) { (service, input) = (parts.metadefs, MetadefInput(schemas: parts.metadefSchemas)) }

    package static let subject = "Metadata definitions: tags"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/tags",       list,                200, "Lists tags."),
        Row(.POST,   "/v2/metadefs/namespaces/{namespace}/tags",       createSeveral,       201, "Replaces all tags, or adds to them with `X-Openstack-Append: true`."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/tags",       deleteAll,           204, "Deletes all tags."),
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, show,   200, "Shows a tag."),
        Row(.POST,   "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, create, 201, "Creates a tag."),
        Row(.PUT,    "/v2/metadefs/namespaces/{namespace}/tags/{tag}", update,              200, "Renames a tag."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, delete, 204, "Deletes a tag."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let slice = try call.metadefSlice(least: 0)
        let namespace = try service.contents(.tag, of: call.parameters["namespace"], for: call.caller)
        guard let tags = slice.cut(namespace.contents.tags, \.name, \.record) else {
            throw .itemNotFound(.tag, slice.marker ?? "")
        }
        return response(.ok, tags)
    }

    /// Creates several tags. They replace the existing ones, unless `X-Openstack-Append` is true.
    private func createSeveral(_ call: Call) throws(Fault) -> Response {
        let tags = try input.tags(try call.jsonObject())
        let header = call.request.headers["X-Openstack-Append"]?.lowercased() ?? ""
        let appending = ["1", "t", "true", "on", "y", "yes"].contains(header)
        try service.put(tags, to: call.parameters["namespace"], appending: appending, by: call.caller)
        return response(.created, tags)
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let tag = try input.tag(named: call.parameters["tag"])
        return response(.created, try service.add(.tag(tag), to: call.parameters["namespace"], by: call.caller))
    }

    private func deleteAll(_ call: Call) throws(Fault) -> Response {
        try service.removeAll(.tag, from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        response(.ok, try service.item(.tag, call.parameters["tag"], of: call.parameters["namespace"], for: call.caller))
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let tag = try input.tag(try call.jsonObject())
        let changed = try service.replace(
            call.parameters["tag"], with: .tag(tag), in: call.parameters["namespace"], by: call.caller)
        return response(.ok, changed)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.remove(.tag, call.parameters["tag"], from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func response(_ status: Status, _ item: MetadefItem) -> Response {
        var json = JSONWriter()
        if case .tag(let tag) = item { MetadefDocument().write(tag, to: &json) }
        return .json(json.bytes, status)
    }

    private func response(_ status: Status, _ tags: [MetadefTag]) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.key("tags")
            json.array { json in for tag in tags { json.object { $0.member("name", tag.name) } } }
        }
        return .json(json.bytes, status)
    }
}
