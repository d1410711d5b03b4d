package import APICommon
internal import Domain
package import HTTP
internal import JSONDocument

/// The JSON schemas of images, members and tasks.
package struct SchemasHandlers: Sendable {
    let schemas: ImageSchemas

    package init(schemas: ImageSchemas) { self.schemas = schemas }

    // swift-format-ignore
    package static let routes: [Route<@Sendable (SchemasHandlers) -> Handler>] = [
        Route(.GET, "/v2/schemas/image",   body: .none, { door in { _ in door.document(\.image) } }),
        Route(.GET, "/v2/schemas/images",  body: .none, { door in { _ in door.document(\.images) } }),
        Route(.GET, "/v2/schemas/member",  body: .none, { door in { _ in door.document(\.member) } }),
        Route(.GET, "/v2/schemas/members", body: .none, { door in { _ in door.document(\.members) } }),
    ]

    private func document(_ schema: KeyPath<ImageSchemas, JSONSchema>) -> Response {
        .json(JSON.object(schemas[keyPath: schema].document).text)
    }
}
