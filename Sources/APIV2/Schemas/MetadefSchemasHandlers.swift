package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument

/// The JSON schemas of metadata definitions.
package struct MetadefSchemasHandlers: Sendable {
    let schemas: MetadefSchemas

    package init(schemas: MetadefSchemas) { self.schemas = schemas }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (MetadefSchemasHandlers) -> Handler>] = [
        Route(.GET, "/v2/schemas/metadefs/namespace",      body: .none, { door in { _ in door.document(\.namespace) } }),
        Route(.GET, "/v2/schemas/metadefs/namespaces",     body: .none, { door in { _ in door.document(\.namespaces) } }),
        Route(.GET, "/v2/schemas/metadefs/object",         body: .none, { door in { _ in door.document(\.object) } }),
        Route(.GET, "/v2/schemas/metadefs/objects",        body: .none, { door in { _ in door.document(\.objects) } }),
        Route(.GET, "/v2/schemas/metadefs/property",       body: .none, { door in { _ in door.document(\.property) } }),
        Route(.GET, "/v2/schemas/metadefs/properties",     body: .none, { door in { _ in door.document(\.properties) } }),
        Route(.GET, "/v2/schemas/metadefs/tag",            body: .none, { door in { _ in door.document(\.tag) } }),
        Route(.GET, "/v2/schemas/metadefs/tags",           body: .none, { door in { _ in door.document(\.tags) } }),
        Route(.GET, "/v2/schemas/metadefs/resource_type",  body: .none, { door in { _ in door.document(\.resourceType) } }),
        Route(.GET, "/v2/schemas/metadefs/resource_types", body: .none, { door in { _ in door.document(\.resourceTypes) } }),
    ]

    private func document(_ schema: KeyPath<MetadefSchemas, JSONSchema>) -> Response {
        .json(JSON.object(schemas[keyPath: schema].document).text)
    }
}
