import Foundation
import TestSupport
import Testing

@Suite(.sharesServices) struct `Deleting an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `is for its project's members and administrators`(_ person: TestGlance.Person) throws {
        for id in [try glance.hasImage(), try glance.hasActiveImage()] {
            let reply = try glance.delete(id, as: person)
            #expect(reply.status == 204)
            #expect(reply.body.isEmpty)
            for other in TestGlance.Person.allCases { #expect(try glance.show(id, as: other).status == 404) }
        }
    }

    /// Glance sets the status in one transaction and deletes the record in another, so this state exists in between, or for ever.
    @Test func `is 404 for one that another image service is deleting`() throws {
        let id = try glance.hasActiveImage()
        try glance.execute("UPDATE images SET status = 'deleted' WHERE id = '\(id)'")
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.delete(id, as: person).status == 404) }
        #expect(try glance.rows("SELECT status, CAST(deleted AS CHAR) FROM images WHERE id = '\(id)'", columns: 2) == [["deleted", "0"]])
    }

    @Test func `takes it off the lists`() throws {
        let name = newID()
        let id = try glance.hasActiveImage(name: name)
        #expect(try glance.names("?name=\(name)") == [name])
        #expect(try glance.delete(id).status == 204)
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.names("?name=\(name)", as: person) == []) }
    }

    @Test func `makes everything below it 404`() throws {
        let id = try glance.hasActiveImage()
        try glance.share(id, with: "bolt")
        #expect(try glance.tag(id, "blue").status == 204)
        #expect(try glance.delete(id).status == 204)
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.delete(id, as: person).status == 404)
            #expect(try glance.patch(id, as: person, "[]").status == 404)
            #expect(try glance.send("GET", "/v2/images/\(id)/file", as: person).status == 404)
            #expect(try glance.upload([1], to: id, as: person).status == 404)
            #expect(try glance.deactivate(id, as: person).status == 404)
            #expect(try glance.reactivate(id, as: person).status == 404)
            #expect(try glance.tag(id, "red", as: person).status == 404)
            #expect(try glance.untag(id, "blue", as: person).status == 404)
            #expect(try glance.send("GET", "/v2/images/\(id)/members", as: person).status == 404)
        }
    }

    @Test func `leaves rows that are marked, and no file`() throws {
        let id = try glance.hasActiveImage()
        #expect(
            try glance.patch(id, #"[{"op": "add", "path": "/p", "value": "v"}, {"op": "add", "path": "/q", "value": "w"}]"#).status == 200)
        #expect(try glance.tag(id, "blue").status == 204)
        try glance.share(id, with: "bolt")
        #expect(try glance.storedFiles().contains(id))
        #expect(try glance.delete(id).status == 204)
        #expect(
            try glance.rows("SELECT status, deleted FROM images WHERE id = '\(id)' AND deleted_at IS NOT NULL", columns: 2) == [
                ["deleted", "1"]
            ])
        for (table, rows) in [("image_properties", 2), ("image_tags", 1), ("image_members", 1), ("image_locations", 1)] {
            #expect(try glance.count(table, where: "image_id = '\(id)'") == rows, "\(table)")
            #expect(try glance.count(table, where: "image_id = '\(id)' AND deleted = 1 AND deleted_at IS NOT NULL") == rows, "\(table)")
        }
        #expect(try glance.value("SELECT status FROM image_locations WHERE image_id = '\(id)'") == "deleted")
        #expect(!(try glance.storedFiles().contains(id)))
        #expect(try glance.count("vitrine_removals", where: "image_id = '\(id)'") == 0)
    }

    @Test func `keeps the moment at which something was removed before`() throws {
        let id = try glance.hasImage(#"{"p": "v"}"#)
        #expect(try glance.patch(id, #"[{"op": "remove", "path": "/p"}]"#).status == 200)
        try glance.execute("UPDATE image_properties SET deleted_at = '2001-01-01 00:00:00' WHERE image_id = '\(id)'")
        #expect(try glance.delete(id).status == 204)
        #expect(try glance.value("SELECT CAST(deleted_at AS CHAR) FROM image_properties WHERE image_id = '\(id)'") == "2001-01-01 00:00:00")
    }

    @Test func `is done although its data are gone already`() throws {
        let id = try glance.hasActiveImage()
        try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(id)")
        #expect(try glance.delete(id).status == 204)
        #expect(try glance.show(id).status == 404)
    }

    @Test func `is done while it is deactivated, hidden or killed`() throws {
        let deactivated = try glance.hasActiveImage()
        #expect(try glance.deactivate(deactivated).status == 204)
        let hidden = try glance.hasImage(#"{"os_hidden": true}"#)
        let killed = try glance.hasImage()
        try glance.execute("UPDATE images SET status = 'killed' WHERE id = '\(killed)'")
        for id in [deactivated, hidden, killed] { #expect(try glance.delete(id).status == 204) }
        #expect(!(try glance.storedFiles().contains(deactivated)))
    }

    @Test func `finds it by its id in another case`() throws {
        let id = try glance.hasActiveImage()
        #expect(try glance.delete(id.uppercased()).status == 204)
        #expect(try glance.show(id).status == 404)
        #expect(!(try glance.storedFiles().contains(id)))
    }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `is 403 while it is protected, and nothing is done`(_ person: TestGlance.Person) throws {
        let id = try glance.hasActiveImage("precious")
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/protected", "value": true}]"#).status == 200)
        let before = try glance.image(id)
        #expect(try glance.delete(id, as: person).status == 403)
        #expect(try glance.image(id) == before)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "precious")
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/protected", "value": false}]"#).status == 200)
        #expect(try glance.delete(id, as: person).status == 204)
    }

    @Test(arguments: [
        ("private", TestGlance.Person.bob, 404), ("shared", .bob, 404), ("shared with bolt", .bob, 403), ("community", .bob, 403),
        ("public", .bob, 403), ("private", .reader, 403), ("public", .reader, 403),
    ])
    func `is refused before a byte is touched`(_ kind: String, _ person: TestGlance.Person, _ status: Int) throws {
        let id = try glance.hasActiveImage("whole", visibility: kind.hasPrefix("shared") ? "shared" : kind)
        if kind == "shared with bolt" { try glance.share(id, with: "bolt") }
        let before = try glance.image(id)
        #expect(try glance.delete(id, as: person).status == status)
        #expect(try glance.image(id) == before)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "whole")
        #expect(try glance.storedFiles().contains(id))
    }

    @Test(arguments: [newID(), "nothing", text(of: 37), "..%2F..%2Fx"])
    func `is 404 for an image that there is not`(_ id: String) throws {
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.delete(id, as: person).status == 404) }
    }

    @Test func `once is enough: of two at a time one is 204 and one 404`() throws {
        for _ in 0..<5 {
            let id = try glance.hasActiveImage()
            let connections = try (0..<4).map { _ in try HTTPConnection(port: glance.port) }
            for connection in connections { try connection.send(glance.head("DELETE", "/v2/images/\(id)", .alice)) }
            let statuses = try connections.map { try $0.receive().status }
            #expect(statuses.sorted() == [204, 404, 404, 404])
        }
    }

    @Test func `keeps its id for ever`() throws {
        let id = try glance.hasActiveImage("first")
        #expect(try glance.delete(id).status == 204)
        for person in [TestGlance.Person.alice, .bob, .admin] {
            #expect(try glance.create(#"{"id": "\#(id)"}"#, as: person).status == 409)
        }
        #expect(try glance.show(id, as: .admin).status == 404)
        #expect(try glance.rows("SELECT status, deleted FROM images WHERE id = '\(id)'", columns: 2) == [["deleted", "1"]])
    }
}
