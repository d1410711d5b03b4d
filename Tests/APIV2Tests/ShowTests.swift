import TestSupport
import Testing

@Suite(.sharesServices) struct `Showing an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let fields = [
        "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "checksum", "protected", "min_ram",
        "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value", "id", "created_at", "updated_at", "tags", "self", "file",
        "schema",
    ]

    @Test func `gives all fields, in the order they always had`() throws {
        let queued = try glance.hasImage("{}")
        let active = try glance.hasActiveImage()
        for id in [queued, active] {
            let reply = try glance.show(id)
            #expect(reply.status == 200)
            #expect(reply.json.keys == Self.fields)
        }
    }

    @Test func `gives custom properties first`() throws {
        let id = try glance.hasImage(#"{"name": "n", "b": "2", "a": "1"}"#)
        let keys = try glance.image(id).keys
        #expect(Set(keys.prefix(2)) == ["a", "b"])
        #expect(Array(keys.dropFirst(2)) == Self.fields)
    }

    @Test func `gives the data's measures once there are data`() throws {
        let image = try glance.image(try glance.hasActiveImage("hello"))
        #expect(image["status"]?.string == "active")
        #expect(image["size"]?.int == 5)
        #expect(image["checksum"]?.string == Hello.md5)
        #expect(image["os_hash_algo"]?.string == "sha512")
        #expect(image["os_hash_value"]?.string == Hello.sha512)
        #expect(image["disk_format"]?.string == "raw")
    }

    @Test func `gives paths without a host`() throws {
        let id = try glance.hasImage()
        let image = try glance.send("GET", "/v2.3/images/\(id)", ["Host": "images.example"]).json
        #expect(image["self"]?.string == "/v2/images/\(id)")
        #expect(image["file"]?.string == "/v2/images/\(id)/file")
        #expect(image["schema"]?.string == "/v2/schemas/image")
    }

    @Test func `gives moments in UTC, as the database has them`() throws {
        let id = try glance.hasImage()
        let new = try glance.image(id)
        #expect(new["created_at"] == new["updated_at"])
        let format = "DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%sZ')"
        #expect(new["created_at"]?.string == (try glance.value("SELECT \(format) FROM images WHERE id = '\(id)'")))
        try glance.execute("UPDATE images SET created_at = '2001-02-03 04:05:06', updated_at = '1999-12-31 23:59:59' WHERE id = '\(id)'")
        let old = try glance.image(id)
        #expect(old["created_at"]?.string == "2001-02-03T04:05:06Z")
        #expect(old["updated_at"]?.string == "1999-12-31T23:59:59Z")
    }

    @Test func `takes the database's clock, which is UTC's`() throws {
        let id = try glance.hasImage()
        let age = try glance.value(
            "SELECT CAST(ABS(TIMESTAMPDIFF(MINUTE, created_at, UTC_TIMESTAMP())) AS CHAR) FROM images WHERE id = '\(id)'")
        #expect(Int(age ?? "").map { $0 < 30 } == true)
    }

    @Test func `gives an empty text for a property that an old service left without a value`() throws {
        let id = try glance.hasImage(#"{"p": "v"}"#)
        try glance.execute("UPDATE image_properties SET value = NULL WHERE image_id = '\(id)'")
        #expect(try glance.image(id)["p"]?.string == "")
    }

    @Test func `gives the moment of creation for an image that was never changed by an old service`() throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET updated_at = NULL WHERE id = '\(id)'")
        let image = try glance.image(id)
        #expect(image["updated_at"] == image["created_at"])
    }

    /// The texts are longer than a connection's first buffer, so the first answer is the one to check.
    @Test(arguments: [(#""name": "\#(text(of: 255, "é"))""#, "owner"), (#""p": "v""#, text(of: 255, "é"))])
    func `gives two long texts of one row as they were written, the first time too`(_ more: String, _ field: String) throws {
        let fresh = try TestGlance(workers: 1)
        let value = text(of: 255, "ü")
        let id = try fresh.hasImage(as: .admin, #"{\#(more), "\#(field)": "\#(value)"}"#)
        for _ in 0..<3 { #expect(try fresh.image(id)[field]?.string == value) }
    }

    @Test func `keeps the workers' own properties to itself, and shows what tells of imports`() throws {
        let id = try glance.hasImage()
        for name in ["os_glance_stage_host", "os_glance_hash_op_host", "os_glance_importing_to_stores", "os_glance_failed_import"] {
            try glance.execute(
                "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(id)', '\(name)', 'x', UTC_TIMESTAMP(), 0)"
            )
        }
        let keys = try glance.image(id).keys
        #expect(!keys.contains("os_glance_stage_host") && !keys.contains("os_glance_hash_op_host"))
        #expect(keys.contains("os_glance_importing_to_stores") && keys.contains("os_glance_failed_import"))
    }

    @Test func `does not say where the data lie`() throws {
        for person in [TestGlance.Person.admin, .alice] {
            let image = try glance.image(try glance.hasActiveImage(), as: person)
            #expect(!image.has("locations") && !image.has("direct_url") && !image.has("stores"))
        }
    }

    @Test(arguments: [
        ("an id that there is not", "6899900b-32a5-4dc1-b03d-94b6e5ff5168"), ("no UUID", "nothing"), ("longer than 36", text(of: 37)),
        ("very long", text(of: 1000)), ("a wildcard", "%25"), ("another wildcard", "____________________________________"),
        ("a quote", "'"),
        ("a condition", "x'%20OR%20'1'='1"), ("zero", "0"), ("letters", "%C3%A9"),
    ])
    func `that there is not is 404`(_ row: String, _ id: String) throws {
        #expect(try glance.show(id).status == 404, "\(row)")
        #expect(try glance.show(id, as: .admin).status == 404, "\(row)")
    }

    @Test func `by more than its id is 404`() throws {
        let id = try glance.hasImage()
        // The database's collation ignores trailing blanks: `id ` equals `id`.
        for spelling in [id + "%20", id + "x", "%20" + id, String(id.dropLast()), id + "%0A", id + ".json"] {
            #expect(try glance.show(spelling).status == 404, "\(spelling)")
        }
    }

    @Test func `that is deleted is 404, to administrators too`() throws {
        let id = try glance.hasImage()
        #expect(try glance.delete(id).status == 204)
        for person in TestGlance.Person.allCases { #expect(try glance.show(id, as: person).status == 404) }
    }
}

/// With `show_image_direct_url`.
@Suite(.sharesServices) struct `Showing where an image's data lie` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["DEFAULT": "show_image_direct_url = true"]) }

    /// Nova and Cinder use the token of a user of another project. A real Glance 33 shows the URL to just these callers.
    @Test(arguments: ["public", "community", "shared"])
    func `is for all who see it`(_ visibility: String) throws {
        let id = try glance.hasActiveImage(visibility: visibility)
        if visibility == "shared" { try glance.share(id, with: "bolt") }
        let url = "file://\(glance.storeFolder)/\(id)"
        for person in TestGlance.Person.allCases {
            let image = try glance.image(id, as: person)
            #expect(image["direct_url"]?.string == url && !image.has("locations"), "\(person)")
            guard visibility != "shared" || person != .bob else { continue }
            let listed = try glance.send("GET", "/v2/images?visibility=\(visibility)&id=\(id)", as: person).json["images"]?.array
            #expect(listed?.map { $0["direct_url"]?.string } == [url], "\(person)")
        }
        let own = try glance.send("POST", "/v2/images/\(id)/actions/deactivate", as: .admin)
        #expect(own.status == 204)
        for person in TestGlance.Person.allCases { #expect(try glance.image(id, as: person).has("direct_url") == (person == .admin)) }
    }

    /// The rule is about single stores and the locations route; as in Glance, it does not affect what an image shows.
    @Test func `does not hang on a rule`() throws {
        let file = "\(TestFolder.root)/locations-\(newID()).yaml"
        try "get_image_location: '!'\n".write(toFile: file, atomically: true, encoding: .utf8)
        let glance = try TestGlance(
            ["DEFAULT": "show_image_direct_url = true\nshow_multiple_locations = true", "oslo_policy": "policy_file = \(file)"], workers: 1)
        let id = try glance.hasActiveImage(visibility: "public")
        for person in [TestGlance.Person.admin, .alice, .reader, .bob] {
            let image = try glance.image(id, as: person)
            #expect(image["locations"]?.array?.compactMap { $0["url"]?.string } == ["file://\(glance.storeFolder)/\(id)"], "\(person)")
            #expect(image["direct_url"] == image["locations"]?.array?[0]["url"])
            let status = try glance.send("GET", "/v2/images/\(id)/locations", as: person).status
            #expect(status == (person == .admin ? 200 : 403), "\(person)")
        }
    }

    @Test func `comes between the moments and the tags`() throws {
        let keys = try glance.image(try glance.hasActiveImage()).keys
        let place = try #require(keys.firstIndex(of: "direct_url"))
        #expect(keys[place - 1] == "updated_at" && keys[place + 1] == "tags")
    }

    @Test func `is for nobody where there are none`() throws {
        #expect(!(try glance.image(try glance.hasImage()).has("direct_url")))
    }

    @Test func `is for administrators alone while an image is deactivated`() throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.deactivate(id).status == 204)
        #expect(try glance.image(id, as: .admin).has("direct_url"))
        for person in [TestGlance.Person.alice, .reader] { #expect(!(try glance.image(id, as: person).has("direct_url"))) }
    }
}
