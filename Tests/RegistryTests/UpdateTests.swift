import TestSupport
import Testing

@Suite(.sharesServices(Registry.self)) struct `Changing an image in the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    @Test func `changes what is named and nothing else`() throws {
        let id = try glance.hasRecord(#"{"name": "before", "disk_format": "raw", "size": 7, "min_ram": 8, "properties": {"os": "debian"}}"#)
        let reply = try glance.update(id, #"{"name": "after", "min_ram": 16, "is_public": true}"#)
        #expect(reply.status == 200)
        #expect(reply.image == (try glance.record(id)))
        #expect(reply.image["name"]?.string == "after")
        #expect(reply.image["min_ram"]?.int == 16)
        #expect(reply.image["is_public"]?.bool == true)
        #expect(reply.image["disk_format"]?.string == "raw")
        #expect(reply.image["size"]?.int == 7)
        #expect(reply.image["properties"]?["os"]?.string == "debian")
        #expect(try glance.update(id, #"{"name": null, "size": null}"#).status == 200)
        #expect(try glance.rows("SELECT name, CAST(size AS CHAR) FROM images WHERE id = '\(id)'", columns: 2) == [[nil, nil]])
    }

    @Test func `leaves id, times of making and deletion alone`() throws {
        let id = try glance.hasRecord(#"{"created_at": "2020-01-01T00:00:00"}"#)
        let changes = #"{"id": "\#(newID())", "created_at": "1999-01-01T00:00:00", "deleted": true, "deleted_at": "1999-01-01T00:00:00"}"#
        #expect(try glance.update(id, changes).status == 200)
        let image = try glance.record(id)
        #expect(image["created_at"]?.string == "2020-01-01T00:00:00.000000")
        #expect(image["deleted"]?.bool == false)
        #expect(image["deleted_at"] == .null)
    }

    @Test(arguments: [
        ("queued", "queued", 200), ("queued", "active", 409), ("active", "queued", 409), ("saving", "saving", 200),
        ("killed", "saving", 409),
        ("queued", "nonsense", 409),
    ])
    func `is 409 from another status than it names`(_ status: String, _ from: String, _ expected: Int) throws {
        let id = try glance.hasRecord(#"{"name": "before", "status": "\#(status)"}"#)
        let reply = try glance.ask("PUT", "/images/\(id)", json: #"{"image": {"name": "after"}, "from_state": "\#(from)"}"#)
        #expect(reply.status == expected)
        #expect(try glance.record(id)["name"]?.string == (expected == 200 ? "after" : "before"))
        if expected == 409 { #expect(reply.says.contains("Image operation conflicts")) }
    }

    static let purges: [(String?, Bool)] = [
        ("true", true), (nil, false), ("false", false), ("True", false), ("TRUE", false), ("1", false), ("yes", false), ("", false),
    ]

    @Test(arguments: purges)
    func `drops the properties it does not name by one word alone`(_ header: String?, _ purging: Bool) throws {
        let id = try glance.hasRecord(#"{"properties": {"keep": "1", "change": "1", "drop": "1"}}"#)
        let headers = header.map { ["X-Glance-Registry-Purge-Props": $0] } ?? [:]
        let reply = try glance.update(id, #"{"properties": {"keep": "1", "change": "2", "new": "3"}}"#, headers)
        #expect(reply.status == 200)
        let properties = try glance.record(id)["properties"]
        #expect(properties?.names == (purging ? ["change", "keep", "new"] : ["change", "drop", "keep", "new"]))
        #expect(properties?["change"]?.string == "2")
        #expect(try glance.count("image_properties", where: "image_id = '\(id)' AND name = 'drop' AND deleted = 0") == (purging ? 0 : 1))
    }

    @Test func `drops all properties when it names none`() throws {
        let id = try glance.hasRecord(#"{"properties": {"one": "1"}}"#)
        #expect(try glance.update(id, #"{"name": "x"}"#, ["X-Glance-Registry-Purge-Props": "true"]).status == 200)
        #expect(try glance.record(id)["properties"]?.names == [])
    }

    @Test func `replaces all locations when it names some`() throws {
        let id = try glance.hasRecord(
            #"{"location_data": [{"url": "http://one/", "metadata": {}}, {"url": "http://two/", "metadata": {}}]}"#)
        func live() throws -> [String?] {
            try glance.rows("SELECT value FROM image_locations WHERE image_id = '\(id)' AND deleted = 0 ORDER BY id").map { $0[0] }
        }
        #expect(try glance.update(id, #"{"name": "x"}"#).status == 200)
        #expect(try live() == ["http://one/", "http://two/"])
        #expect(
            try glance.update(id, #"{"location_data": [{"url": "http://two/", "metadata": {}}, {"url": "http://three/", "metadata": {}}]}"#)
                .status == 200)
        #expect(try live() == ["http://two/", "http://three/"])
        #expect(try glance.update(id, #"{"location": "http://four/"}"#).image["location"]?.string == "http://four/")
        #expect(try live() == ["http://four/"])
        #expect(try glance.update(id, #"{"location_data": []}"#).image["location"] == .null)
        #expect(try live() == [])
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 1") >= 3)
    }

    @Test(arguments: [(Who.alice, "acme"), (.admin, "bolt"), (.service, "bolt")])
    func `gives it to another project for an administrator alone`(_ who: Who, _ expected: String) throws {
        let id = try glance.hasRecord()
        #expect(try glance.update(id, #"{"owner": "bolt"}"#, as: who).image["owner"]?.string == expected)
        #expect(try glance.value("SELECT owner FROM images WHERE id = '\(id)'") == expected)
    }

    static let strangers: [(String, Who, Bool, Int)] = [
        ("public", .bob, false, 403), ("community", .bob, false, 403), ("private", .bob, false, 404), ("shared", .bob, false, 404),
        ("shared", .bob, true, 404), ("public", .nobody, false, 403), ("private", .nobody, false, 404), ("private", .admin, false, 200),
        ("private", .service, false, 200), ("private", .alice, false, 200),
    ]

    @Test(arguments: strangers)
    func `and deleting one is for its owner and administrators`(_ visibility: String, _ who: Who, _ isMember: Bool, _ status: Int) throws {
        let id = try glance.hasRecord(#"{"name": "before", "visibility": "\#(visibility)"}"#)
        if isMember { try glance.shares(id, with: "bolt", mayShare: true) }
        #expect(try glance.update(id, #"{"name": "after"}"#, as: who).status == status)
        #expect(try glance.record(id)["name"]?.string == (status == 200 ? "after" : "before"))
        #expect(try glance.ask("DELETE", "/images/\(id)", as: who).status == status)
        #expect(try glance.record(id)["deleted"]?.bool == (status == 200))
    }

    @Test(arguments: `Creating an image in the registry`.refused)
    func `is 400 for what cannot be`(_ row: String, _ field: String) throws {
        let id = try glance.hasRecord(#"{"properties": {"p": "1"}}"#)
        let before = try glance.record(id)
        let reply = try glance.ask("PUT", "/images/\(id)", as: .admin, json: #"{"image": {\#(field)}}"#)
        #expect(reply.status == 400, "\(row): \(reply.text.prefix(300))")
        #expect(!reply.text.contains("UPDATE") && !reply.text.contains("mysql"))
        #expect(try glance.record(id) == before)
    }

    /// `RegistryClient` uses the `ETag` to tell two changes at once apart.
    @Test func `and deleting it is 412 when it is not any more what the sender saw`() throws {
        let id = try glance.hasRecord(#"{"name": "one", "properties": {"p": "1"}}"#)
        let seen = try #require(try glance.ask("GET", "/images/\(id)")["ETag"])
        #expect(try glance.ask("GET", "/images/\(id)")["ETag"] == seen)
        let changed = try glance.update(id, #"{"properties": {"p": "2"}}"#, ["If-Match": seen])
        #expect(changed.status == 200)
        #expect(changed["ETag"] != seen)
        #expect(changed["ETag"] == (try glance.ask("GET", "/images/\(id)")["ETag"]))

        #expect(try glance.update(id, #"{"name": "two"}"#, ["If-Match": seen]).status == 412)
        #expect(try glance.ask("DELETE", "/images/\(id)", ["If-Match": seen]).status == 412)
        #expect(try glance.record(id)["name"]?.string == "one")
        let now = try #require(changed["ETag"])
        #expect(try glance.ask("DELETE", "/images/\(id)", ["If-Match": now]).status == 200)
    }
}

@Suite(.sharesServices(Registry.self)) struct `Deleting an image in the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    @Test func `answers with it, and keeps its rows as deleted ones`() throws {
        let id = try glance.hasRecord(
            #"{"name": "last", "location": "http://one/", "properties": {"os": "debian"}, "tags": ["web"]}"#, as: .alice)
        try glance.shares(id, with: "bolt")
        let reply = try glance.ask("DELETE", "/images/\(id)")
        #expect(reply.status == 200)
        #expect(reply.image["id"]?.string == id)
        #expect(reply.image["name"]?.string == "last")
        #expect(reply.image["properties"]?["os"]?.string == "debian")
        for (table, column) in [
            ("images", "id"), ("image_properties", "image_id"), ("image_tags", "image_id"), ("image_members", "image_id"),
        ] {
            #expect(try glance.count(table, where: "\(column) = '\(id)' AND deleted = 1 AND deleted_at IS NOT NULL") == 1, "\(table)")
            #expect(try glance.count(table, where: "\(column) = '\(id)' AND deleted = 0") == 0, "\(table)")
        }
        #expect(try glance.ask("GET", "/images/\(id)").status == 404)
        #expect(try glance.ask("DELETE", "/images/\(id)").status == 404)
        #expect(try glance.ask("GET", "/shared-images/bolt", as: .bob).text.contains(id) == false)
    }

    @Test func `owes the removal of its bytes until the service settles it`() throws {
        let id = try glance.hasRecord(
            #"{"location_data": [{"url": "http://one/", "metadata": {}}, {"url": "http://two/", "metadata": {}}]}"#)
        let owed = try glance.ask("DELETE", "/images/\(id)").json["removals"]?.array ?? []
        #expect(owed.compactMap { $0["url"]?.string }.sorted() == ["http://one/", "http://two/"])
        for removal in owed {
            let number = try #require(removal["number"]?.int)
            for who in [Who.alice, .admin, .nobody] { #expect(try glance.ask("DELETE", "/removals/\(number)", as: who).status == 403) }
            #expect(try glance.count("vitrine_removals", where: "id = \(number)") == 1)
            #expect(try glance.ask("DELETE", "/removals/\(number)", as: .service).status == 204)
            #expect(try glance.count("vitrine_removals", where: "id = \(number)") == 0)
            // A second deletion succeeds, because the first answer may have been lost.
            #expect(try glance.ask("DELETE", "/removals/\(number)", as: .service).status == 204)
        }
        #expect(try glance.ask("DELETE", "/removals/x", as: .service).status == 404)
    }
}
