package import APICommon
internal import Domain
internal import HTTP
internal import JSONDocument

/// The JSON schemas of images, members and tasks.
package struct SchemasHandlers: RouteGroup {
    let schemas: ImageSchemas

    package init(_ parts: V2API.Parts) { schemas = parts.imageSchemas }

    package static let subject = "Schemas"

    // swift-format-ignore
    package static let routes: [Row] = [
        Row(.GET, "/v2/schemas/image",   body: .none, { group in { _ in group.document(\.image) } },   200, "Describes an image."),
        Row(.GET, "/v2/schemas/images",  body: .none, { group in { _ in group.document(\.images) } },  200, "Describes a page of images."),
        Row(.GET, "/v2/schemas/member",  body: .none, { group in { _ in group.document(\.member) } },  200, "Describes a member."),
        Row(.GET, "/v2/schemas/members", body: .none, { group in { _ in group.document(\.members) } }, 200, "Describes a list of members."),
    ]

    private func document(_ schema: KeyPath<ImageSchemas, JSONSchema>) -> Response {
        .json(JSON.object(schemas[keyPath: schema].document).text)
    }
}
