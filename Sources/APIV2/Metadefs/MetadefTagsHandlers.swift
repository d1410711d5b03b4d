package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument
package import Operations

/// Tags of a namespace: words that resources may be marked with.
package struct MetadefTagsHandlers: Sendable {
    let service: MetadefService
    let input: MetadefInput

    package init(service: MetadefService, schemas: MetadefSchemas) {
        self.service = service
        input = MetadefInput(schemas: schemas)
    }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (MetadefTagsHandlers) -> Handler>] = [
        Route(.GET,    "/v2/metadefs/namespaces/{namespace}/tags",       list),
        Route(.POST,   "/v2/metadefs/namespaces/{namespace}/tags",       createSeveral),
        Route(.DELETE, "/v2/metadefs/namespaces/{namespace}/tags",       deleteAll),
        Route(.GET,    "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, show),
        Route(.POST,   "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, create),
        Route(.PUT,    "/v2/metadefs/namespaces/{namespace}/tags/{tag}", update),
        Route(.DELETE, "/v2/metadefs/namespaces/{namespace}/tags/{tag}", body: .none, delete),
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
