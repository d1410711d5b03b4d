import TestSupport
import Testing

@Suite(.sharesServices(Registry.self)) struct `An image of the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    static let fields = [
        "container_format", "status", "min_disk", "virtual_size", "disk_format", "checksum", "is_public", "owner", "updated_at", "id",
        "deleted_at", "size", "name", "deleted", "created_at", "protected", "min_ram", "properties", "location_data", "location",
    ]

    @Test func `has every field, with null for what is not set`() throws {
        let id = try glance.hasRecord()
        let image = try glance.ask("GET", "/images/\(id)").image
        #expect(Set(image.names).isSuperset(of: Self.fields))
        #expect(image["id"]?.string == id)
        for field in ["container_format", "disk_format", "virtual_size", "checksum", "deleted_at", "size", "name", "location"] {
            #expect(image[field] == .null, "\(field)")
        }
        #expect(image["status"]?.string == "active")
        #expect(image["owner"]?.string == "acme")
        for field in ["is_public", "deleted", "protected"] { #expect(image[field]?.bool == false, "\(field)") }
        for field in ["min_disk", "min_ram"] { #expect(image[field]?.int == 0, "\(field)") }
        #expect(image["properties"]?.object?.keys == [])
        #expect(image["location_data"]?.array == [])
    }

    @Test func `has what it was given`() throws {
        let given = """
            {"name": "größer", "disk_format": "qcow2", "container_format": "bare", "size": 9223372036854775807, "virtual_size": 17,
             "checksum": "5d41402abc4b2a76b9719d911017c592", "min_disk": 2147483647, "min_ram": 512, "protected": true, "is_public": true,
             "status": "queued", "properties": {"os": "debian", "empty": null, "kernel_id": ""},
             "created_at": "2020-02-29T23:59:59.123456", "updated_at": "2021-01-01T00:00:00"}
            """
        let made = try glance.create(given)
        let id = try #require(made.image["id"]?.string)
        let image = try glance.ask("GET", "/images/\(id)").image
        for field in Self.fields where field != "properties" { #expect(made.image[field] == image[field], "\(field)") }
        #expect(image["name"]?.string == "größer")
        #expect(image["disk_format"]?.string == "qcow2")
        #expect(image["container_format"]?.string == "bare")
        #expect(image["size"]?.int == .max)
        #expect(image["virtual_size"]?.int == 17)
        #expect(image["checksum"]?.string == "5d41402abc4b2a76b9719d911017c592")
        #expect(image["min_disk"]?.int == 2_147_483_647)
        #expect(image["min_ram"]?.int == 512)
        #expect(image["protected"]?.bool == true)
        #expect(image["is_public"]?.bool == true)
        #expect(image["status"]?.string == "queued")
        #expect(image["properties"]?["os"]?.string == "debian")
        #expect(image["properties"]?["empty"] == .null)
        #expect(image["properties"]?["kernel_id"]?.string == "")
        #expect(image["created_at"]?.string == "2020-02-29T23:59:59.000000")
        #expect(image["updated_at"]?.string == "2021-01-01T00:00:00.000000")
    }

    @Test func `tells when it was made, by the form that V1 has`() throws {
        let image = try glance.record(try glance.hasRecord())
        for field in ["created_at", "updated_at"] {
            let text = try #require(image[field]?.string)
            #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/) != nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("shared", Who.bob, 404), ("private", .bob, 404), ("public", .bob, 200), ("community", .bob, 200), ("shared", .alice, 200),
        ("private", .alice, 200), ("private", .admin, 200), ("private", .service, 200), ("shared", .nobody, 404), ("public", .nobody, 200),
    ])
    func `is 404 for who may not see it`(_ visibility: String, _ who: Who, _ status: Int) throws {
        let id = try glance.hasRecord(#"{"visibility": "\#(visibility)"}"#)
        #expect(try glance.ask("GET", "/images/\(id)", as: who).status == status)
    }

    @Test func `is seen by those that it is shared with`() throws {
        let id = try glance.hasRecord()
        try glance.shares(id, with: "bolt")
        #expect(try glance.ask("GET", "/images/\(id)", as: .bob).image["id"]?.string == id)
    }

    @Test(arguments: ["\(newID())", "x", "%F0%9F%96%BC", "%00", "..", "1%20OR%201=1"])
    func `is 404 when there is none`(_ id: String) throws {
        for (method, body) in [("GET", nil), ("PUT", #"{"image": {}}"#), ("DELETE", nil)] {
            #expect([400, 404].contains(try glance.ask(method, "/images/\(id)", as: .service, json: body).status), "\(method)")
        }
        #expect(try glance.ask("GET", "/images/\(newID())", as: .service).status == 404)
    }

    @Test func `is seen by administrators when it is deleted`() throws {
        let id = try glance.hasRecord(#"{"name": "gone", "properties": {"os": "debian"}}"#)
        #expect(try glance.ask("DELETE", "/images/\(id)").status == 200)
        for who in [Who.alice, .bob, .nobody] { #expect(try glance.ask("GET", "/images/\(id)", as: who).status == 404) }
        for who in [Who.admin, .service] {
            let image = try glance.ask("GET", "/images/\(id)", as: who).image
            #expect(image["deleted"]?.bool == true)
            #expect(image["deleted_at"]?.string != nil)
            #expect(image["name"]?.string == "gone")
        }
        #expect(try glance.update(id, #"{"name": "back"}"#, as: .service).status == 404)
        #expect(try glance.ask("DELETE", "/images/\(id)", as: .service).status == 404)
    }
}

@Suite(.sharesServices(Registry.self)) struct `Creating an image in the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    @Test func `answers 200 with the image, active unless it says otherwise`() throws {
        let reply = try glance.create("{}")
        #expect(reply.status == 200)
        #expect(reply.image["status"]?.string == "active")
        let id = try #require(reply.image["id"]?.string)
        #expect(id.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
        #expect(
            try glance.rows("SELECT status, visibility, owner FROM images WHERE id = '\(id)'", columns: 3) == [
                ["active", "shared", "acme"]
            ])
    }

    @Test(arguments: ["queued", "saving", "active", "killed", "deactivated", "pending_delete"])
    func `takes any status there is`(_ status: String) throws {
        #expect(try glance.create(#"{"status": "\#(status)"}"#).image["status"]?.string == status)
    }

    static let owners: [(Who, String?, String?)] = [
        (.alice, "bolt", "acme"), (.alice, nil, "acme"), (.admin, "bolt", "bolt"), (.service, "bolt", "bolt"), (.service, nil, nil),
        (.nobody, "acme", nil),
    ]

    @Test(arguments: owners)
    func `gives the image to the caller's project, except for administrators`(_ who: Who, _ owner: String?, _ expected: String?) throws {
        let made = try glance.create(owner.map { #"{"owner": "\#($0)"}"# } ?? "{}", as: who)
        #expect(made.status == 200)
        #expect(made.image["owner"]?.string == expected)
    }

    @Test(arguments: [
        (#"{"is_public": true}"#, "public"), (#"{"is_public": false}"#, "shared"), (#"{"visibility": "private"}"#, "private"),
        (#"{"is_public": true, "visibility": "public"}"#, "public"), (#"{"is_public": false, "visibility": "private"}"#, "private"),
        (#"{"is_public": null}"#, "shared"),
    ])
    func `reads who may see it in either form`(_ image: String, _ visibility: String) throws {
        let id = try glance.hasRecord(image)
        #expect(try glance.value("SELECT visibility FROM images WHERE id = '\(id)'") == visibility)
    }

    static let refused: [(String, String)] = [
        ("a status there is not", #""status": "wrong""#), ("a number for a status", #""status": 5"#), ("an empty status", #""status": """#),
        ("a size below 0", #""size": -1"#), ("a word for a size", #""size": "many""#),
        ("a size past a bigint", #""size": 9223372036854775808"#),
        ("a fraction of a size", #""size": 1.5"#), ("a virtual size below 0", #""virtual_size": -1"#),
        ("min_ram past an int", #""min_ram": 2147483648"#), ("min_ram below 0", #""min_ram": -1"#),
        ("a word for min_ram", #""min_ram": "x""#),
        ("min_disk past an int", #""min_disk": 2147483648"#), ("min_disk below 0", #""min_disk": -1"#),
        ("a name of four-byte letters", #""name": "🖼""#), ("a name with NUL", #""name": "a\u0000b""#),
        ("a name too long", #""name": "\#(text(of: 256))""#), ("a number for a name", #""name": 5"#),
        ("an owner of four-byte letters", #""owner": "🖼""#), ("an owner too long", #""owner": "\#(text(of: 256))""#),
        ("a property of four-byte letters", #""properties": {"🖼": "x"}"#), ("a value of four-byte letters", #""properties": {"x": "🖼"}"#),
        ("a property too long", #""properties": {"\#(text(of: 256))": "x"}"#),
        ("a value too long", #""properties": {"x": "\#(text(of: 65536))"}"#),
        ("a number for a value", #""properties": {"x": 5}"#), ("a list for properties", #""properties": []"#),
        ("a disk format too long", #""disk_format": "\#(text(of: 21))""#),
        ("a container format too long", #""container_format": "\#(text(of: 21))""#),
        ("a disk format of four-byte letters", #""disk_format": "🖼""#), ("a checksum too long", #""checksum": "\#(text(of: 33))""#),
        ("a word for protected", #""protected": "x""#), ("a word for is_public", #""is_public": "yes""#),
        ("a visibility there is not", #""visibility": "hidden""#), ("public and private", #""is_public": true, "visibility": "private""#),
        ("not public and public", #""is_public": false, "visibility": "public""#), ("a time that is none", #""created_at": "yesterday""#),
        ("a number for a time", #""updated_at": 5"#), ("a number for a location", #""location": 5"#),
        ("a number for locations", #""locations": 5"#), ("locations without an address", #""location_data": [{"metadata": {}}]"#),
        ("a location of four-byte letters", #""location": "http://x/🖼""#),
        ("a location's data of four-byte letters", #""location_data": [{"url": "http://x/", "metadata": {"x": "🖼"}}]"#),
        ("a tag of four-byte letters", #""tags": ["🖼"]"#), ("a tag too long", #""tags": ["\#(text(of: 256))"]"#),
    ]

    @Test(arguments: refused)
    func `is 400 for what cannot be`(_ row: String, _ field: String) throws {
        let id = newID()
        let reply = try glance.create(#"{"id": "\#(id)", \#(field)}"#, as: .admin)
        #expect(reply.status == 400, "\(row): \(reply.text.prefix(300))")
        #expect(!reply.text.contains("INSERT") && !reply.text.contains("mysql"))
        #expect(try glance.count("images", where: "id = '\(id)'") == 0)
    }

    @Test(arguments: ["xyz", "", "00000000-0000-4000-8000-00000000000g", "🖼", "\(newID())\(newID())"])
    func `is 400 for an id that is none`(_ id: String) throws {
        #expect(try glance.create(#"{"id": "\#(id)"}"#).status == 400)
    }

    @Test(arguments: ["5", "true", "[]", "{}"])
    func `is 400 for an id that is no text`(_ id: String) throws {
        #expect(try glance.create(#"{"id": \#(id)}"#).status == 400)
    }

    /// Glance answers some of them with 500.
    @Test(arguments: ["{}", "[]", "5", "null", #"{"image": null}"#, #"{"image": []}"#, #"{"image": 5}"#, #"{"images": {}}"#, "{", "xx", ""])
    func `is 400 for a body that holds no image`(_ body: String) throws {
        #expect(try glance.ask("POST", "/images", json: body).status == 400)
        let id = try glance.hasRecord(#"{"name": "before"}"#)
        #expect(try glance.ask("PUT", "/images/\(id)", json: body).status == 400)
        #expect(try glance.record(id)["name"]?.string == "before")
    }

    @Test func `is 409 for an id that an image has or had`() throws {
        let id = newID()
        #expect(try glance.create(#"{"id": "\#(id)", "name": "first"}"#).image["id"]?.string == id)
        for who in [Who.alice, .bob, .admin] {
            #expect(try glance.create(#"{"id": "\#(id)", "name": "second"}"#, as: who).status == 409)
            #expect(try glance.create(#"{"id": "\#(id.uppercased())", "name": "second"}"#, as: who).status == 409)
        }
        #expect(try glance.record(id)["name"]?.string == "first")
        #expect(try glance.ask("DELETE", "/images/\(id)").status == 200)
        #expect(try glance.create(#"{"id": "\#(id)"}"#).status == 409)
    }

    @Test(arguments: [
        (#""location": "http://one/""#, ["http://one/"]),
        (
            #""locations": [{"url": "http://one/", "metadata": {}}, {"url": "http://two/", "metadata": {"a": "b"}}]"#,
            ["http://one/", "http://two/"]
        ),
        (#""location_data": [{"url": "http://one/", "metadata": {}, "status": "active"}]"#, ["http://one/"]),
        (#""location": "http://one/", "location_data": [{"url": "http://one/", "metadata": {}}]"#, ["http://one/"]),
        (#""locations": ["http://one/", "http://two/"]"#, ["http://one/", "http://two/"]),
        (#""location": null"#, []), (#""location_data": []"#, []),
    ])
    func `keeps its locations in whatever form they come`(_ fields: String, _ urls: [String]) throws {
        let id = try glance.hasRecord("{\(fields)}")
        let image = try glance.record(id)
        #expect(image["location_data"]?.array?.compactMap { $0["url"]?.string } == urls)
        #expect(image["location_data"]?.array?.allSatisfy { $0["status"]?.string == "active" } == true)
        #expect(image["location"]?.string == urls.first)
        let rows = try glance.rows(
            "SELECT value FROM image_locations WHERE image_id = '\(id)' AND status = 'active' AND deleted = 0 ORDER BY id")
        #expect(rows == urls.map { [$0] })
    }
}
