import TestSupport
import Testing

/// Property protections, by headers.
@Suite(.sharesServices) struct `Property protections in V1` {
    let glance: TestGlance
    init() throws {
        let file = "\(TestFolder.root)/protections-v1.conf"
        try Self.rules.write(toFile: file, atomically: true, encoding: .utf8)
        glance = try .of(Self.self, ["DEFAULT": "property_protection_file = \(file)"], runsTasks: true, runsRegistry: true)
    }

    private static let rules = """
        [^x_secret]
        create = member
        read = admin
        update = admin
        delete = admin
        [^x_fixed]
        create = member
        read = member
        update = admin
        delete = admin
        [^x_free]
        create = @
        read = @
        update = @
        delete = @
        """

    private let all = ["property-x_secret": "s", "property-x_fixed": "f", "property-x_free": "o"]
    private let keeping = ["x-glance-registry-purge-props": "false"]

    private func values(_ id: String) throws -> [String: String] {
        var values: [String: String] = [:]
        for row in try glance.rows("SELECT name, value FROM image_properties WHERE image_id = '\(id)' AND deleted = 0", columns: 2) {
            values[row[0] ?? ""] = row[1]
        }
        return values
    }

    private func shows(_ properties: JSONValue?) -> [String] { properties?.keys.sorted() ?? [] }

    @Test func `hide in bodies, headers, lists and before data`() throws {
        let created = try glance.create(formats.merging(all) { $1 }, data: "hello")
        let id = try #require(created.image["id"]?.string)
        #expect(shows(created.image["properties"]) == ["x_fixed", "x_free"])
        for reply in [try glance.head(of: id), try glance.get(id)] {
            #expect(reply.status == 200)
            #expect(reply.meta("property-x_fixed") == "f" && reply.meta("property-x_free") == "o" && reply.meta("property-x_secret") == nil)
        }
        #expect(try glance.get(id, as: .admin).meta("property-x_secret") == "s")
        let listed = try glance.listed().first { $0["id"]?.string == id }
        #expect(shows(listed?["properties"]) == ["x_fixed", "x_free"])
        #expect(shows(try glance.update(id, ["name": "n"], headers: keeping).image["properties"]) == ["x_fixed", "x_free"])
    }

    @Test func `refuse what may not be created, and nothing is made`() throws {
        let id = newID()
        let reply = try glance.create(["id": id, "property-unheard_of": "v"])
        #expect(reply.status == 403 && reply.says.contains("'unheard_of'"))
        try glance.expectNoTrace(of: id)
        let other = try glance.hasV1Image()
        #expect(try glance.update(other, ["property-unheard_of": "v"], headers: keeping).status == 403)
        #expect(try values(other) == [:])
    }

    @Test func `leave what may not be read if a client purges what it does not name`() throws {
        let id = try glance.hasV1Image(["property-x_secret": "s", "property-x_free": "o"])
        #expect(try glance.update(id, ["name": "purged"]).status == 200)
        #expect(try values(id) == ["x_secret": "s"])
    }

    @Test func `refuse a purge of what may not be removed`() throws {
        let id = try glance.hasV1Image(all)
        let reply = try glance.update(id, ["name": "purged"])
        #expect(reply.status == 403 && reply.says.contains("'x_fixed'"))
        #expect(try values(id) == ["x_secret": "s", "x_fixed": "f", "x_free": "o"])
        #expect(try glance.head(of: id).meta("name") == nil)
    }

    @Test func `take what a client sends back unchanged for no change`() throws {
        let id = try glance.hasV1Image(all)
        #expect(try glance.update(id, ["property-x_fixed": "f", "property-x_free": "p"]).status == 200)
        #expect(try values(id) == ["x_secret": "s", "x_fixed": "f", "x_free": "p"])
        #expect(try glance.update(id, ["property-x_fixed": "g"], headers: keeping).status == 403)
    }

    /// Otherwise a client could guess the value, by trying changes until one has no effect.
    @Test(arguments: ["s", "other"]) func `refuse to set what may not be read, whatever its value`(_ value: String) throws {
        let id = try glance.hasV1Image(all)
        #expect(try glance.update(id, ["property-x_secret": value], headers: keeping).status == 403)
        #expect(try values(id)["x_secret"] == "s")
    }

    @Test func `tell nothing by a filter either`() throws {
        let id = try glance.hasV1Image(["name": "v1 filtered", "property-x_secret": "a rare value"])
        for name in ["x_secret", "X_SECRET", "x_s%C3%A9cret"] {
            #expect(try glance.listed("?property-\(name)=a%20rare%20value").isEmpty)
        }
        #expect(try glance.listed("?property-x_secret=a%20rare%20value&is_public=None", as: .admin).map { $0["id"]?.string } == [id])
    }
}
