import TestSupport
import Testing

/// Changes that are accepted.
@Suite(.sharesServices) struct `Changing an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func replace(_ id: String, _ field: String, _ value: String, as person: TestGlance.Person = .alice) throws -> Reply {
        try glance.patch(id, as: person, #"[{"op": "replace", "path": "/\#(field)", "value": \#(value)}]"#)
    }

    @Test(
        arguments: ["replace", "add"],
        [
            ("name", #""other""#), ("name", "null"), ("name", #""""#), ("visibility", #""private""#), ("visibility", #""community""#),
            ("protected", "true"), ("os_hidden", "true"), ("disk_format", #""qcow2""#), ("disk_format", "null"),
            ("container_format", #""ovf""#),
            ("container_format", "null"), ("min_disk", "0"), ("min_disk", "2147483647"), ("min_ram", "512"), ("tags", "[]"),
            ("tags", #"["x"]"#),
        ])
    func `sets a field`(_ verb: String, _ row: (String, String)) throws {
        let id = try glance.hasImage(#"{"name": "n", "disk_format": "raw", "container_format": "bare", "min_disk": 1, "tags": ["t", "u"]}"#)
        let reply = try glance.patch(id, #"[{"op": "\#(verb)", "path": "/\#(row.0)", "value": \#(row.1)}]"#)
        #expect(reply.status == 200)
        #expect(String(decoding: reply.json[row.0]?.text ?? [], as: UTF8.self) == row.1)
        #expect(try glance.image(id) == reply.json)
    }

    @Test func `gives the whole image`() throws {
        let id = try glance.hasImage(#"{"name": "n", "p": "v"}"#)
        let reply = try replace(id, "name", #""m""#)
        #expect(reply["Content-Type"] == "application/json")
        #expect(reply.json.keys == (try glance.show(id).json.keys))
    }

    @Test func `makes all changes of a list, in its order`() throws {
        let id = try glance.hasImage(#"{"name": "n", "p": "1", "q": "1"}"#)
        let reply = try glance.patch(
            id,
            """
            [{"op": "replace", "path": "/name", "value": "a"}, {"op": "add", "path": "/r", "value": "2"},
             {"op": "remove", "path": "/q"}, {"op": "replace", "path": "/name", "value": "b"}, {"op": "remove", "path": "/r"},
             {"op": "add", "path": "/q", "value": "3"}, {"op": "add", "path": "/tags", "value": ["x"]}]
            """)
        #expect(reply.json["name"]?.string == "b")
        #expect(reply.json["p"]?.string == "1")
        #expect(reply.json["q"]?.string == "3")
        #expect(!reply.json.has("r"))
        #expect(reply.json["tags"]?.texts == ["x"])
        #expect(try glance.image(id) == reply.json)
    }

    @Test(arguments: [
        (409, #"{"op": "remove", "path": "/nothing"}"#), (403, #"{"op": "remove", "path": "/name"}"#),
        (403, #"{"op": "replace", "path": "/status", "value": "active"}"#), (400, #"{"op": "replace", "path": "/min_disk", "value": -1}"#),
        (403, #"{"op": "replace", "path": "/visibility", "value": "public"}"#),
        (403, #"{"op": "replace", "path": "/owner", "value": "bolt"}"#),
    ])
    func `makes none of them when the third fails`(_ status: Int, _ third: String) throws {
        let id = try glance.hasImage(#"{"name": "n", "p": "v", "tags": ["t"]}"#)
        try glance.execute("UPDATE images SET updated_at = '2001-01-01 00:00:00' WHERE id = '\(id)'")
        let before = try glance.image(id)
        let list = #"[{"op": "replace", "path": "/name", "value": "m"}, {"op": "remove", "path": "/p"}, \#(third)]"#
        #expect(try glance.patch(id, list).status == status)
        #expect(try glance.image(id) == before)
        #expect(try glance.count("image_properties", where: "image_id = '\(id)' AND deleted = 1") == 0)
    }

    @Test func `notes when, and an empty list does not`() throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET created_at = '2001-01-01 00:00:00', updated_at = '2001-01-01 00:00:00' WHERE id = '\(id)'")
        #expect(try glance.patch(id, "[]").json["updated_at"]?.string == "2001-01-01T00:00:00Z")
        let changed = try replace(id, "name", #""n""#).json
        #expect(changed["updated_at"]?.string != "2001-01-01T00:00:00Z")
        #expect(changed["created_at"]?.string == "2001-01-01T00:00:00Z")
        #expect(try glance.image(id)["updated_at"] == changed["updated_at"])
    }

    @Test func `replaces the whole list of tags, each once`() throws {
        let id = try glance.hasImage(#"{"tags": ["a", "b"]}"#)
        #expect(Set(try replace(id, "tags", #"["b", "c", "c", "B"]"#).json["tags"]?.texts ?? []) == ["b", "c", "B"])
        #expect(try glance.image(id)["tags"]?.array?.count == 3)
        let live = try glance.rows("SELECT value FROM image_tags WHERE image_id = '\(id)' AND deleted = 0 ORDER BY BINARY value")
        #expect(live == [["B"], ["b"], ["c"]])
        let gone = try glance.rows("SELECT value FROM image_tags WHERE image_id = '\(id)' AND deleted = 1 AND deleted_at IS NOT NULL")
        #expect(gone == [["a"]])
    }

    @Test func `keeps the row of a removed property, and takes it again when the property comes back`() throws {
        let id = try glance.hasImage(#"{"p": "1"}"#)
        func row() throws -> [[String?]] {
            try glance.rows("SELECT id, name, value, deleted, deleted_at FROM image_properties WHERE image_id = '\(id)'", columns: 5)
        }
        let first = try row()
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/p"}]"#).status == 200)
        let removed = try row()
        #expect(removed.count == 1 && removed[0][0] == first[0][0] && removed[0][3] == "1" && removed[0][4] != nil)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/p", "value": "2"}]"#).json["p"]?.string == "2")
        let revived = try row()
        #expect(revived == [[first[0][0], "p", "2", "0", nil]])
        #expect(try glance.image(id)["p"]?.string == "2")
    }

    @Test func `can write a property's name another way once the old one is gone`() throws {
        let id = try glance.hasImage(#"{"Colour": "1"}"#)
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/colour", "value": "2"}]"#).status == 409)
        #expect(try glance.image(id)["Colour"]?.string == "1")
        let both = #"[{"op": "remove", "path": "/Colour"}, {"op": "add", "path": "/colour", "value": "2"}]"#
        #expect(try glance.patch(id, both).status == 200)
        let image = try glance.image(id)
        #expect(image["colour"]?.string == "2")
        #expect(!image.has("Colour"))
    }

    /// In Glance these names write attributes of Python objects, or end in 404 and 500.
    @Test(arguments: ["extra_properties", "image_id", "member", "members", "delete", "properties", "is_public", "tag", "__class__", "base"])
    func `takes names of Glance's inside for custom properties`(_ name: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/\#(name)", "value": "1"}]"#).json[name]?.string == "1")
        #expect(try replace(id, name, #""2""#).json[name]?.string == "2")
        #expect(try glance.image(id)[name]?.string == "2")
        #expect(try glance.image(id)["id"]?.string == id)
    }

    /// The property is accepted; a site with several stores shows its stores instead.
    @Test func `takes stores for a custom property`() throws {
        let id = try glance.hasImage()
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/stores", "value": "x"}]"#).status == 200)
    }

    @Test func `takes texts up to their limit`() throws {
        let id = try glance.hasImage()
        let (name, value) = (text(of: 255, "é"), text(of: 65_535))
        #expect(try glance.patch(id, #"[{"op": "add", "path": "/\#(name)", "value": "\#(value)"}]"#).status == 200)
        #expect(try glance.image(id)[name]?.string == value)
        #expect(try replace(id, "name", "\"\(name)\"").json["name"]?.string == name)
    }

    @Test func `lets administrators give an image to another project, or to none`() throws {
        let id = try glance.hasImage(#"{"visibility": "private"}"#)
        #expect(try replace(id, "owner", #""bolt""#, as: .admin).json["owner"]?.string == "bolt")
        #expect(try glance.show(id, as: .bob).status == 200)
        #expect(try glance.show(id, as: .alice).status == 404)
        #expect(try replace(id, "owner", "null", as: .admin).json["owner"] == .null)
        #expect(try glance.rows("SELECT owner FROM images WHERE id = '\(id)'") == [[nil]])
    }

    @Test func `lets administrators make an image public, and its owner change that back`() throws {
        let id = try glance.hasImage()
        #expect(try replace(id, "visibility", #""public""#, as: .admin).status == 200)
        #expect(try glance.show(id, as: .bob).status == 200)
        #expect(try replace(id, "visibility", #""private""#).status == 200)
        #expect(try glance.show(id, as: .bob).status == 404)
    }

    @Test(arguments: ["queued", "importing"])
    func `lets formats change before there are data`(_ status: String) throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        #expect(try replace(id, "disk_format", #""iso""#).json["disk_format"]?.string == "iso")
        #expect(try replace(id, "container_format", #""ova""#).json["container_format"]?.string == "ova")
    }

    @Test func `leaves the data and their measures alone`() throws {
        let id = try glance.hasActiveImage("hello")
        let image = try replace(id, "name", #""renamed""#).json
        #expect(image["checksum"]?.string == Hello.md5)
        #expect(image["os_hash_value"]?.string == Hello.sha512)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
    }
}
