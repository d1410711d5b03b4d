import TestSupport
import Testing

/// The errors of requests that create images.
@Suite(.sharesServices) struct `Creating an image is refused` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Sends an image with a unique name, and expects an error and no row.
    private func refused(_ fields: String, _ status: Int, as person: TestGlance.Person = .alice) throws -> Reply {
        let id = newID()
        let isNamed = fields.contains(#""id""#)
        let reply = try glance.create(isNamed ? "{\(fields)}" : #"{"id": "\#(id)", \#(fields)}"#, as: person)
        #expect(reply.status == status, "\(reply.text)")
        #expect(reply["Location"] == nil)
        if !isNamed {
            #expect(try glance.count("images", where: "id = '\(id)'") == 0)
            #expect(try glance.count("image_properties", where: "image_id = '\(id)'") == 0)
        }
        return reply
    }

    static let unfit: [(String, String)] = [
        ("id that is no UUID", #""id": "my-image""#), ("id too short", #""id": "6899900b-32a5-4dc1-b03d-94b6e5ff516""#),
        ("id without hyphens", #""id": "6899900b32a54dc1b03d94b6e5ff5168""#),
        ("id with more", #""id": "6899900b-32a5-4dc1-b03d-94b6e5ff5168\n""#),
        ("id in braces", #""id": "{6899900b-32a5-4dc1-b03d-94b6e5ff5168}""#),
        ("id of other digits", #""id": "6899900g-32a5-4dc1-b03d-94b6e5ff5168""#),
        ("id that is a path", #""id": "../../../../../../tmp/aaaaaaaaaaaaaa""#), ("id empty", #""id": """#), ("id null", #""id": null"#),
        ("id a number", #""id": 5"#), ("name a number", #""name": 5"#), ("name a list", #""name": ["x"]"#),
        ("name an object", #""name": {}"#),
        ("name of 256", #""name": "\#(text(of: 256))""#), ("owner a number", #""owner": 5"#),
        ("visibility unknown", #""visibility": "world""#), ("visibility null", #""visibility": null"#),
        ("visibility in capitals", #""visibility": "PRIVATE""#), ("visibility empty", #""visibility": """#),
        ("visibility of lists", #""visibility": "all""#), ("protected a text", #""protected": "true""#),
        ("protected a number", #""protected": 1"#),
        ("protected null", #""protected": null"#), ("os_hidden a text", #""os_hidden": "false""#),
        ("os_hidden null", #""os_hidden": null"#),
        ("disk_format unknown", #""disk_format": "floppy""#), ("disk_format in capitals", #""disk_format": "RAW""#),
        ("disk_format empty", #""disk_format": """#), ("disk_format a number", #""disk_format": 1"#),
        ("container_format unknown", #""container_format": "crate""#), ("container_format a list", #""container_format": ["bare"]"#),
        ("tags a text", #""tags": "one""#), ("tags null", #""tags": null"#), ("tags an object", #""tags": {"a": "b"}"#),
        ("a tag that is a number", #""tags": ["a", 5]"#), ("a tag that is null", #""tags": [null]"#),
        ("a tag of 256", #""tags": ["\#(text(of: 256))"]"#), ("property null", #""p": null"#), ("property a number", #""p": 5"#),
        ("property true", #""p": true"#), ("property a list", #""p": ["x"]"#), ("property an object", #""p": {"x": "y"}"#),
        ("property's name of 256", #""\#(text(of: 256))": "x""#), ("property's value of 64 KiB", #""p": "\#(text(of: 65_536))""#),
        ("property's value of 64 KiB in letters", #""p": "\#(text(of: 21_846, "€"))""#), ("image_id a number", #""image_id": 5"#),
        ("is_public true", #""is_public": true"#), ("properties an object", #""properties": {"a": "b"}"#),
        ("members a list", #""members": []"#),
    ]

    @Test(arguments: unfit)
    func `with 400 for what the schema does not allow`(_ row: String, _ fields: String) throws {
        _ = try refused(fields, 400)
    }

    @Test(
        arguments: ["min_disk", "min_ram"],
        ["-1", "2147483648", "-2147483649", "9223372036854775807", #""1""#, "1.5", "true", "null", "[1]"])
    func `with 400 for a least that is no number from 0 to 2147483647`(_ field: String, _ value: String) throws {
        _ = try refused(#""\#(field)": \#(value)"#, 400)
    }

    @Test(arguments: [
        ("name", #""name": "😀""#), ("name in escapes", #""name": "\ud83d\ude00""#), ("tag", #""tags": ["a😀"]"#),
        ("property's name", #""😀": "x""#), ("property's value", #""p": "x😀""#), ("owner", #""owner": "😀""#),
    ])
    func `with 400 for letters of four bytes`(_ row: String, _ fields: String) throws {
        _ = try refused(fields, 400, as: .admin)
    }

    @Test(arguments: [
        ("name", #""name": "a\u0000b""#), ("value", #""p": "a\u0000b""#), ("key", #""a\u0000b": "p""#), ("tag", #""tags": ["\u0000"]"#),
    ])
    func `with 400 for NUL`(_ row: String, _ fields: String) throws {
        _ = try refused(fields, 400)
    }

    @Test func `with 400 for an owner of 256`() throws {
        _ = try refused(#""owner": "\#(text(of: 256))""#, 400, as: .admin)
    }

    static let readOnly = [
        "direct_url", "self", "file", "schema", "stores", "created_at", "updated_at", "status", "checksum", "size", "virtual_size",
        // Glance stores these two as hidden properties.
        "os_hash_algo", "os_hash_value",
    ]
    static let reserved = ["locations", "location", "deleted", "deleted_at", "os_glance", "os_glance_", "os_glance_import_task"]

    @Test(arguments: readOnly + reserved, ["null", "[]", "5", #""active""#])
    func `with 403 for fields that are the service's own, whatever they hold`(_ field: String, _ value: String) throws {
        let reply = try refused(#""\#(field)": \#(value)"#, 403)
        #expect(reply.says.contains(field))
    }

    @Test(arguments: readOnly + reserved)
    func `with 403 for those fields also to administrators`(_ field: String) throws {
        _ = try refused(#""\#(field)": null"#, 403, as: .admin)
    }

    @Test(arguments: ["direct_url", "self", "file", "schema", "stores"])
    func `with 403 for those fields before the schema is asked`(_ field: String) throws {
        _ = try refused(#""min_disk": "plenty", "\#(field)": 5"#, 403)
    }

    @Test(arguments: [
        ("another project's image", TestGlance.Person.alice, #""owner": "bolt""#), ("an image of nobody", .alice, #""owner": null"#),
        ("an image of nobody, written empty", .alice, #""owner": """#), ("a project in another case", .alice, #""owner": "ACME""#),
        ("a public image", .alice, #""visibility": "public""#), ("any image to a reader", .reader, #""name": "mine""#),
        ("a community image to a reader", .reader, #""visibility": "community""#),
        ("another project's image to bob", .bob, #""owner": "acme""#),
    ])
    func `with 403 for what the caller may not have`(_ row: String, _ person: TestGlance.Person, _ fields: String) throws {
        _ = try refused(fields, 403, as: person)
    }

    @Test(arguments: TestGlance.Person.allCases.filter { $0 != .reader })
    func `with 409 for an id that there is, or ever was`(_ person: TestGlance.Person) throws {
        let alive = try glance.hasImage(#"{"name": "alive"}"#)
        let deleted = try glance.hasImage(#"{"name": "deleted"}"#)
        #expect(try glance.delete(deleted).status == 204)
        for id in [alive, alive.uppercased(), deleted, deleted.uppercased()] {
            let reply = try glance.create(#"{"id": "\#(id)", "name": "mine"}"#, as: person)
            #expect(reply.status == 409, "\(id): \(reply.text)")
        }
        #expect(try glance.image(alive)["name"]?.string == "alive")
        #expect(try glance.show(deleted, as: .admin).status == 404)
        #expect(try glance.count("images", where: "id IN ('\(alive)', '\(deleted)')") == 2)
    }

    @Test func `with 409 for two properties whose names are one to the database`() throws {
        for names in [("Colour", "colour"), ("cafe", "café"), ("pad", "pad ")] {
            let id = newID()
            let reply = try glance.create(#"{"id": "\#(id)", "\#(names.0)": "1", "\#(names.1)": "2"}"#)
            #expect(reply.status == 409)
            #expect(try glance.count("images", where: "id = '\(id)'") == 0)
        }
    }

    @Test func `with 413 past 128 tags or properties`() throws {
        func tags(_ count: Int) -> String { #""tags": ["# + (0..<count).map { #""t\#($0)""# }.joined(separator: ", ") + "]" }
        func properties(_ count: Int) -> String { (0..<count).map { #""p\#($0)": "v""# }.joined(separator: ", ") }
        _ = try refused(tags(129), 413)
        _ = try refused(properties(129), 413)
        let full = try glance.create("{\(tags(128)), \(properties(128))}")
        #expect(full.status == 201)
        #expect(full.json["tags"]?.array?.count == 128)
        #expect(try glance.image(full.json["id"]?.string ?? "")["p127"]?.string == "v")
    }
}
