package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument

/// The JSON schemas of metadata definitions.
package struct MetadefSchemasHandlers: RouteGroup {
    let schemas: MetadefSchemas

    package init(_ parts: V2API.Parts) { schemas = parts.metadefSchemas }

    package static let subject = "Metadata definitions: schemas"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET, "/v2/schemas/metadefs/namespace",      body: .none, { group in { _ in group.document(\.namespace) } },     200, "Describes a namespace."),
        Row(.GET, "/v2/schemas/metadefs/namespaces",     body: .none, { group in { _ in group.document(\.namespaces) } },    200, "Describes a page of namespaces."),
        Row(.GET, "/v2/schemas/metadefs/object",         body: .none, { group in { _ in group.document(\.object) } },        200, "Describes an object."),
        Row(.GET, "/v2/schemas/metadefs/objects",        body: .none, { group in { _ in group.document(\.objects) } },       200, "Describes a list of objects."),
        Row(.GET, "/v2/schemas/metadefs/property",       body: .none, { group in { _ in group.document(\.property) } },      200, "Describes a property."),
        Row(.GET, "/v2/schemas/metadefs/properties",     body: .none, { group in { _ in group.document(\.properties) } },    200, "Describes a list of properties."),
        Row(.GET, "/v2/schemas/metadefs/tag",            body: .none, { group in { _ in group.document(\.tag) } },           200, "Describes a tag."),
        Row(.GET, "/v2/schemas/metadefs/tags",           body: .none, { group in { _ in group.document(\.tags) } },          200, "Describes a list of tags."),
        Row(.GET, "/v2/schemas/metadefs/resource_type",  body: .none, { group in { _ in group.document(\.resourceType) } },  200, "Describes a namespace's type of resource."),
        Row(.GET, "/v2/schemas/metadefs/resource_types", body: .none, { group in { _ in group.document(\.resourceTypes) } }, 200, "Describes a list of types of resources."),
    ]

    private func document(_ schema: KeyPath<MetadefSchemas, JSONSchema>) -> Response {
        .json(JSON.object(schemas[keyPath: schema].document).text)
    }
}
