package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Objects of a namespace: groups of properties.
package struct MetadefObjectsHandlers: RouteGroup {
    let service: MetadefService
    let input: MetadefInput

    package init(_ parts: V2API.Parts) { (service, input) = (parts.metadefs, MetadefInput(schemas: parts.metadefSchemas)) }

    package static let subject = "Metadata definitions: objects"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/objects",          list,                200, "Lists objects."),
        Row(.POST,   "/v2/metadefs/namespaces/{namespace}/objects",          create,              201, "Creates an object."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/objects",          deleteAll,           204, "Deletes all objects."),
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/objects/{object}", body: .none, show,   200, "Shows an object."),
        Row(.PUT,    "/v2/metadefs/namespaces/{namespace}/objects/{object}", update,              200, "Replaces an object."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/objects/{object}", body: .none, delete, 204, "Deletes an object."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        var slice = try call.metadefSlice(least: 1)
        if call.query["sort_key"] == nil && call.query["sort_dir"] == nil { (slice.key, slice.isDescending) = (.name, false) }
        let namespace = try service.contents(.object, of: call.parameters["namespace"], for: call.caller)
        guard let objects = slice.cut(namespace.contents.objects, \.name, \.record) else {
            throw .itemNotFound(.object, slice.marker ?? "")
        }
        return .json { json throws(Fault) in
            try json.object { json throws(Fault) in
                json.key("objects")
                try MetadefDocument().write(objects: objects, of: namespace.name, to: &json) { items, body throws(Fault) in
                    try service.forEach(items, of: namespace, body)
                }
                // Like in Glance, this path has no slash at its start.
                json.member("schema", "v2/schemas/metadefs/objects")
            }
        }
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let object = try input.object(try call.jsonObject())
        return try response(.created, try service.add(.object(object), to: call.parameters["namespace"], by: call.caller), call)
    }

    private func deleteAll(_ call: Call) throws(Fault) -> Response {
        try service.removeAll(.object, from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func show(_ call: Call) throws(Fault) -> Response {
        let name = call.parameters["object"]
        return try response(.ok, try service.item(.object, name, of: call.parameters["namespace"], for: call.caller), call)
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let object = try input.object(try call.jsonObject())
        let changed = try service.replace(
            call.parameters["object"], with: .object(object), in: call.parameters["namespace"], by: call.caller)
        return try response(.ok, changed, call)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.remove(.object, call.parameters["object"], from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func response(_ status: Status, _ item: MetadefItem, _ call: Call) throws(Fault) -> Response {
        var json = JSONWriter()
        if case .object(let object) = item {
            try MetadefDocument().write(object, of: call.parameters["namespace"], to: &json)
        }
        return .json(json.bytes, status)
    }
}
