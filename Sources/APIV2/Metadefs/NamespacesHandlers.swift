package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument
internal import Operations

/// Namespaces of metadata definitions.
package struct NamespacesHandlers: RouteGroup {
    let service: MetadefService
    let input: MetadefInput
    let paging: ImagesHandlers.Paging

    package init(_ parts: V2API.Parts) {
        (service, input, paging) = (parts.metadefs, MetadefInput(schemas: parts.metadefSchemas), parts.paging)
    }

    package static let subject = "Metadata definitions: namespaces"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET,    "/v2/metadefs/namespaces",             list,                200, "Lists the namespaces that the caller sees."),
        Row(.POST,   "/v2/metadefs/namespaces",             create,              201, "Creates a namespace with what the body puts into it."),
        Row(.GET,    "/v2/metadefs/namespaces/{namespace}", body: .none, show,   200, "Shows a namespace with all that is in it."),
        Row(.PUT,    "/v2/metadefs/namespaces/{namespace}", update,              200, "Replaces a namespace's own fields."),
        Row(.DELETE, "/v2/metadefs/namespaces/{namespace}", body: .none, delete, 204, "Deletes a namespace with all that is in it."),
    ]

    private func list(_ call: Call) throws(Fault) -> Response {
        let page = try service.list(try call.metadefListing(paging), for: call.caller)
        let links = PageLinks("/v2/metadefs/namespaces", call.query)
        return .json { json throws(Fault) in
            try json.object { json throws(Fault) in
                json.key("namespaces")
                try json.array { json throws(Fault) in
                    for namespace in page.namespaces { try MetadefDocument().write(namespace, to: &json, MetadefDocument.each) }
                }
                if let marker = page.nextMarker { json.member("next", links.next(after: marker)) }
                json.member("schema", "/v2/schemas/metadefs/namespaces")
                json.member("first", links.first)
            }
        }
    }

    private func create(_ call: Call) throws(Fault) -> Response {
        let body = try call.jsonObject()
        let draft = try input.draft(body, by: call.caller)
        let namespace = try service.create(draft, by: call.caller)
        var response = response(.created, namespace, MetadefDocument(echoed: Set(body.keys)))
        response.headers["Location"] = call.request.baseURL.address + MetadefDocument.path(of: namespace.name)
        return response
    }

    /// Answers with a namespace. With `?resource_type=`, its properties have the names that they have on resources of that type.
    private func show(_ call: Call) throws(Fault) -> Response {
        let namespace = try service.show(call.parameters["namespace"], to: call.caller)
        let type = call.query["resource_type"]
        let association = namespace.contents.resourceTypes.first { $0.name == type }
        return response(.ok, namespace, MetadefDocument(prefix: association?.prefix ?? ""))
    }

    private func update(_ call: Call) throws(Fault) -> Response {
        let fields = try input.draft(try call.jsonObject(), by: call.caller).fields
        return response(.ok, try service.update(call.parameters["namespace"], to: fields, by: call.caller))
    }

    private func delete(_ call: Call) throws(Fault) -> Response {
        try service.delete(call.parameters["namespace"], by: call.caller)
        return Response(.noContent)
    }

    private func response(_ status: Status, _ namespace: MetadefNamespace, _ document: MetadefDocument = MetadefDocument()) -> Response {
        .json(status) { json throws(Fault) in
            try document.write(namespace, to: &json) { items, body throws(Fault) in
                try service.forEach(items, of: namespace, body)
            }
        }
    }
}
