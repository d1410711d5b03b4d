import TestSupport
import Testing

@Suite(.sharesServices) struct `Deleting an image by V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test func `takes it and its bytes away, and says nothing`() throws {
        let id = try glance.hasV1Image(["name": "n", "property-p": "v"], data: "hello")
        #expect(try glance.share(id, with: "bolt").status == 204)
        let reply = try glance.delete(id)
        #expect(reply.status == 200)
        #expect(reply.body.isEmpty)
        #expect(reply["Content-Length"] == "0")
        for person in [TestGlance.Person.alice, .bob] {
            #expect(try glance.head(of: id, as: person).status == 404)
            #expect(try glance.get(id, as: person).status == 404)
        }
        #expect(try glance.send("GET", "/v2/images/\(id)").status == 404)
        #expect(try glance.listed("?limit=1000").allSatisfy { $0["id"]?.string != id })
        #expect(try !glance.storedFiles().contains(id))
        #expect(try glance.recordedStatus(id) == "deleted")
        #expect(try glance.count("images", where: "id = '\(id)' AND deleted = 1 AND deleted_at IS NOT NULL") == 1)
        for table in ["image_properties", "image_members", "image_locations"] {
            #expect(try glance.count(table, where: "image_id = '\(id)' AND deleted = 0") == 0, "\(table)")
        }
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
        #expect(try glance.askV1("GET", "/shared-images/bolt", as: .bob).text.contains(id) == false)
    }

    @Test(arguments: ["queued", "killed", "deactivated", "saving"])
    func `is done in other statuses too`(_ status: String) throws {
        let id = try glance.hasV1Image()
        try glance.execute("UPDATE images SET status = '\(status)' WHERE id = '\(id)'")
        #expect(try glance.delete(id).status == 200)
        #expect(try glance.recordedStatus(id) == "deleted")
    }

    @Test func `is 403 while the image is protected`() throws {
        let id = try glance.hasV1Image(["protected": "true"], data: "hello")
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.delete(id, as: person).status == 403) }
        #expect(try glance.get(id).text == "hello")
        #expect(try glance.update(id, ["protected": "false"]).status == 200)
        #expect(try glance.delete(id).status == 200)
    }

    @Test func `is 403 while its deletion is under way`() throws {
        let id = try glance.hasV1Image(["name": "n"])
        try glance.execute("UPDATE images SET status = 'pending_delete' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.delete(id, as: person).status == 403) }
        #expect(try glance.recordedStatus(id) == "pending_delete")
    }

    /// The record as `delayed_delete` leaves it.
    @Test func `is 403 for whose it is while its bytes wait for the scrubber`() throws {
        let id = try glance.hasV1Image(["name": "n"])
        try glance.execute(
            "UPDATE images SET status = 'pending_delete', deleted = 1, deleted_at = UTC_TIMESTAMP(), visibility = 'private' WHERE id = '\(id)'"
        )
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.delete(id, as: person).status == 403) }
        #expect(try glance.delete(id, as: .bob).status == 404)
        #expect(try glance.recordedStatus(id) == "pending_delete")
    }

    @Test func `is 404 where there is none, any more or at all`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.delete(id).status == 200)
        for person in [TestGlance.Person.alice, .admin] {
            for gone in [id, newID(), "nothing"] { #expect(try glance.delete(gone, as: person).status == 404, "\(gone)") }
        }
    }

    /// The data stay whole.
    @Test(arguments: [
        ("shared", TestGlance.Person.bob, 404), ("private", .bob, 404), ("public", .bob, 403), ("community", .bob, 403),
        ("shared", .reader, 403),
    ])
    func `is not others'`(_ visibility: String, _ person: TestGlance.Person, _ status: Int) throws {
        let id = try glance.hasV1Image(data: "hello")
        try glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(id)'")
        #expect(try glance.delete(id, as: person).status == status)
        #expect(try glance.get(id).text == "hello")
        #expect(try glance.recordedStatus(id) == "active")
    }

    @Test func `is not a member's, whether it may share or not`() throws {
        for canShare in [true, false] {
            let id = try glance.hasV1Image(data: "hello")
            #expect(try glance.share(id, with: "bolt", canShare: canShare).status == 204)
            #expect(try glance.delete(id, as: .bob).status == 403)
            #expect(try glance.get(id).text == "hello")
        }
    }

    @Test(arguments: [TestGlance.Person.anna, .admin])
    func `is its project's and administrators'`(_ person: TestGlance.Person) throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.delete(id, as: person).status == 200)
        #expect(try !glance.storedFiles().contains(id))
    }

    @Test func `takes no second one's bytes with it`() throws {
        let (gone, kept) = (try glance.hasV1Image(data: "gone"), try glance.hasV1Image(data: "kept"))
        #expect(try glance.delete(gone).status == 200)
        #expect(try glance.get(kept).text == "kept")
    }
}
