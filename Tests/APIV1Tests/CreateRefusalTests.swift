import TestSupport
import Testing

/// Requests that are refused leave no row; Glance leaves a killed image, even if it never looked at the data.
@Suite(.sharesServices) struct `A new image that V1 refuses` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    static let fields: [(String, String)] = [
        ("name", text(of: 256)), ("owner", text(of: 256)), ("disk_format", "floppy"), ("disk_format", "RAW"),
        ("container_format", "box"), ("container_format", text(of: 300)), ("checksum", text(of: 33)), ("size", "-1"), ("size", "1.5"),
        ("size", "abc"), ("size", "0x5"), ("size", "99999999999999999999"), ("size", "+5"), ("min_disk", "-1"), ("min_disk", "abc"),
        ("min_disk", "2147483648"), ("min_ram", "-1"), ("min_ram", "1 GB"), ("min_ram", "2147483648"), ("virtual_size", "-1"),
        ("virtual_size", "many"), ("created_at", "yesterday"), ("created_at", "1899-12-31T23:59:59"), ("created_at", "2001-13-01T00:00:00"),
        ("updated_at", "2001-02-30T00:00:00"), ("updated_at", "1"), ("deleted_at", "never"), ("store", "nowhere"), ("store", "swift"),
        ("deleted", "True"), ("deleted", "1"),
    ]

    @Test(arguments: fields, [true, false])
    func `for a field's value is told which field it is`(_ field: (name: String, value: String), _ hasBody: Bool) throws {
        let id = newID()
        let fields = formats.merging(["id": id, field.name: field.value]) { $1 }
        let reply = try glance.create(fields, as: .admin, data: hasBody ? "hello" : nil)
        #expect(reply.status == 400)
        #expect(reply.says.contains(field.name), "\(reply.says)")
        try glance.expectNoTrace(of: id)
    }

    @Test(arguments: ["abc", "..", "../../etc/passwd", "..%2f..%2fetc", "0", "z3e4567-e89b-12d3-a456-426614174000", text(of: 36, "x")])
    func `for an id that is none is told so`(_ id: String) throws {
        let mark = "no id \(newID())"
        for data in [nil, "hello"] as [String?] {
            let reply = try glance.create(formats.merging(["id": id, "name": mark]) { $1 }, data: data)
            #expect(reply.status == 400)
            #expect(reply.says.contains("x-image-meta-id"))
        }
        #expect(try glance.count("images", where: "name = '\(mark)'") == 0)
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test(arguments: [
        "foo", "tags", "visibility", "os_hidden", "os_hash_value", "location_data", "locations", "direct_url", "properties", "member_id",
        "propertyfoo", "property", "x",
    ])
    func `for a header of no field is told which`(_ name: String) throws {
        let id = newID()
        let reply = try glance.create(["id": id, name: "v"], as: .admin)
        #expect(reply.status == 400)
        #expect(reply.says.contains("Bad header"))
        #expect(reply.says.lowercased().contains("x-image-meta-\(name.replacing("_", with: "-"))"), "\(reply.says)")
        try glance.expectNoTrace(of: id)
    }

    @Test(arguments: ["property-", "property-\(text(of: 256))"])
    func `for a property's name is told so`(_ name: String) throws {
        let id = newID()
        let reply = try glance.create(["id": id, name: "v"])
        #expect(reply.status == 400)
        #expect(reply.says.contains("propert"))
        try glance.expectNoTrace(of: id)
    }

    @Test(arguments: [("aki", "bare"), ("raw", "ami"), ("aki", "ari"), ("ami", "ovf"), ("qcow2", "aki")])
    func `for Amazon's formats that do not agree is told so`(_ disk: String, _ container: String) throws {
        let id = newID()
        for data in [nil, "hello"] as [String?] {
            let reply = try glance.create(["id": id, "disk_format": disk, "container_format": container], data: data)
            #expect(reply.status == 400)
            #expect(reply.says.contains("container_format"))
            try glance.expectNoTrace(of: id)
        }
    }

    @Test(arguments: [
        "text/plain", "application/json", "multipart/form-data", "application/x-www-form-urlencoded", "application/octet-streams", "*/*",
        "",
    ])
    func `for the type of its data leaves no row`(_ type: String) throws {
        let id = newID()
        let reply = try glance.create(formats.merging(["id": id]) { $1 }, headers: ["Content-Type": type], data: "hello")
        #expect(reply.status == 400)
        #expect(reply.says.contains("application/octet-stream"))
        try glance.expectNoTrace(of: id)
    }

    @Test func `for want of its data's type leaves no row`() throws {
        let id = newID()
        let headers = TestGlance.named(formats.merging(["id": id]) { $1 })
        #expect(try glance.send("POST", "/v1/images", headers, body: Array("hello".utf8)).status == 400)
        try glance.expectNoTrace(of: id)
    }

    @Test(arguments: [[:], ["disk_format": "raw"], ["container_format": "bare"], ["disk_format": "", "container_format": "bare"]])
    func `for want of formats leaves no row`(_ fields: [String: String]) throws {
        for isChunked in [true, false] {
            let id = newID()
            let all = fields.merging(["id": id]) { $1 }
            let reply = isChunked ? try glance.sendChunked("POST", "/images", all, [1, 2, 3]) : try glance.create(all, data: "hello")
            #expect(reply.status == 400)
            #expect(reply.says.lowercased().contains("format"))
            try glance.expectNoTrace(of: id)
        }
    }

    @Test(arguments: ["4", "6", "0", "1000000"])
    func `for a size that is not its body's leaves no row`(_ size: String) throws {
        let id = newID()
        let reply = try glance.create(formats.merging(["id": id, "size": size]) { $1 }, data: "hello")
        #expect(reply.status == 400)
        #expect(reply.says.contains("size"))
        try glance.expectNoTrace(of: id)
    }

    @Test func `for an id that another has is 409, and the other stays`() throws {
        let id = try glance.hasV1Image(["name": "first"], data: "hello")
        for person in [TestGlance.Person.alice, .bob, .admin] {
            for data in [nil, "other"] as [String?] {
                let reply = try glance.create(formats.merging(["id": id, "name": "second"]) { $1 }, as: person, data: data)
                #expect(reply.status == 409)
            }
        }
        #expect(try glance.head(of: id).meta("name") == "first")
        #expect(try glance.get(id).text == "hello")
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
    }

    @Test func `for an id that a deleted one had is 409`() throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.delete(id).status == 200)
        #expect(try glance.create(["id": id]).status == 409)
        #expect(try glance.recordedStatus(id) == "deleted")
    }

    @Test func `to be public is an administrator's`() throws {
        for data in [nil, "hello"] as [String?] {
            let id = newID()
            let fields = formats.merging(["id": id, "is_public": "True"]) { $1 }
            #expect(try glance.create(fields, data: data).status == 403)
            try glance.expectNoTrace(of: id)
            #expect(try glance.create(fields, as: .admin, data: data).status == 201)
        }
    }

    @Test func `of a reader is 403`() throws {
        for data in [nil, "hello"] as [String?] {
            let id = newID()
            #expect(try glance.create(formats.merging(["id": id]) { $1 }, as: .reader, data: data).status == 403)
            try glance.expectNoTrace(of: id)
        }
    }

    @Test func `of more properties than the quota is 413`() throws {
        for (person, data) in [(TestGlance.Person.alice, nil), (.admin, "hello")] as [(TestGlance.Person, String?)] {
            let id = newID()
            var fields = Dictionary(uniqueKeysWithValues: (0..<129).map { ("property-key_\($0)", "v") })
            fields.merge(formats.merging(["id": id]) { $1 }) { $1 }
            let reply = try glance.create(fields, as: person, data: data)
            #expect(reply.status == 413)
            #expect(reply.says.contains("129") && reply.says.contains("128"))
            try glance.expectNoTrace(of: id)
        }
    }
}

