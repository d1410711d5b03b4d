import TestSupport
import Testing

@Suite(.sharesServices) struct `An image in the header of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    /// Every header of an existing image.
    static let fields: Set<String> = [
        "id", "name", "status", "size", "virtual_size", "disk_format", "container_format", "min_disk", "min_ram", "is_public", "owner",
        "checksum", "created_at", "updated_at", "deleted", "protected",
    ]

    private func hasFull(_ properties: [String: String] = [:]) throws -> String {
        try glance.hasV1Image(
            [
                "name": "full größe €", "virtual_size": "10", "min_disk": "3", "min_ram": "512", "is_public": "true", "protected": "yes",
                "created_at": "2001-02-03T04:05:06",
            ].merging(properties) { $1 }, as: .admin, data: "hello")
    }

    private func expectFull(_ reply: Reply, _ id: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for (field, value) in [
            "id": id, "name": "full größe €", "status": "active", "size": "5", "virtual_size": "10", "disk_format": "raw",
            "container_format": "bare", "min_disk": "3", "min_ram": "512", "is_public": "True", "owner": "cloud", "checksum": helloMD5,
            "created_at": "2001-02-03T04:05:06.000000", "deleted": "False", "protected": "True",
        ] { #expect(reply.meta(field) == value, "\(field)", sourceLocation: sourceLocation) }
        #expect(reply["ETag"] == helloMD5, "without quotes", sourceLocation: sourceLocation)
        let updated = reply.meta("updated_at") ?? ""
        #expect(updated.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/) != nil, "\(updated)", sourceLocation: sourceLocation)
    }

    /// Without properties nginx sends the file, with them the worker does.
    @Test(arguments: [[:], ["property-kernel_id": "k", "property-a": "größe", "property-none": ""]])
    func `is whole, with its data and without`(_ properties: [String: String]) throws {
        let id = try hasFull(properties)
        let shown = Self.fields.union(properties.filter { !$0.value.isEmpty }.keys)
        for reply in [try glance.head(of: id), try glance.get(id)] {
            #expect(reply.status == 200)
            #expect(Set(reply.meta.keys) == shown)
            expectFull(reply, id)
            for (name, value) in properties where !value.isEmpty { #expect(reply.meta(name) == value) }
        }
        let reply = try glance.get(id)
        #expect(reply.text == "hello")
        #expect(reply["Content-Length"] == "5")
        #expect(reply["Content-Type"] == "application/octet-stream")
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(reply["X-Accel-Redirect"] == nil)
        #expect(reply["Last-Modified"] == nil)
        #expect(!reply.headers.contains { $0.name.lowercased().contains("location") })
        #expect(try glance.head(of: id).body.isEmpty)
    }

    @Test(arguments: [[:], ["property-p": "v"]])
    func `comes with all of many bytes`(_ properties: [String: String]) throws {
        let data = filled(3_145_729) { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
        let made = try glance.askV1("POST", "/images", formats.merging(properties) { $1 }, body: data)
        let id = try #require(made.image["id"]?.string)
        let reply = try glance.get(id)
        #expect(reply.body.isSame(as: data))
        #expect(reply["Content-Length"] == "3145729")
        #expect(reply.meta("checksum") == made.image["checksum"]?.string)
    }

    @Test func `leaves out what it has no value for`() throws {
        let id = try glance.hasV1Image()
        let reply = try glance.head(of: id)
        #expect(Set(reply.meta.keys) == Self.fields.subtracting(["name", "virtual_size", "disk_format", "container_format", "checksum"]))
        #expect(reply["ETag"] == nil)
        #expect(reply.meta("is_public") == "False")
        #expect(reply.meta("size") == "0")
    }

    /// Unlike Glance, which sends the whole image, a range is served, whoever sends the bytes.
    @Test(arguments: [[:], ["property-p": "v"]])
    func `comes with a range, or all, of its data`(_ properties: [String: String]) throws {
        let id = try glance.hasV1Image(properties, data: "hello")
        let reply = try glance.askV1("GET", "/images/\(id)", headers: ["Range": "bytes=1-2"])
        #expect(reply.status == 206 && reply.text == "el" || reply.status == 200 && reply.text == "hello")
        #expect(reply.meta("checksum") == helloMD5)
    }

    @Test(
        arguments: [
            ("If-Match", helloMD5), ("If-Match", "\"\(helloMD5)\""), ("If-Match", "\"other\""),
            ("If-Modified-Since", "Mon, 01 Jan 2120 00:00:00 GMT"),
            ("If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ], [[:], ["property-p": "v"]])
    func `comes with its data under conditions that V1 does not know`(_ condition: (String, String), _ properties: [String: String]) throws
    {
        let id = try glance.hasV1Image(properties, data: "hello")
        let reply = try glance.askV1("GET", "/images/\(id)", headers: [condition.0: condition.1])
        #expect(reply.status == 200)
        #expect(reply.text == "hello")
        #expect(reply.meta("checksum") == helloMD5)
        #expect(reply.meta == (try glance.head(of: id).meta))
    }

    @Test(arguments: [[:], ["property-p": "v"]])
    func `comes with no data where there is none`(_ properties: [String: String]) throws {
        let id = try glance.hasV1Image(properties.merging(["size": "0", "name": "none"]) { $1 })
        let reply = try glance.get(id)
        #expect(reply.status == 200)
        #expect(reply.body.isEmpty)
        #expect(reply["Content-Length"] == "0")
        #expect(reply.meta("name") == "none")
        #expect(reply.meta("property-p") == properties["property-p"])
    }

    @Test func `is shown to whoever sees it, as long as it is there`() throws {
        let own = try glance.hasV1Image(data: "hello")
        for person in [TestGlance.Person.alice, .anna, .admin] {
            #expect(try glance.head(of: own, as: person).status == 200)
            #expect(try glance.get(own, as: person).text == "hello")
        }
        #expect(try glance.head(of: own, as: .reader).status == 200)
        #expect(try glance.get(own, as: .reader).status == 403, "who may only read takes no data")
        for ask in [glance.head, glance.get] {
            #expect(try ask(own, .bob).status == 404)
            #expect(try ask(newID(), .alice).status == 404)
            #expect(try ask(newID(), .admin).status == 404)
            #expect(try ask("nothing", .admin).status == 404)
        }
    }

    @Test func `is shown to members at once, and to others by visibility`() throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.get(id, as: .bob).text == "hello")
        for (visibility, status) in [("private", 404), ("community", 200), ("public", 200)] {
            let other = try glance.hasV1Image(data: "hello")
            try glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(other)'")
            #expect(try glance.head(of: other, as: .bob).status == status, "\(visibility)")
            #expect(try glance.get(other, as: .bob).status == status, "\(visibility)")
            #expect(try glance.head(of: other).meta("is_public") == (visibility == "public" ? "True" : "False"))
        }
    }

    @Test func `is shown to administrators also when it is deleted, and to them alone`() throws {
        let id = try glance.hasV1Image(["name": "gone"], data: "hello")
        #expect(try glance.delete(id).status == 200)
        let reply = try glance.head(of: id, as: .admin)
        #expect(reply.status == 200)
        #expect(reply.meta("status") == "deleted")
        #expect(reply.meta("deleted") == "True")
        #expect(reply.meta("deleted_at")?.hasSuffix(".000000") == true)
        #expect(reply.meta("name") == "gone")
        #expect(try glance.get(id, as: .admin).status == 404)
        #expect(try glance.head(of: id).status == 404)
        #expect(try glance.get(id).status == 404)
    }

    @Test(arguments: ["queued", "saving", "killed", "pending_delete", "uploading", "importing"])
    func `has no data unless it is active, and says so`(_ status: String) throws {
        let id = try glance.hasV1Image()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] {
            let reply = try glance.get(id, as: person)
            #expect(reply.status == 404)
            #expect(reply.says.contains("not active"), "\(reply.says)")
            #expect(try glance.head(of: id, as: person).meta("status") == status)
        }
    }

    @Test func `has no data for anybody while it is deactivated`() throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate").status == 204)
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.get(id, as: person).status == 403)
            let head = try glance.head(of: id, as: person)
            #expect(head.status == 200)
            #expect(head.meta("status") == "deactivated")
        }
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/reactivate").status == 204)
        #expect(try glance.get(id).text == "hello")
    }

    @Test func `whose data are lost is 404`() throws {
        let id = try glance.hasV1Image(data: "hello")
        try removeFile("\(glance.storeFolder)/\(id)")
        #expect(try glance.get(id).status == 404)
        #expect(try glance.head(of: id).status == 200)
    }

    /// V2 allows any text as a name or a property.
    @Test func `cannot end its line, whatever V2 was told`() throws {
        let json = #"{"name": "a\r\nX-Accel-Redirect: /_blobs/x\r\n\u0000b", "p": "c\r\n\r\nd\u007f", "x y: z": "no header", "good": "g"}"#
        let id = newID()
        let made = try glance.send(
            "POST", "/v2/images", json: json.replacing("\\u0000", with: "").replacing("{\"name", with: "{\"id\": \"\(id)\", \"name"))
        #expect(made.status == 201, "\(made.text)")
        let reply = try glance.head(of: id)
        #expect(reply.status == 200)
        #expect(reply["X-Accel-Redirect"] == nil)
        #expect(reply.meta("name") == "a  X-Accel-Redirect: /_blobs/x  b")
        #expect(reply.meta("property-p")?.hasPrefix("c") == true)
        #expect(reply.meta("property-good") == "g")
        #expect(!reply.headers.contains { $0.value.contains("no header") })
        let listed = try #require(try glance.listed("?limit=1000").first { $0["id"]?.string == id })
        #expect(listed["name"]?.string == "a\r\nX-Accel-Redirect: /_blobs/x\r\nb")
    }

    @Test func `whose properties are too long for a header is 431, and whole in V2`() throws {
        let id = try glance.hasV1Image(data: "hello")
        let value = text(of: 60_000)
        #expect(
            try glance.patch(id, #"[{"op": "add", "path": "/long", "value": "\#(value)"}]"#).status == 200)
        #expect(try glance.head(of: id).status == 431)
        #expect(try glance.get(id).status == 431)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        #expect(try glance.listed("?limit=1000").contains { $0["properties"]?["long"]?.string == value })
    }
}

private func removeFile(_ path: String) throws { _ = try Command("rm", [path]).succeeded() }
