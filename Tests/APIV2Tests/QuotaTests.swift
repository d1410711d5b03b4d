import TestSupport
import Testing

@Suite(.sharesServices) struct `Quotas of an image's record` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["DEFAULT": "image_property_quota = 3\nimage_tag_quota = 2\nimage_member_quota = 2"]) }

    private func patch(_ id: String, _ changes: String...) throws -> Reply { try glance.patch(id, "[\(changes.joined(separator: ", "))]") }
    private func add(_ name: String) -> String { #"{"op": "add", "path": "/\#(name)", "value": "v"}"# }
    private func remove(_ name: String) -> String { #"{"op": "remove", "path": "/\#(name)"}"# }

    /// Rows from an older service, or from a time with a larger quota.
    private func give(_ id: String, property name: String) throws {
        try glance.execute(
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(id)', '\(name)', 'v', UTC_TIMESTAMP(), 0)"
        )
    }

    @Test func `count properties when an image is made`() throws {
        let id = newID()
        #expect(try glance.create(#"{"id": "\#(id)", "a": "1", "b": "2", "c": "3", "d": "4"}"#).status == 413)
        #expect(try glance.count("images", where: "id = '\(id)'") == 0)
        #expect(try glance.create(#"{"a": "1", "b": "2", "c": "3"}"#).status == 201)
    }

    @Test(arguments: [TestGlance.Person.alice, .admin])
    func `count properties for everybody`(_ person: TestGlance.Person) throws {
        let reply = try glance.create(#"{"a": "1", "b": "2", "c": "3", "d": "4"}"#, as: person)
        #expect(reply.status == 413)
        for number in ["4", "3"] { #expect(reply.says.contains(number), "how many there would be, and may be") }
    }

    @Test func `count properties when a new one comes, and not when one changes`() throws {
        let id = try glance.hasImage(#"{"a": "1", "b": "2", "c": "3"}"#)
        #expect(try patch(id, add("d")).status == 413)
        #expect(try patch(id, add("a")).status == 200)
        #expect(try patch(id, #"{"op": "replace", "path": "/b", "value": "x"}"#).status == 200)
        #expect(try patch(id, remove("a"), add("d")).status == 200)
        #expect(try patch(id, add("e"), remove("d")).status == 200)
        #expect(try patch(id, add("f"), remove("e"), add("g")).status == 413)
        #expect(try glance.patch(id, #"[{"add": "/h", "value": "v"}]"#, dialect: "v2.0").status == 413)
        #expect(Set(try glance.image(id).keys.prefix(3)) == ["b", "c", "e"])
    }

    @Test func `do not stand in the way of an image that is past them already`() throws {
        let id = try glance.hasImage(#"{"a": "1", "b": "2", "c": "3"}"#)
        for name in ["d", "e"] { try give(id, property: name) }
        #expect(try patch(id, add("a")).status == 200)
        #expect(try patch(id, #"{"op": "replace", "path": "/name", "value": "n"}"#).status == 200)
        #expect(try patch(id, remove("a")).status == 200)
        #expect(try patch(id, add("f")).status == 413)
        #expect(try patch(id, remove("b"), remove("c"), add("f")).status == 200)
    }

    @Test func `do not count what the service itself keeps`() throws {
        let id = try glance.hasImage(#"{"a": "1", "b": "2"}"#)
        for name in ["os_glance_failed_import", "os_glance_importing_to_stores", "os_glance_stage_host"] { try give(id, property: name) }
        #expect(try patch(id, add("c")).status == 200)
        #expect(try patch(id, add("d")).status == 413)
    }

    @Test func `do not count what is removed`() throws {
        let id = try glance.hasImage(#"{"a": "1", "b": "2", "c": "3"}"#)
        #expect(try patch(id, remove("a"), remove("b")).status == 200)
        #expect(try patch(id, add("d"), add("e")).status == 200)
        #expect(try patch(id, add("a")).status == 413)
    }

    @Test func `count tags however they come, each once`() throws {
        #expect(try glance.create(#"{"tags": ["a", "b", "c"]}"#).status == 413)
        let id = try glance.hasImage(#"{"tags": ["a", "b", "a", "b"]}"#)
        #expect(try glance.tag(id, "c").status == 413)
        #expect(try glance.tag(id, "a").status == 204)
        #expect(try patch(id, #"{"op": "replace", "path": "/tags", "value": ["a", "b", "c"]}"#).status == 413)
        #expect(try patch(id, #"{"op": "replace", "path": "/tags", "value": ["c", "d", "c"]}"#).status == 200)
        #expect(Set(try glance.image(id)["tags"]?.texts ?? []) == ["c", "d"])
        #expect(try glance.untag(id, "c").status == 204)
        #expect(try glance.tag(id, "e").status == 204)
    }

    @Test func `count members`() throws {
        let id = try glance.hasImage()
        for project in ["one", "two"] { try glance.share(id, with: project) }
        #expect(try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": "three"}"#).status == 413)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/one").status == 204)
        try glance.share(id, with: "three")
    }
}

/// −1 is no limit, and 0 allows nothing.
@Suite struct `Quotas that are no numbers of things` {
    @Test func `without a limit let all in`() throws {
        let glance = try TestGlance(["DEFAULT": "image_property_quota = -1\nimage_tag_quota = -1"], workers: 1)
        let properties = (0..<300).map { #""p\#($0)": "v""# }.joined(separator: ", ")
        let tags = (0..<300).map { #""t\#($0)""# }.joined(separator: ", ")
        let id = try glance.hasImage(#"{\#(properties), "tags": [\#(tags)]}"#)
        #expect(try glance.image(id)["tags"]?.array?.count == 300)
        #expect(try glance.image(id)["p299"]?.string == "v")
        #expect(try glance.tag(id, "one-more").status == 204)
    }

    @Test func `of nothing let nothing in`() throws {
        let glance = try TestGlance(["DEFAULT": "image_property_quota = 0\nimage_tag_quota = 0"], workers: 1)
        #expect(try glance.create(#"{"p": "v"}"#).status == 413)
        #expect(try glance.create(#"{"tags": ["t"]}"#).status == 413)
        let id = try glance.hasImage(#"{"name": "bare", "tags": []}"#)
        #expect(try glance.tag(id, "t").status == 413)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/p", "value": "v"}]"#).status == 413)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "n"}]"#).status == 200)
    }
}
