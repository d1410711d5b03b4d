import TestSupport
import Testing

/// Changes with data.
@Suite(.sharesServices) struct `Data for an image of V1 that waits` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test(arguments: [true, false], [1, 600_000])
    func `make it active`(_ isChunked: Bool, _ count: Int) throws {
        let id = try glance.hasV1Image(formats.merging(["name": "n"]) { $1 })
        let data = [UInt8](repeating: 7, count: count)
        let reply =
            isChunked
            ? try glance.sendChunked("PUT", "/images/\(id)", [:], data) : try glance.askV1("PUT", "/images/\(id)", body: data)
        #expect(reply.status == 200)
        #expect(reply.image["status"]?.string == "active")
        #expect(reply.image["size"]?.int == Int64(count))
        #expect(reply["ETag"] == reply.image["checksum"]?.string && reply["ETag"] != nil)
        #expect(reply.image["name"]?.string == "n")
        #expect(try glance.get(id).body.isSame(as: data))
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
    }

    @Test func `may come in pieces`() throws {
        let id = try glance.hasV1Image(formats)
        let reply = try glance.sendHalves("PUT", "/images/\(id)", [:], to: id, Array("hello".utf8))
        #expect(reply.status == 200)
        #expect(reply.image["checksum"]?.string == helloMD5)
        #expect(try glance.get(id).text == "hello")
    }

    @Test func `may bring the formats, and properties besides those there are`() throws {
        let id = try glance.hasV1Image(["property-a": "1", "property-b": "2"])
        let fields = formats.merging(["property-b": "3", "property-c": "4", "name": "n"]) { $1 }
        // With data no property is purged, whatever the header says.
        let reply = try glance.update(id, fields, headers: ["x-glance-registry-purge-props": "true"], data: "hello")
        #expect(reply.status == 200)
        #expect(reply.image["status"]?.string == "active")
        let head = try glance.head(of: id)
        #expect(head.meta("name") == "n" && head.meta("disk_format") == "raw")
        #expect(head.meta.filter { $0.key.hasPrefix("property-") } == ["property-a": "1", "property-b": "3", "property-c": "4"])
    }

    @Test func `are checked by the checksum that the image was promised`() throws {
        let good = try glance.hasV1Image(formats.merging(["checksum": helloMD5, "size": "5"]) { $1 })
        #expect(try glance.update(good, data: "hello").status == 200)
        let bad = try glance.hasV1Image(formats.merging(["checksum": helloMD5]) { $1 })
        #expect(try glance.update(bad, data: "hullo").status == 400)
        #expect(try glance.recordedStatus(bad) == "killed")
        try glance.expectNoBytes(of: bad)
    }

    @Test func `are checked by the size that the image was promised`() throws {
        let fields = formats.merging(["size": "5"]) { $1 }
        let id = try glance.hasV1Image(fields)
        let reply = try glance.update(id, ["name": "x"], data: "hello!")
        #expect(reply.status == 400)
        #expect(reply.says.contains("size"))
        #expect(try glance.recordedStatus(id) == "queued")
        #expect(try glance.head(of: id).meta("name") == nil)
        try glance.expectNoBytes(of: id)
        #expect(try glance.update(id, data: "hello").status == 200)
        for data in ["hello!", "hell"] {
            let other = try glance.hasV1Image(fields)
            #expect(try glance.sendHalves("PUT", "/images/\(other)", [:], to: other, Array(data.utf8)).status == 400)
            #expect(try glance.recordedStatus(other) == "killed")
            try glance.expectNoBytes(of: other)
        }
    }

    @Test func `that are none are no data`() throws {
        let id = try glance.hasV1Image(["property-p": "v"])
        let reply = try glance.askV1("PUT", "/images/\(id)", ["name": "n"], body: [])
        #expect(reply.status == 200)
        #expect(reply.image["status"]?.string == "queued")
        #expect(reply.image["name"]?.string == "n")
        #expect(reply.image["properties"]?.keys == [], "purged as without a body")
        try glance.expectNoBytes(of: id)
    }

    @Test(arguments: ["active", "deactivated", "killed", "saving", "uploading", "importing", "pending_delete"])
    func `are 409 in any other status, and nothing is changed`(_ status: String) throws {
        let id = try glance.hasV1Image(["name": "n"], data: "hello")
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.update(id, ["name": "x"], as: person, data: "other").status == 409)
        }
        #expect(try glance.sendChunked("PUT", "/images/\(id)", ["name": "x"], [1, 2, 3]).status == 409)
        #expect(try glance.recordedStatus(id) == status)
        #expect(try glance.value("SELECT name FROM images WHERE id = '\(id)'") == "n")
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
        try glance.execute("UPDATE images SET status = 'active' WHERE id = '\(id)'")
        #expect(try glance.get(id).text == "hello")
    }

    @Test func `are refused for their type and for want of formats, and it waits on`() throws {
        let id = try glance.hasV1Image(["property-p": "v"])
        #expect(try glance.update(id, formats, headers: ["Content-Type": "text/plain"], data: "hello").status == 400)
        #expect(try glance.update(id, ["name": "x"], data: "hello").status == 400)
        #expect(try glance.update(id, ["disk_format": "raw"], data: "hello").status == 400)
        #expect(try glance.update(id, formats.merging(["size": "4"]) { $1 }, data: "hello").status == 400)
        #expect(try glance.update(id, formats.merging(["store": "swift"]) { $1 }, data: "hello").status == 400)
        #expect(try glance.recordedStatus(id) == "queued")
        let head = try glance.head(of: id)
        #expect(head.meta("property-p") == "v" && head.meta("name") == nil && head.meta("disk_format") == nil)
        try glance.expectNoBytes(of: id)
        #expect(try glance.update(id, formats, data: "hello").status == 200)
    }

    @Test func `are the owner's and administrators'`() throws {
        let id = try glance.hasV1Image(formats)
        #expect(try glance.update(id, data: "other").status == 200)
        for (visibility, person, status) in [
            ("shared", TestGlance.Person.bob, 404), ("public", .bob, 403), ("community", .bob, 403), ("shared", .reader, 403),
        ] {
            let waiting = try glance.hasV1Image(formats)
            try glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(waiting)'")
            #expect(try glance.update(waiting, as: person, data: "other").status == status, "\(visibility)")
            #expect(try glance.recordedStatus(waiting) == "queued")
            try glance.expectNoBytes(of: waiting)
            #expect(try glance.update(waiting, as: .admin, data: "hello").status == 200)
        }
    }

    @Test func `come once, whoever is first`() throws {
        let id = try glance.hasV1Image(formats)
        let first = try HTTPConnection(port: glance.port)
        try first.send(glance.head("PUT", "/v1/images/\(id)", .alice, GlanceHeaders.octets, length: 300_000))
        try first.send([UInt8](repeating: 1, count: 150_000))
        #expect(try eventually { try glance.recordedStatus(id) == "saving" })
        #expect(try glance.update(id, data: "second").status == 409)
        #expect(try glance.head(of: id).meta("status") == "saving")
        #expect(try glance.get(id).status == 404)
        #expect(try glance.update(id, ["name": "meanwhile"]).status == 200)
        try first.send([UInt8](repeating: 1, count: 150_000))
        let reply = try first.receive()
        #expect(reply.status == 200)
        #expect(reply.image["name"]?.string == "meanwhile")
        #expect(try glance.get(id).body == [UInt8](repeating: 1, count: 300_000))
    }
}