/// Sources of data that are refused.
@Suite(.sharesServices) struct `Data from elsewhere by V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    static let addresses = [
        "file:///etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "filesystem:///etc/passwd", "swift+config://ref/container/object",
        "swift://user:key@host/container/object", "rbd://a/b/c/d", "cinder://1", "gopher://127.0.0.1/", "ftp://127.0.0.1/x", "nonsense",
        "unknown://host/x", "://host", "/etc/passwd", " ", "",
    ]

    enum Header: String, CaseIterable { case location = "x-image-meta-location", copyFrom = "x-glance-api-copy-from" }

    @Test(arguments: addresses, Header.allCases)
    func `is refused for its scheme, and leaves no row`(_ address: String, _ header: Header) throws {
        for person in [TestGlance.Person.alice, .admin] {
            let id = newID()
            let reply = try glance.create(formats.merging(["id": id]) { $1 }, as: person, headers: [header.rawValue: address])
            #expect(reply.status == 400)
            #expect(!reply.says.contains("root:"))
            try glance.expectNoTrace(of: id)
            #expect(try glance.count("vitrine_copies", where: "image_id = '\(id)'") == 0)
        }
    }

    @Test(arguments: addresses, Header.allCases)
    func `is refused for its scheme of an image that waits, which waits on`(_ address: String, _ header: Header) throws {
        let id = try glance.hasV1Image(formats.merging(["size": "5", "property-p": "v"]) { $1 })
        #expect(try glance.update(id, headers: [header.rawValue: address]).status == 400)
        #expect(try glance.recordedStatus(id) == "queued")
        #expect(try glance.head(of: id).meta("property-p") == "v")
        #expect(try glance.head(of: id).meta("size") == "5")
        try glance.expectNoBytes(of: id)
        #expect(try glance.count("vitrine_copies", where: "image_id = '\(id)'") == 0)
    }

    static let pairs: [(String, [String: String], Bool)] = [
        ("body and location", ["x-image-meta-location": "http://192.0.2.1/x"], true),
        ("body and copy-from", ["x-glance-api-copy-from": "http://192.0.2.1/x"], true),
        ("location and copy-from", ["x-image-meta-location": "http://192.0.2.1/x", "x-glance-api-copy-from": "http://192.0.2.1/y"], false),
        ("all three", ["x-image-meta-location": "http://192.0.2.1/x", "x-glance-api-copy-from": "http://192.0.2.1/y"], true),
    ]

    @Test(arguments: pairs)
    func `comes by one way alone`(_ row: String, _ headers: [String: String], _ hasBody: Bool) throws {
        let id = newID()
        let fresh = try glance.create(formats.merging(["id": id]) { $1 }, headers: headers, data: hasBody ? "hello" : nil)
        #expect(fresh.status == 400, "\(row)")
        try glance.expectNoTrace(of: id)
        let waiting = try glance.hasV1Image(formats)
        #expect(try glance.update(waiting, headers: headers, data: hasBody ? "hello" : nil).status == 400, "\(row)")
        #expect(try glance.recordedStatus(waiting) == "queued")
        try glance.expectNoBytes(of: waiting)
    }

    @Test(arguments: Header.allCases)
    func `is refused of an image that has its own`(_ header: Header) throws {
        let id = try glance.hasV1Image(["name": "has some"], data: "hello")
        #expect(try glance.update(id, headers: [header.rawValue: "http://192.0.2.1/x"]).status == 400)
        #expect(try glance.get(id).text == "hello")
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 0") == 1)
    }

    @Test func `without formats is refused, and no size is stored`() throws {
        let id = newID()
        #expect(try glance.create(["id": id], headers: ["x-image-meta-location": "http://192.0.2.1/x"]).status == 400)
        try glance.expectNoTrace(of: id)
        let waiting = try glance.hasV1Image()
        #expect(try glance.update(waiting, ["size": "77"], headers: ["x-image-meta-location": "http://192.0.2.1/x"]).status == 400)
        #expect(try glance.head(of: waiting).meta("size") == "0")
    }
}
