package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument
package import Operations

/// Properties of a namespace: descriptions of metadata that resources may have.
package struct MetadefPropertiesHandlers: Sendable {
    let service: MetadefService
    let input: MetadefInput

    package init(service: MetadefService, schemas: MetadefSchemas) {
        self.service = service
        input = MetadefInput(schemas: schemas)
    }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (MetadefPropertiesHandlers) -> Handler>] = [
        Route(.GET,    "/v2/metadefs/namespaces/{namespace}/properties",            body: .none, list),
        Route(.POST,   "/v2/metadefs/namespaces/{namespace}/properties",            create),
        Route(.DELETE, "/v2/metadefs/namespaces/{namespace}/properties",            deleteAll),
        Route(.GET,    "/v2/metadefs/namespaces/{namespace}/properties/{property}", show),
        Route(.PUT,    "/v2/metadefs/namespaces/{namespace}/properties/{property}", update),
        Route(.DELETE, "/v2/metadefs/namespaces/{namespace}/properties/{property}", delete),
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
