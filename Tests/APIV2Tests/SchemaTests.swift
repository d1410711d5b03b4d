import TestSupport
import Testing

/// Clients build their models of images from these.
@Suite(.sharesServices) struct `Schemas` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// A field of the API reference: its types, whether it is read only, and its bounds.
    struct Field: CustomTestStringConvertible {
        let name: String
        let types: [String]
        var isReadOnly = false
        var longest: Int?
        var choices: [String?]?
        var pattern: String?

        var testDescription: String { name }
    }

    static let uuid = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

    static let fields: [Field] = [
        Field(name: "id", types: ["string"], pattern: uuid),
        Field(name: "name", types: ["null", "string"], longest: 255),
        Field(
            name: "status", types: ["string"], isReadOnly: true,
            choices: ["queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete", "deactivated"]),
        Field(name: "visibility", types: ["string"], choices: ["community", "public", "private", "shared"]),
        Field(name: "protected", types: ["boolean"]),
        Field(name: "os_hidden", types: ["boolean"]),
        Field(name: "checksum", types: ["null", "string"], isReadOnly: true, longest: 32),
        Field(name: "os_hash_algo", types: ["null", "string"], isReadOnly: true, longest: 64),
        Field(name: "os_hash_value", types: ["null", "string"], isReadOnly: true, longest: 128),
        Field(name: "owner", types: ["null", "string"], longest: 255),
        Field(name: "size", types: ["null", "integer"], isReadOnly: true),
        Field(name: "virtual_size", types: ["null", "integer"], isReadOnly: true),
        Field(
            name: "container_format", types: ["null", "string"],
            choices: [nil, "ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]),
        Field(
            name: "disk_format", types: ["null", "string"],
            choices: [nil, "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"]),
        Field(name: "created_at", types: ["string"], isReadOnly: true),
        Field(name: "updated_at", types: ["string"], isReadOnly: true),
        Field(name: "tags", types: ["array"]),
        Field(name: "direct_url", types: ["string"], isReadOnly: true),
        Field(name: "min_ram", types: ["integer"]),
        Field(name: "min_disk", types: ["integer"]),
        Field(name: "self", types: ["string"], isReadOnly: true),
        Field(name: "file", types: ["string"], isReadOnly: true),
        Field(name: "stores", types: ["string"], isReadOnly: true),
        Field(name: "schema", types: ["string"], isReadOnly: true),
        Field(name: "locations", types: ["array"]),
    ]

    static let memberFields: [Field] = [
        Field(name: "member_id", types: ["string"]),
        Field(name: "image_id", types: ["string"], pattern: uuid),
        Field(name: "created_at", types: ["string"]),
        Field(name: "updated_at", types: ["string"]),
        Field(name: "status", types: ["string"], choices: ["pending", "accepted", "rejected"]),
        Field(name: "schema", types: ["string"], isReadOnly: true),
    ]

    private func schema(_ name: String) throws -> JSONValue {
        let reply = try glance.send("GET", "/v2/schemas/\(name)")
        guard reply.status == 200 else { throw Unexpected(reply) }
        #expect(reply["Content-Type"] == "application/json")
        return reply.json
    }

    private func expect(_ shown: JSONValue?, toBe field: Field) throws {
        let shown = try #require(shown, "\(field.name)")
        let types = shown["type"]?.array == nil ? [shown["type"]?.string ?? ""] : shown["type"]?.texts ?? []
        #expect(types == field.types, "\(field.name)")
        #expect((shown["readOnly"]?.bool ?? false) == field.isReadOnly, "\(field.name)")
        #expect(shown["maxLength"]?.int == field.longest.map(Int64.init), "\(field.name)")
        #expect(shown["enum"]?.array?.map(\.string) == field.choices, "\(field.name)")
        #expect(shown["pattern"]?.string == field.pattern, "\(field.name)")
    }

    private func links(_ schema: JSONValue) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (schema["links"]?.array ?? []).map { ($0["rel"]?.string ?? "", $0["href"]?.string ?? "") })
    }

    @Test func `of an image has its name, fields, links and what else it may hold`() throws {
        let schema = try schema("image")
        #expect(schema.keys == ["name", "properties", "additionalProperties", "links"])
        #expect(schema["name"]?.string == "image")
        #expect(Set(schema["properties"]?.keys ?? []) == Set(Self.fields.map(\.name)))
        #expect(schema["properties"]?.keys.count == 25)
        #expect(schema["additionalProperties"]?.keys == ["type"])
        #expect(schema["additionalProperties"]?["type"]?.string == "string")
        #expect(links(schema) == ["self": "{self}", "enclosure": "{file}", "describedby": "{schema}"])
    }

    @Test(arguments: fields)
    func `of an image describes every field`(_ field: Field) throws {
        let shown = try schema("image")["properties"]?[field.name]
        try expect(shown, toBe: field)
        #expect(shown?["description"]?.string?.isEmpty == false)
    }

    @Test func `of an image describes tags and locations by their items`() throws {
        let properties = try #require(try schema("image")["properties"])
        #expect(properties["tags"]?["items"]?["type"]?.string == "string")
        #expect(properties["tags"]?["items"]?["maxLength"]?.int == 255)
        let location = try #require(properties["locations"]?["items"])
        #expect(location["type"]?.string == "object")
        #expect(location["required"]?.texts == ["url", "metadata"])
        #expect(Set(location["properties"]?.keys ?? []) == ["url", "metadata", "validation_data"])
        #expect(location["properties"]?["url"]?["type"]?.string == "string")
        #expect(location["properties"]?["url"]?["maxLength"]?.int == 255)
        #expect(location["properties"]?["metadata"]?["type"]?.string == "object")
        let validation = try #require(location["properties"]?["validation_data"])
        #expect(validation["type"]?.string == "object")
        #expect(validation["writeOnly"]?.bool == true)
        #expect(validation["additionalProperties"]?.bool == false)
        #expect(validation["required"]?.texts == ["os_hash_algo", "os_hash_value"])
        #expect(validation["properties"]?["checksum"]?["minLength"]?.int == 32)
        #expect(validation["properties"]?["checksum"]?["maxLength"]?.int == 32)
        #expect(validation["properties"]?["os_hash_algo"]?["maxLength"]?.int == 64)
        #expect(validation["properties"]?["os_hash_value"]?["maxLength"]?.int == 128)
    }

    @Test func `of images holds that of an image`() throws {
        let schema = try schema("images")
        #expect(schema["name"]?.string == "images")
        #expect(Set(schema["properties"]?.keys ?? []) == ["images", "first", "next", "schema"])
        #expect(schema["properties"]?["images"]?["type"]?.string == "array")
        #expect(schema["properties"]?["images"]?["items"] == (try self.schema("image")))
        for path in ["first", "next", "schema"] { #expect(schema["properties"]?[path]?["type"]?.string == "string") }
        #expect(links(schema) == ["first": "{first}", "next": "{next}", "describedby": "{schema}"])
        #expect(!schema.has("additionalProperties"))
    }

    @Test func `of a member has its name and fields, and no more`() throws {
        let schema = try schema("member")
        #expect(schema["name"]?.string == "member")
        #expect(Set(schema["properties"]?.keys ?? []) == Set(Self.memberFields.map(\.name)))
        #expect(!schema.has("additionalProperties"))
        for field in Self.memberFields { try expect(schema["properties"]?[field.name], toBe: field) }
    }

    @Test func `of members holds that of a member, and knows no pages`() throws {
        let schema = try schema("members")
        #expect(schema["name"]?.string == "members")
        #expect(Set(schema["properties"]?.keys ?? []) == ["members", "schema"])
        #expect(schema["properties"]?["members"]?["type"]?.string == "array")
        #expect(schema["properties"]?["members"]?["items"] == (try self.schema("member")))
        #expect(links(schema) == ["describedby": "{schema}"])
    }

    @Test func `describe what the service shows`() throws {
        let image = try glance.image(try glance.hasActiveImage())
        let properties = try #require(try schema("image")["properties"])
        for key in image.keys { #expect(properties.has(key), "\(key)") }
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        let member = try glance.send("GET", "/v2/images/\(id)/members/bolt").json
        #expect(Set(member.keys) == Set(Self.memberFields.map(\.name)))
    }

    @Test(arguments: ["image", "images", "member", "members"])
    func `are for every authenticated caller`(_ name: String) throws {
        for person in TestGlance.Person.allCases { #expect(try glance.send("GET", "/v2/schemas/\(name)", as: person).status == 200) }
        #expect(try glance.send("GET", "/v2/schemas/\(name)", as: nil).status == 401)
    }

    @Test(arguments: ["", "/", "/nothing", "/Image", "/image/", "/image/id", "/images%20", "/metadefs"])
    func `that there are not are 404`(_ rest: String) throws {
        #expect(try glance.send("GET", "/v2/schemas\(rest)").status == 404)
    }
}

/// The formats are those of the configuration.
@Suite(.sharesServices) struct `The schema of a site with formats of its own` {
    @Test func `names those, and no other is taken`() throws {
        let glance = try TestGlance.of(Self.self, ["image_format": "disk_formats = raw,tape\ncontainer_formats = bare,crate"])
        let properties = try glance.send("GET", "/v2/schemas/image").json["properties"]
        #expect(properties?["disk_format"]?["enum"]?.array?.map(\.string) == [nil, "raw", "tape"])
        #expect(properties?["container_format"]?["enum"]?.array?.map(\.string) == [nil, "bare", "crate"])
        #expect(try glance.create(#"{"disk_format": "tape", "container_format": "crate"}"#).status == 201)
        #expect(try glance.create(#"{"disk_format": "qcow2"}"#).status == 400)
        #expect(try glance.create(#"{"container_format": "ovf"}"#).status == 400)
    }
}
