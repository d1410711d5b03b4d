import TestSupport
import Testing

@Suite(.sharesServices) struct `Access to an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// A person's access to an image.
    enum Share { case all, sight, nothing }

    enum Kind: String, CaseIterable, Sendable {
        case `private`, shared, sharedWithBolt, community, `public`

        var visibility: String { self == .sharedWithBolt ? "shared" : rawValue }
    }

    static let shares: [(Kind, TestGlance.Person, Share)] = [
        (.private, .admin, .all), (.private, .alice, .all), (.private, .anna, .all), (.private, .reader, .sight),
        (.private, .bob, .nothing),
        (.shared, .admin, .all), (.shared, .alice, .all), (.shared, .anna, .all), (.shared, .reader, .sight), (.shared, .bob, .nothing),
        (.sharedWithBolt, .admin, .all), (.sharedWithBolt, .alice, .all), (.sharedWithBolt, .anna, .all),
        (.sharedWithBolt, .reader, .sight),
        (.sharedWithBolt, .bob, .sight), (.community, .admin, .all), (.community, .alice, .all), (.community, .anna, .all),
        (.community, .reader, .sight), (.community, .bob, .sight), (.public, .admin, .all), (.public, .alice, .all), (.public, .anna, .all),
        (.public, .reader, .sight), (.public, .bob, .sight),
    ]

    private func image(_ kind: Kind) throws -> String {
        let id = try glance.hasActiveImage("whole", visibility: kind.visibility)
        #expect(try glance.tag(id, "old").status == 204)
        if kind == .sharedWithBolt { try glance.share(id, with: "bolt") }
        return id
    }

    /// Every way to change an image, and its status for a person who may.
    static let deeds: [(String, @Sendable (TestGlance, String, TestGlance.Person?) throws -> Reply, Int)] = [
        ("change", { try $0.patch($1, as: $2, #"[{"op": "replace", "path": "/name", "value": "changed"}]"#) }, 200),
        ("change by v2.0", { try $0.patch($1, as: $2, #"[{"add": "/p", "value": "v"}]"#, dialect: "v2.0") }, 200),
        ("tag", { try $0.tag($1, "new", as: $2) }, 204), ("untag", { try $0.untag($1, "old", as: $2) }, 204),
        ("deactivate", { try $0.deactivate($1, as: $2) }, 204), ("reactivate", { try $0.reactivate($1, as: $2) }, 204),
        ("delete", { try $0.delete($1, as: $2) }, 204),
    ]

    @Test(arguments: shares)
    func `is all, sight alone, or nothing`(_ kind: Kind, _ person: TestGlance.Person, _ share: Share) throws {
        let id = try image(kind)
        let before = try glance.image(id)
        for path in ["", "?any=thing"] {
            #expect(try glance.send("GET", "/v2/images/\(id)\(path)", as: person).status == (share == .nothing ? 404 : 200))
        }
        #expect(try glance.patch(id, as: person, "[]").status == (share == .nothing ? 404 : 200))
        for (name, deed, done) in Self.deeds {
            let status = try deed(glance, id, person).status
            switch share {
            case .all: #expect(status == done, "\(name)")
            case .sight: #expect(status == 403, "\(name)")
            case .nothing: #expect(status == 404, "\(name)")
            }
        }
        if share == .all {
            #expect(try glance.show(id, as: .admin).status == 404)
        } else {
            #expect(try glance.image(id) == before)
            #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "whole")
        }
    }

    @Test(arguments: Kind.allCases)
    func `is 401 without a token, whatever is asked`(_ kind: Kind) throws {
        let id = try image(kind)
        let before = try glance.image(id)
        #expect(try glance.show(id, as: nil).status == 401)
        for (name, deed, _) in Self.deeds { #expect(try deed(glance, id, nil).status == 401, "\(name)") }
        #expect(try glance.image(id) == before)
    }

    @Test(arguments: ["pending", "accepted", "rejected"])
    func `by membership does not depend on the member's answer, and ends with it`(_ status: String) throws {
        let id = try image(.sharedWithBolt)
        let answer = try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "\#(status)"}"#)
        #expect(answer.status == 200)
        #expect(try glance.show(id, as: .bob).status == 200)
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 204)
        #expect(try glance.show(id, as: .bob).status == 404)
    }

    @Test func `by membership counts for shared images alone`() throws {
        let id = try image(.sharedWithBolt)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/visibility", "value": "private"}]"#).status == 200)
        #expect(try glance.show(id, as: .bob).status == 404)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob).status == 404)
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/visibility", "value": "shared"}]"#).status == 200)
        #expect(try glance.show(id, as: .bob).status == 200)
    }

    /// As in Glance: an image without a project is shown if its visibility alone allows it.
    @Test(arguments: [("shared", 200, 403), ("public", 200, 403), ("community", 200, 403), ("private", 404, 404)])
    func `of no project is sight, but for administrators`(_ visibility: String, _ sight: Int, _ change: Int) throws {
        let id = try glance.hasImage(as: .admin, #"{"owner": null, "visibility": "\#(visibility)"}"#)
        for person in [TestGlance.Person.alice, .bob] {
            #expect(try glance.show(id, as: person).status == sight)
            #expect(try glance.delete(id, as: person).status == change)
            #expect(try glance.tag(id, "mine", as: person).status == change)
            #expect(try glance.patch(id, as: person, #"[{"op": "add", "path": "/p", "value": "v"}]"#).status == change)
        }
        #expect(try glance.patch(id, as: .admin, #"[{"op": "replace", "path": "/owner", "value": "acme"}]"#).status == 200)
        #expect(try glance.delete(id).status == 204)
    }

    @Test func `belongs to the project, not to who made it`() throws {
        let id = try glance.hasImage(as: .anna, #"{"visibility": "private"}"#)
        #expect(try glance.patch(id, as: .alice, #"[{"op": "replace", "path": "/name", "value": "ours"}]"#).status == 200)
        #expect(try glance.image(id, as: .reader)["name"]?.string == "ours")
    }

    static let creations: [(TestGlance.Person, String, Int)] = [
        (.alice, #"{"visibility": "private"}"#, 201), (.alice, #"{"visibility": "shared"}"#, 201),
        (.alice, #"{"visibility": "community"}"#, 201),
        (.alice, #"{"visibility": "public"}"#, 403), (.alice, #"{"owner": "acme"}"#, 201), (.alice, #"{"owner": "bolt"}"#, 403),
        (.bob, "{}", 201), (.bob, #"{"visibility": "public"}"#, 403), (.bob, #"{"owner": "acme"}"#, 403), (.reader, "{}", 403),
        (.reader, #"{"visibility": "private"}"#, 403), (.reader, #"{"owner": "acme"}"#, 403), (.admin, "{}", 201),
        (.admin, #"{"visibility": "public"}"#, 201), (.admin, #"{"owner": "acme"}"#, 201), (.admin, #"{"owner": null}"#, 201),
    ]

    @Test(arguments: creations)
    func `that does not exist yet may be created as the role allows`(_ person: TestGlance.Person, _ json: String, _ status: Int) throws {
        let name = newID()
        let named = json == "{}" ? #"{"name": "\#(name)"}"# : #"{"name": "\#(name)", \#(json.dropFirst())"#
        #expect(try glance.create(named, as: person).status == status)
        #expect(try glance.count("images", where: "name = '\(name)'") == (status == 201 ? 1 : 0))
    }
}
