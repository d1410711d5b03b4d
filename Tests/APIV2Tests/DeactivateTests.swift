import TestSupport
import Testing

@Suite(.sharesServices) struct `Deactivating an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `and reactivating it is for its project's members and administrators`(_ person: TestGlance.Person) throws {
        let id = try glance.hasActiveImage()
        // A second call succeeds too.
        for _ in 0..<2 {
            let reply = try glance.deactivate(id, as: person)
            #expect(reply.status == 204)
            #expect(reply.body.isEmpty)
            #expect(try glance.status(of: id) == "deactivated")
        }
        for _ in 0..<2 {
            #expect(try glance.reactivate(id, as: person).status == 204)
            #expect(try glance.status(of: id) == "active")
        }
    }

    @Test func `leaves all but the status as it was`() throws {
        let id = try glance.hasActiveImage("hello")
        #expect(try glance.tag(id, "blue").status == 204)
        var before = try glance.image(id).members
        #expect(try glance.deactivate(id).status == 204)
        var after = try glance.image(id).members
        (before["status"], before["updated_at"], after["status"], after["updated_at"]) = (nil, nil, nil, nil)
        #expect(before == after)
        #expect(try glance.reactivate(id).status == 204)
        #expect(try glance.image(id)["os_hash_value"]?.string == Hello.sha512)
        #expect(try glance.storedFiles().contains(id))
    }

    @Test func `keeps its data from all but administrators`() throws {
        let id = try glance.hasActiveImage("secret", visibility: "community")
        #expect(try glance.deactivate(id).status == 204)
        for person in [TestGlance.Person.alice, .anna, .bob, .reader] {
            for method in ["GET", "HEAD"] {
                let reply = try glance.send(method, "/v2/images/\(id)/file", as: person)
                #expect(reply.status == 403)
                #expect(!reply.text.contains("secret"))
            }
            #expect(try glance.send("GET", "/v2/images/\(id)/file", as: person, ["Range": "bytes=0-1"]).status == 403)
            #expect(try glance.show(id, as: person).status == 200)
        }
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .admin).text == "secret")
        #expect(try glance.reactivate(id).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob).text == "secret")
    }

    @Test func `lets its record be changed, and its data not be replaced`() throws {
        let id = try glance.hasActiveImage("first")
        #expect(try glance.deactivate(id).status == 204)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/name", "value": "n"}]"#).status == 200)
        #expect(try glance.tag(id, "blue").status == 204)
        #expect(try glance.upload(Array("other".utf8), to: id).status == 409)
        #expect(try glance.status(of: id) == "deactivated")
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .admin).text == "first")
    }

    @Test(arguments: ["queued", "saving", "uploading", "importing", "killed"])
    func `is 403 in a status that is neither, and names it`(_ status: String) throws {
        let id = try glance.hasImage()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] {
            for reply in [try glance.deactivate(id, as: person), try glance.reactivate(id, as: person)] {
                #expect(reply.status == 403)
                #expect(reply.says.contains(status))
            }
        }
        #expect(try glance.status(of: id) == status)
    }

    @Test(arguments: [
        ("private", TestGlance.Person.bob, 404), ("shared", .bob, 404), ("shared with bolt", .bob, 403), ("community", .bob, 403),
        ("public", .bob, 403), ("private", .reader, 403), ("public", .reader, 403),
    ])
    func `is refused to all others, and so is its end`(_ kind: String, _ person: TestGlance.Person, _ status: Int) throws {
        let id = try glance.hasActiveImage(visibility: kind.hasPrefix("shared") ? "shared" : kind)
        if kind == "shared with bolt" { try glance.share(id, with: "bolt") }
        #expect(try glance.deactivate(id, as: person).status == status)
        #expect(try glance.status(of: id) == "active")
        #expect(try glance.deactivate(id).status == 204)
        #expect(try glance.reactivate(id, as: person).status == status)
        #expect(try glance.status(of: id) == "deactivated")
    }

    @Test func `is 404 for an image that there is not`() throws {
        for id in [newID(), "nothing"] {
            for person in [TestGlance.Person.alice, .admin] {
                #expect(try glance.deactivate(id, as: person).status == 404)
                #expect(try glance.reactivate(id, as: person).status == 404)
            }
        }
    }
}
