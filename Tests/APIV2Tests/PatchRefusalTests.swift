import TestSupport
import Testing

/// The errors of changes.
@Suite(.sharesServices) struct `Changing an image is refused` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Sends a change in a dialect, and expects an error and an unchanged image.
    private func refused(
        _ status: Int, _ id: String, _ verb: String, _ path: String, _ value: String = #""x""#, dialect: String = "v2.1",
        as person: TestGlance.Person = .alice
    ) throws {
        let before = try glance.image(id)
        let value = verb == "remove" ? "" : #", "value": \#(value)"#
        let list = dialect == "v2.0" ? #"[{"\#(verb)": "\#(path)"\#(value)}]"# : #"[{"op": "\#(verb)", "path": "\#(path)"\#(value)}]"#
        let reply = try glance.patch(id, as: person, list, dialect: dialect)
        #expect(reply.status == status, "\(verb) \(path) by \(person): \(reply.text)")
        #expect(try glance.image(id) == before)
    }

    static let dialects = ["v2.0", "v2.1"]
    static let verbs = ["add", "replace", "remove"]
    static let readOnly = [
        "created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url", "self", "file", "schema", "id",
        "os_hash_algo",
        "os_hash_value",
    ]
    static let reserved = [
        "location", "deleted", "deleted_at", "os_glance", "os_glance_x", "os_glance_import_task", "os_glance_stage_host",
    ]

    @Test(arguments: dialects, readOnly + reserved)
    func `with 403 for the service's own fields`(_ dialect: String, _ field: String) throws {
        let id = try glance.hasActiveImage()
        for verb in Self.verbs {
            for value in [#""x""#, "null"] {
                try refused(403, id, verb, "/\(field)", value, dialect: dialect)
                try refused(403, id, verb, "/\(field)", value, dialect: dialect, as: .admin)
            }
        }
    }

    /// `add` and `remove` change one location, `replace` all. Source: Glance, which checks the path before the option.
    @Test(arguments: dialects) func `with 400 for locations by a path that cannot be`(_ dialect: String) throws {
        let id = try glance.hasActiveImage()
        try refused(400, id, "add", "/locations", "[]", dialect: dialect)
        try refused(400, id, "replace", "/locations/0", "[]", dialect: dialect)
        try refused(400, id, "remove", "/locations", dialect: dialect)
        try refused(403, id, "replace", "/locations", "[]", dialect: dialect)
    }

    /// The option that would allow it is not set.
    @Test(arguments: [
        ("add", "/locations/-", #"{"url": "http://127.0.0.1/x", "metadata": {}}"#),
        ("add", "/locations/0", #"{"url": "file:///etc/passwd", "metadata": {}}"#),
        ("replace", "/locations", #"[{"url": "file:///etc/passwd", "metadata": {}}]"#), ("remove", "/locations/0", ""),
    ])
    func `with 403 for locations`(_ verb: String, _ path: String, _ value: String) throws {
        for id in [try glance.hasImage(), try glance.hasActiveImage()] {
            try refused(403, id, verb, path, value)
            try refused(403, id, verb, path, value, as: .admin)
        }
    }

    /// A client can never set a status.
    @Test(arguments: ["queued", "saving", "active", "killed", "deleted", "pending_delete", "deactivated"])
    func `with 403 for a status`(_ status: String) throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.deactivate(id).status == 204)
        for dialect in Self.dialects { try refused(403, id, "replace", "/status", "\"\(status)\"", dialect: dialect) }
    }

    @Test(arguments: ["/name", "/nothing", "/status"])
    func `with 404 for an image that there is not, or that the caller may not see`(_ path: String) throws {
        let hidden = try glance.hasImage(#"{"visibility": "private"}"#)
        let deleted = try glance.hasImage()
        #expect(try glance.delete(deleted).status == 204)
        for (id, person) in [
            (newID(), TestGlance.Person.alice), (newID(), .admin), ("nothing", .alice), (hidden, .bob), (deleted, .alice),
            (deleted, .admin),
        ] {
            let status = try glance.patch(id, as: person, #"[{"op": "replace", "path": "\#(path)", "value": "x"}]"#).status
            // Errors that do not depend on the image come first.
            #expect(status == (path == "/status" ? 403 : 404))
        }
        #expect(try glance.patch(hidden, as: .bob, "[]").status == 404)
        #expect(try glance.image(hidden)["name"] == .null)
    }

    @Test(arguments: ["public", "community", "shared"])
    func `with 403 for another project's image, though an empty list is nothing to refuse`(_ visibility: String) throws {
        let id = try glance.hasActiveImage(visibility: visibility)
        if visibility == "shared" { try glance.share(id, with: "bolt") }
        for verb in Self.verbs {
            try refused(403, id, verb, "/name", as: .bob)
            try refused(403, id, verb, "/p", as: .bob)
        }
        for dialect in Self.dialects {
            let reply = try glance.patch(id, as: .bob, "[]", dialect: dialect)
            #expect(reply.status == 200)
            #expect(reply.json == (try glance.image(id)))
        }
    }

    @Test func `with 403 to readers, though an empty list is nothing to refuse`() throws {
        let id = try glance.hasImage()
        for verb in Self.verbs { try refused(403, id, verb, "/name", as: .reader) }
        #expect(try glance.patch(id, as: .reader, "[]").status == 200)
    }

    @Test(
        arguments: dialects,
        [
            "name", "tags", "visibility", "protected", "os_hidden", "owner", "disk_format", "container_format", "min_disk", "min_ram",
        ])
    func `with 403 for the removal of a field`(_ dialect: String, _ field: String) throws {
        let id = try glance.hasImage()
        try refused(403, id, "remove", "/\(field)", dialect: dialect)
        try refused(403, id, "remove", "/\(field)", dialect: dialect, as: .admin)
    }

    @Test(arguments: [#""bolt""#, "null", #""""#, #""ACME""#])
    func `with 403 for another owner, but by administrators`(_ owner: String) throws {
        let id = try glance.hasImage()
        try refused(403, id, "replace", "/owner", owner)
        try refused(403, id, "replace", "/owner", owner, dialect: "v2.0")
        try refused(403, id, "add", "/owner", owner)
    }

    @Test func `with 403 for public, but by administrators`() throws {
        let id = try glance.hasImage()
        for dialect in Self.dialects { try refused(403, id, "replace", "/visibility", #""public""#, dialect: dialect) }
        try refused(403, id, "add", "/visibility", #""public""#)
    }

    @Test(arguments: ["active", "deactivated", "saving", "uploading", "killed"], ["disk_format", "container_format"])
    func `with 403 for the format of data that are there or on their way`(_ status: String, _ field: String) throws {
        let id = try glance.hasActiveImage()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        let (same, other) = field == "disk_format" ? (#""raw""#, #""qcow2""#) : (#""bare""#, #""ovf""#)
        for value in [other, same, "null"] {
            try refused(403, id, "replace", "/\(field)", value)
            try refused(403, id, "add", "/\(field)", value)
            try refused(403, id, "replace", "/\(field)", value, as: .admin)
        }
    }

    @Test(arguments: dialects, ["/nothing", "/", "/Name", "/names", "/a~1b"])
    func `with 409 for the replacement or removal of a property that there is not`(_ dialect: String, _ path: String) throws {
        let id = try glance.hasImage()
        try refused(409, id, "replace", path, dialect: dialect)
        try refused(409, id, "remove", path, dialect: dialect)
    }

    @Test func `with 409 for a property that was removed before`() throws {
        let id = try glance.hasImage(#"{"p": "v"}"#)
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/p"}]"#).status == 200)
        try refused(409, id, "replace", "/p")
        try refused(409, id, "remove", "/p")
    }

    static let unfit: [(String, String)] = [
        ("/name", "5"), ("/name", "[]"), ("/name", "\"\(text(of: 256))\""), ("/visibility", #""world""#), ("/visibility", "null"),
        ("/protected", #""true""#), ("/protected", "1"), ("/protected", "null"), ("/os_hidden", "0"), ("/disk_format", #""floppy""#),
        ("/disk_format", "5"), ("/container_format", #""crate""#), ("/min_disk", #""1""#), ("/min_disk", "-1"), ("/min_disk", "2147483648"),
        ("/min_disk", "1.5"), ("/min_disk", "null"), ("/min_ram", "true"), ("/min_ram", "-1"), ("/min_ram", "2147483648"),
        ("/tags", #""t""#),
        ("/tags", "null"), ("/tags", "[5]"), ("/tags", "[\"\(text(of: 256))\"]"), ("/owner", "5"), ("/owner", "\"\(text(of: 256))\""),
        ("/p", "5"), ("/p", "null"), ("/p", "true"), ("/p", "[]"), ("/p", "{}"), ("/extra_properties", "{}"), ("/image_id", "5"),
        // Glance ends in 500 for these three.
        ("/\(text(of: 256))", #""x""#), ("/p", "\"\(text(of: 65_536))\""), ("/p", "\"\(text(of: 21_846, "€"))\""),
        ("/name", #""😀""#), ("/name", #""\ud83d\ude00""#), ("/tags", #"["😀"]"#), ("/p", #""😀""#), ("/😀", #""x""#), ("/owner", #""😀""#),
        ("/p", #""a\u0000""#), (#"/p\u0000"#, #""x""#),
    ]

    @Test(arguments: dialects, unfit)
    func `with 400 for a value that does not fit its field`(_ dialect: String, _ row: (String, String)) throws {
        let id = try glance.hasImage(#"{"p": "v"}"#)
        try refused(400, id, "replace", row.0, row.1, dialect: dialect, as: .admin)
        if dialect == "v2.1" { try refused(400, id, "add", row.0, row.1, dialect: dialect, as: .admin) }
    }

    @Test func `with 413 past 128 tags or properties`() throws {
        let id = try glance.hasImage()
        let tags = (0...128).map { #""t\#($0)""# }
        try refused(413, id, "replace", "/tags", "[\(tags.joined(separator: ","))]")
        #expect(
            try glance.patch(id, #"[{"op": "add", "path": "/tags", "value": [\#(tags.dropLast().joined(separator: ","))]}]"#).status == 200)
        let properties = (0...128).map { #"{"op": "add", "path": "/p\#($0)", "value": "v"}"# }
        #expect(try glance.patch(id, "[\(properties.joined(separator: ","))]").status == 413)
        #expect(!(try glance.image(id).has("p0")))
        #expect(try glance.patch(id, "[\(properties.dropLast().joined(separator: ","))]").status == 200)
        try refused(413, id, "add", "/p128")
    }
}
