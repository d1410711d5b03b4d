package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Resource types, and their associations with namespaces.
package struct ResourceTypesHandlers: RouteGroup {
    let service: MetadefService
    let input: MetadefInput

    package init(_ parts: V2API.Parts) { (service, input) = (parts.metadefs, MetadefInput(schemas: parts.metadefSchemas)) }

    package static let subject = "Metadata definitions: types of resources"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/metadefs/resource_types",                                        body: .none, listAll, 200, "Lists all types of resources."),
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}/resource_types",                 body: .none, list,    200, "Lists the types of resources that a namespace is meant for."),
        Row(.POST,   "/v2/metadefs/namespaces/{namespace}/resource_types",                 create,               201, "Adds a type of resource to a namespace."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}", body: .none, delete,  204, "Removes a type of resource from a namespace."),
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
