package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Properties of a namespace: descriptions of metadata that resources may have.
package struct MetadefPropertiesHandlers: RouteGroup {
    let service: MetadefService
    let input: MetadefInput

    package init(_ parts: V2API.Parts) { (service, input) = (parts.metadefs, MetadefInput(schemas: parts.metadefSchemas)) }

    package static let subject = "Metadata definitions: properties"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/properties",            body: .none, list, 200, "Lists properties."),
        Row(.POST,   "/v2/metadefs/namespaces/{namespace}/properties",            create,            201, "Creates a property."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/properties",            deleteAll,         204, "Deletes all properties."),
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/properties/{property}", show,              200, "Shows a property."),
        Row(.PUT,    "/v2/metadefs/namespaces/{namespace}/properties/{property}", update,            200, "Replaces a property."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/properties/{property}", delete,            204, "Deletes a property."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let namespace = try service.contents(.property, of: call.parameters["namespace"], for: call.caller)
        return .json { json throws(Fault) in
            try json.object { json throws(Fault) in
                json.key("properties")
                try MetadefDocument().write(properties: namespace.contents.properties, to: &json) { items, body throws(Fault) in
                    try service.forEach(items, of: namespace, body)
                }
            }
        }
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let property = try input.property(try call.jsonObject())
        return try response(.created, try service.add(.property(property), to: call.parameters["namespace"], by: call.caller))
    }

    private func deleteAll(_ call: Call) throws(Fault) -> Response {
        try service.removeAll(.property, from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    /// Answers with a property. With `?resource_type=`, the path has the property's name on resources of that type, with its prefix.
    private func show(_ call: Call) throws(Fault) -> Response {
        let (name, namespace) = (call.parameters["property"], call.parameters["namespace"])
        if let type = call.query["resource_type"], !type.isEmpty {
            return try response(.ok, try service.property(name, on: type, of: namespace, for: call.caller))
        }
        return try response(.ok, try service.item(.property, name, of: namespace, for: call.caller))
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let property = try input.property(try call.jsonObject())
        let changed = try service.replace(
            call.parameters["property"], with: .property(property), in: call.parameters["namespace"], by: call.caller)
        return try response(.ok, changed)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.remove(.property, call.parameters["property"], from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func response(_ status: Status, _ item: MetadefItem) throws(Fault) -> Response {
        var json = JSONWriter()
        if case .property(let property) = item { try MetadefDocument().write(property, to: &json) }
        return .json(json.bytes, status)
    }
}
