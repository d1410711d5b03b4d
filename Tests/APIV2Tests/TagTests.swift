import TestSupport
import Testing

@Suite(.sharesServices) struct `Tagging an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func tags(_ id: String) throws -> Set<String> { Set(try glance.image(id)["tags"]?.texts ?? []) }

    @Test func `twice is as good as once`() throws {
        let id = try glance.hasImage()
        for _ in 0..<2 {
            let reply = try glance.tag(id, "blue")
            #expect(reply.status == 204)
            #expect(reply.body.isEmpty)
        }
        #expect(try glance.image(id)["tags"]?.texts == ["blue"])
        #expect(try glance.rows("SELECT value, deleted FROM image_tags WHERE image_id = '\(id)'", columns: 2) == [["blue", "0"]])
    }

    /// Two requests at once have Glance write a tag twice.
    @Test func `that the database has twice is shown once, and goes at once`() throws {
        let id = try glance.hasImage(#"{"tags": ["blue"]}"#)
        try glance.execute("INSERT INTO image_tags (image_id, value, created_at, deleted) VALUES ('\(id)', 'blue', UTC_TIMESTAMP(), 0)")
        #expect(try glance.image(id)["tags"]?.texts == ["blue"])
        #expect(try glance.untag(id, "blue").status == 204)
        #expect(try tags(id) == [])
    }

    @Test(arguments: [
        ("a%20b", "a b"), ("%C3%A9", "é"), ("%E6%97%A5", "日"), ("a+b", "a+b"), ("a%2Bb", "a+b"), ("%25", "%"), ("a.b", "a.b"),
        ("a,b", "a,b"),
        ("a;b=c", "a;b=c"), ("%22%5C", "\"\\"), ("'", "'"), ("%3Fq", "?q"), ("%23f", "#f"), ("_", "_"), ("...", "..."),
    ])
    func `takes the tag from the path, decoded`(_ written: String, _ tag: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.tag(id, written).status == 204)
        #expect(try glance.image(id)["tags"]?.texts == [tag])
        #expect(try glance.untag(id, written).status == 204)
        #expect(try tags(id) == [])
    }

    @Test func `tells letters' case and accents apart`() throws {
        let id = try glance.hasImage(#"{"tags": ["Cafe"]}"#)
        #expect(try glance.tag(id, "cafe").status == 204)
        #expect(try glance.tag(id, "caf%C3%A9").status == 204)
        #expect(try tags(id) == ["Cafe", "cafe", "café"])
        #expect(try glance.untag(id, "cafe").status == 204)
        #expect(try tags(id) == ["Cafe", "café"])
        #expect(try glance.untag(id, "CAFE").status == 404)
        #expect(try glance.tag(id, "Cafe").status == 204)
        #expect(try tags(id) == ["Cafe", "café"])
    }

    @Test func `takes 255 letters, and 256 are 400`() throws {
        let id = try glance.hasImage()
        #expect(try glance.tag(id, text(of: 255)).status == 204)
        #expect(try glance.tag(id, text(of: 255, "%C3%A9")).status == 204)
        #expect(try glance.tag(id, text(of: 256)).status == 400)
        #expect(try glance.tag(id, text(of: 256, "%C3%A9")).status == 400)
        #expect(try tags(id) == [text(of: 255), text(of: 255, "é")])
    }

    @Test(arguments: ["%F0%9F%98%80", "a%F0%9F%98%80", "%FF", "%00"])
    func `is 400 for letters of four bytes, and for what is no letter`(_ tag: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.tag(id, tag).status == 400)
        #expect(try tags(id) == [])
    }

    @Test func `takes a tag off, and marks its row`() throws {
        let id = try glance.hasImage(#"{"tags": ["blue", "red"]}"#)
        let reply = try glance.untag(id, "blue")
        #expect(reply.status == 204)
        #expect(reply.body.isEmpty)
        #expect(try tags(id) == ["red"])
        #expect(
            try glance.count("image_tags", where: "image_id = '\(id)' AND value = 'blue' AND deleted = 1 AND deleted_at IS NOT NULL") == 1)
        #expect(try glance.tag(id, "blue").status == 204)
        #expect(try tags(id) == ["blue", "red"])
        #expect(try glance.count("image_tags", where: "image_id = '\(id)' AND value = 'blue' AND deleted = 0") == 1)
    }

    @Test func `is 404 for a tag to take off that there is not`() throws {
        let id = try glance.hasImage(#"{"tags": ["blue"]}"#)
        #expect(try glance.untag(id, "red").status == 404)
        #expect(try glance.untag(id, text(of: 256)).status == 404)
        #expect(try glance.untag(id, "blue").status == 204)
        #expect(try glance.untag(id, "blue").status == 404)
    }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `is for its project's members and administrators`(_ person: TestGlance.Person) throws {
        let id = try glance.hasImage()
        #expect(try glance.tag(id, "blue", as: person).status == 204)
        #expect(try glance.untag(id, "blue", as: person).status == 204)
    }

    @Test(arguments: [
        ("private", TestGlance.Person.bob, 404), ("shared", .bob, 404), ("shared with bolt", .bob, 403), ("community", .bob, 403),
        ("public", .bob, 403), ("private", .reader, 403), ("public", .reader, 403),
    ])
    func `is refused to all others`(_ kind: String, _ person: TestGlance.Person, _ status: Int) throws {
        let id = try glance.hasActiveImage(visibility: kind.hasPrefix("shared") ? "shared" : kind)
        if kind == "shared with bolt" { try glance.share(id, with: "bolt") }
        #expect(try glance.tag(id, "old").status == 204)
        for tag in ["new", "old"] {
            #expect(try glance.tag(id, tag, as: person).status == status)
            #expect(try glance.untag(id, tag, as: person).status == status)
        }
        #expect(try tags(id) == ["old"])
    }

    @Test func `is 404 for an image that there is not`() throws {
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.tag(newID(), "blue", as: person).status == 404)
            #expect(try glance.untag(newID(), "blue", as: person).status == 404)
        }
    }

    @Test func `is 413 past 128 of them, and not for one that is there`() throws {
        let all = (0..<128).map { #""t\#($0)""# }.joined(separator: ", ")
        let id = try glance.hasImage(#"{"tags": [\#(all)]}"#)
        #expect(try glance.tag(id, "one-more").status == 413)
        #expect(try glance.tag(id, "t7").status == 204)
        #expect(try glance.untag(id, "t7").status == 204)
        #expect(try glance.tag(id, "one-more").status == 204)
        #expect(try glance.image(id)["tags"]?.array?.count == 128)
    }

    @Test func `notes when, unless nothing changes`() throws {
        let id = try glance.hasImage(#"{"tags": ["blue"]}"#)
        try glance.execute("UPDATE images SET updated_at = '2001-01-01 00:00:00' WHERE id = '\(id)'")
        #expect(try glance.tag(id, "blue").status == 204)
        #expect(try glance.image(id)["updated_at"]?.string == "2001-01-01T00:00:00Z")
        #expect(try glance.tag(id, "red").status == 204)
        #expect(try glance.image(id)["updated_at"]?.string != "2001-01-01T00:00:00Z")
    }
}
