package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument
package import Operations

/// Resource types, and their associations with namespaces.
package struct ResourceTypesHandlers: Sendable {
    let service: MetadefService
    let input: MetadefInput

    package init(service: MetadefService, schemas: MetadefSchemas) {
        self.service = service
        input = MetadefInput(schemas: schemas)
    }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (ResourceTypesHandlers) -> Handler>] = [
        Route(.GET,    "/v2/metadefs/resource_types",                                         body: .none, listAll),
        Route(.GET,    "/v2/metadefs/namespaces/{namespace}/resource_types",                  body: .none, list),
        Route(.POST,   "/v2/metadefs/namespaces/{namespace}/resource_types",                  create),
        Route(.DELETE, "/v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}", body: .none, delete),
    ]

    private func listAll(_ call: Call) throws(Fault) -> Response {
        let types = try service.resourceTypes(for: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.key("resource_types")
            json.array { json in for type in types { MetadefDocument().write(type, to: &json) } }
        }
        return .json(json.bytes)
    }

    private func list(_ call: Call) throws(Fault) -> Response {
        let namespace = try service.contents(.resourceType, of: call.parameters["namespace"], for: call.caller)
        var json = JSONWriter()
        json.object { json in
            json.key("resource_type_associations")
            json.array { json in
                for association in namespace.contents.resourceTypes { MetadefDocument().write(association, to: &json) }
            }
        }
        return .json(json.bytes)
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let association = try input.association(try call.jsonObject())
        let added = try service.add(.resourceType(association), to: call.parameters["namespace"], by: call.caller)
        var json = JSONWriter()
        if case .resourceType(let association) = added { MetadefDocument().write(association, to: &json) }
        return .json(json.bytes, .created)
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.remove(.resourceType, call.parameters["resource_type"], from: call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }
}
