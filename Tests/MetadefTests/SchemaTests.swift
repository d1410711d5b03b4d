import TestSupport
import Testing

@Suite(.sharesServices) struct `Schemas of metadata definitions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func schema(_ name: String) throws -> JSONValue {
        let reply = try glance.send("GET", "/v2/schemas/metadefs/\(name)", as: .reader)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.json
    }

    static let fields: [(one: String, many: String, name: String, fields: [String], required: [String])] = [
        (
            "namespace", "namespaces", "namespace",
            [
                "namespace", "display_name", "description", "visibility", "protected", "owner", "created_at", "updated_at", "schema",
                "self",
                "resource_type_associations", "properties", "objects", "tags",
            ], ["namespace"]
        ),
        (
            "object", "objects", "object", ["name", "description", "required", "properties", "schema", "self", "created_at", "updated_at"],
            ["name"]
        ),
        ("tag", "tags", "tag", ["name", "created_at", "updated_at"], ["name"]),
        (
            "resource_type", "resource_types", "resource_type_association",
            ["name", "prefix", "properties_target", "created_at", "updated_at"], ["name"]
        ),
    ]

    @Test(arguments: fields) func `name every field`(
        _ one: String, _ many: String, _ name: String, _ fields: [String], _ required: [String]
    ) throws {
        let single = try schema(one)
        #expect(single["name"]?.string == name)
        #expect(single["properties"]?.keys == fields)
        #expect(single["required"]?.texts == required)
        #expect(single["additionalProperties"]?.bool == false)
        for field in ["created_at", "updated_at"] { #expect(single["properties"]?[field]?["readOnly"]?.bool == true, "\(field)") }

        let several = try schema(many)
        #expect(several["name"]?.string == "\(name)s")
        #expect(several["properties"]?.keys == ["\(name)s", "first", "next", "schema"])
        #expect(several["properties"]?["\(name)s"]?["items"]?["properties"] == single["properties"])
        #expect(several["definitions"] == single["definitions"])
        #expect(several["links"]?.array?.map { $0["rel"]?.string } == ["first", "next", "describedby"])
    }

    @Test func `define what a property is`() throws {
        let property = try schema("property")
        #expect(property["required"]?.texts == ["type", "title", "name"])
        #expect(property["properties"]?["type"]?["enum"] == ["array", "boolean", "integer", "number", "object", "string", nil])
        #expect(property["definitions"]?.keys == ["positiveInteger", "positiveIntegerDefault0", "stringArray"])
        let several = try schema("properties")
        #expect(several["properties"]?["properties"]?["type"]?.string == "object")
        #expect(several["properties"]?["properties"]?["additionalProperties"]?["required"]?.texts == ["type", "title"])
        let definitions = try schema("namespace")["definitions"]
        #expect(definitions?.keys == ["positiveInteger", "positiveIntegerDefault0", "stringArray", "property"])
        #expect(definitions?["property"]?["additionalProperties"]?["properties"] == property["properties"])
    }

    @Test func `are there, and only to be read`() throws {
        #expect(try glance.send("GET", "/v2/schemas/metadefs/unknown").status == 404)
        let reply = try glance.send("DELETE", "/v2/schemas/metadefs/tag")
        #expect(reply.status == 405)
        #expect(reply["Allow"] == "GET, HEAD")
        #expect(try glance.send("GET", "/v2/schemas/metadefs/tag", json: "{}").status == 400)
    }

    @Test(arguments: [
        ("resource_types", "GET"), ("namespaces", "GET, POST"), ("namespaces/n", "GET, PUT, DELETE"),
        ("namespaces/n/resource_types", "GET, POST"),
        ("namespaces/n/resource_types/t", "DELETE"), ("namespaces/n/properties", "GET, POST, DELETE"),
        ("namespaces/n/properties/p", "GET, PUT, DELETE"),
        ("namespaces/n/objects", "GET, POST, DELETE"), ("namespaces/n/objects/o", "GET, PUT, DELETE"),
        ("namespaces/n/tags", "GET, POST, DELETE"),
        ("namespaces/n/tags/t", "GET, POST, PUT, DELETE"),
    ]) func `and paths tell their methods`(_ path: String, _ methods: String) throws {
        let reply = try glance.metadef("PATCH", path)
        #expect(reply.status == 405)
        #expect(reply["Allow"] == methods.replacing("GET", with: "GET, HEAD"))
        let bodyless = [
            "resource_types", "namespaces/n", "namespaces/n/resource_types", "namespaces/n/properties", "namespaces/n/objects/o",
            "namespaces/n/tags/t",
        ]
        if methods.contains("GET") { #expect(try glance.metadef("GET", path, json: "{}").status == 400 || !bodyless.contains(path)) }
    }
}
