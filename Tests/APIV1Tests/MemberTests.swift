import TestSupport
import Testing

@Suite(.sharesServices) struct `Members of an image in V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private func replace(_ id: String, _ json: String, as person: TestGlance.Person? = .alice) throws -> Reply {
        try glance.send("PUT", "/v1/images/\(id)/members", as: person, json: json)
    }

    private func remove(_ id: String, _ project: String, as person: TestGlance.Person? = .alice) throws -> Reply {
        try glance.askV1("DELETE", "/images/\(id)/members/\(project)", as: person)
    }

    @Test func `are shown as they are, with whether they may share`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.members(of: id).isEmpty)
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.share(id, with: "zinc", canShare: true).status == 204)
        let reply = try glance.askV1("GET", "/images/\(id)/members")
        #expect(reply.json.keys == ["members"])
        #expect(reply.json["members"]?.array?.allSatisfy { Set($0.keys) == ["member_id", "can_share"] } == true)
        for person in [TestGlance.Person.alice, .anna, .admin] { #expect(try glance.members(of: id, as: person) == ["bolt", "zinc+"]) }
        #expect(try glance.members(of: id, as: .bob) == ["bolt"], "its own row alone")
        #expect(
            try glance.rows(
                "SELECT member, status, can_share, deleted FROM image_members WHERE image_id = '\(id)' ORDER BY member", columns: 4)
                == [["bolt", "pending", "0", "0"], ["zinc", "pending", "1", "0"]])
    }

    @Test func `see the image at once`() throws {
        let id = try glance.hasV1Image(["name": "shared \(newID())"], data: "hello")
        #expect(try glance.get(id, as: .bob).status == 404)
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.get(id, as: .bob).text == "hello")
        #expect(try glance.listed("?limit=1000", as: .bob).contains { $0["id"]?.string == id })
        #expect(try remove(id, "bolt").status == 204)
        #expect(try glance.get(id, as: .bob).status == 404)
        #expect(try glance.members(of: id).isEmpty)
        #expect(try glance.value("SELECT deleted FROM image_members WHERE image_id = '\(id)'") == "1")
    }

    @Test func `are let share or not, and stay so where it is not said`() throws {
        let id = try glance.hasV1Image()
        for (canShare, expected) in [(nil, "bolt"), (true, "bolt+"), (nil, "bolt+"), (false, "bolt"), (nil, "bolt")] as [(Bool?, String)] {
            #expect(try glance.share(id, with: "bolt", canShare: canShare).status == 204)
            #expect(try glance.members(of: id) == [expected])
        }
        #expect(try glance.count("image_members", where: "image_id = '\(id)'") == 1)
    }

    /// Any JSON value is allowed, and is true or false as in Python, V1's language.
    @Test func `are let share by any value that is not empty`() throws {
        let values = ["true", "false", "1", "0", "2.5", "0.0", #""true""#, #""false""#, #""""#, "null", "[]", "[0]", "{}", #"{"a": null}"#]
        let answers = try PyPIGlance.answer(
            to: "import json, sys; print(json.dumps([bool(json.loads(v)) for v in sys.argv[1:]]))", values)
        for (value, answer) in zip(values, try #require(answers.array)) {
            let expected = answer.bool == true ? "+" : ""
            let id = try glance.hasV1Image()
            #expect(try glance.share(id, with: "zinc", canShare: answer.bool == false).status == 204)
            let one = try glance.send("PUT", "/v1/images/\(id)/members/zinc", json: #"{"member": {"can_share": \#(value)}}"#)
            #expect(one.status == 204, "\(value)")
            #expect(try glance.members(of: id) == ["zinc\(expected)"], "\(value)")
            #expect(try replace(id, #"{"memberships": [{"member_id": "bolt", "can_share": \#(value)}]}"#).status == 204, "\(value)")
            #expect(try glance.members(of: id) == ["bolt\(expected)"], "\(value)")
        }
    }

    @Test(arguments: ["{}", #"{"member": {}}"#, #"{"other": {"can_share": true}}"#, #"{"can_share": true}"#])
    func `are put by a body that says nothing as by none`(_ json: String) throws {
        let id = try glance.hasV1Image()
        #expect(try glance.send("PUT", "/v1/images/\(id)/members/bolt", json: json).status == 204)
        #expect(try glance.members(of: id) == ["bolt"])
    }

    @Test func `are not put by what is no JSON`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.send("PUT", "/v1/images/\(id)/members/bolt", json: "{").status == 400)
        #expect(try glance.members(of: id).isEmpty)
    }

    /// Glance does not change the removed row.
    @Test(arguments: [nil, true, false])
    func `come back after they were removed`(_ canShare: Bool?) throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.share(id, with: "bolt", canShare: true).status == 204)
        #expect(try remove(id, "bolt").status == 204)
        #expect(try glance.share(id, with: "bolt", canShare: canShare).status == 204)
        #expect(try glance.members(of: id) == [canShare == true ? "bolt+" : "bolt"])
        #expect(try glance.get(id, as: .bob).text == "hello")
        #expect(try glance.value("SELECT status FROM image_members WHERE image_id = '\(id)' AND deleted = 0") == "pending")
    }

    @Test func `who may share do so, and others do not`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.share(id, with: "zinc", as: .bob).status == 404)
        #expect(try replace(id, #"{"memberships": []}"#, as: .bob).status == 404)
        #expect(try remove(id, "bolt", as: .bob).status == 404)
        #expect(try glance.members(of: id) == ["bolt"])
        #expect(try glance.share(id, with: "bolt", canShare: true).status == 204)
        #expect(try glance.share(id, with: "zinc", as: .bob, canShare: false).status == 204)
        #expect(try glance.members(of: id) == ["bolt+", "zinc"])
        #expect(try remove(id, "zinc", as: .bob).status == 204)
        #expect(try glance.members(of: id) == ["bolt+"])
    }

    static let replacements: [(String, [String])] = [
        (#"{"memberships": []}"#, []), (#"{"memberships": [{"member_id": "bolt"}]}"#, ["bolt"]),
        (#"{"memberships": [{"member_id": "bolt", "can_share": true}, {"member_id": "new"}]}"#, ["bolt+", "new"]),
        (#"{"memberships": [{"member_id": "zinc"}, {"member_id": "new", "can_share": true}]}"#, ["new+", "zinc+"]),
        (#"{"memberships": [{"member_id": "zinc", "can_share": false}]}"#, ["zinc"]),
    ]

    @Test(arguments: replacements)
    func `are replaced as a whole`(_ json: String, _ expected: [String]) throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.share(id, with: "zinc", canShare: true).status == 204)
        #expect(try replace(id, json).status == 204)
        #expect(try glance.members(of: id) == expected)
        #expect(try glance.count("image_members", where: "image_id = '\(id)' AND deleted = 0") == expected.count)
    }

    @Test(arguments: [
        #"{"memberships": [{}]}"#, #"{"memberships": [{"can_share": true}]}"#, #"{"memberships": {}}"#,
        #"{"memberships": [{"member_id": ""}]}"#,
        #"{"memberships": [{"member_id": "new"}, {}]}"#, #"{"memberships": ["new"]}"#, #"{"memberships": [{"member_id": 5}]}"#,
        #"{"memberships": null}"#, #"{"memberships": "new"}"#, "{}", "[]", "{", "",
    ])
    func `are not replaced by what names none`(_ json: String) throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "bolt", canShare: true).status == 204)
        #expect(try replace(id, json).status == 400)
        #expect(try glance.members(of: id) == ["bolt+"])
    }

    @Test func `cannot be called what no column holds`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: text(of: 256)).status == 400)
        #expect(try glance.share(id, with: "%F0%9F%96%BC").status == 400)
        #expect(try glance.share(id, with: "%FF").status == 400)
        #expect(try replace(id, #"{"memberships": [{"member_id": "\#(text(of: 256))"}]}"#).status == 400)
        #expect(try glance.members(of: id).isEmpty)
        #expect(try glance.share(id, with: text(of: 255)).status == 204)
    }

    @Test func `that are none cannot be removed`() throws {
        let id = try glance.hasV1Image()
        #expect(try remove(id, "bolt").status == 404)
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try remove(id, "bolt").status == 204)
        #expect(try remove(id, "bolt").status == 404)
    }

    @Test func `of an image that there is not, or that is not seen, are nobody's`() throws {
        let gone = try glance.hasV1Image()
        #expect(try glance.delete(gone).status == 200)
        let own = try glance.hasV1Image()
        for (id, person) in [(newID(), TestGlance.Person.alice), (newID(), .admin), (gone, .alice), (gone, .admin), (own, .bob)] {
            #expect(try glance.askV1("GET", "/images/\(id)/members", as: person).status == 404)
            #expect(try glance.share(id, with: "zinc", as: person).status == 404)
            #expect(try replace(id, #"{"memberships": []}"#, as: person).status == 404)
            #expect(try remove(id, "zinc", as: person).status == 404)
        }
    }

    @Test(arguments: ["public", "community"])
    func `of what everybody sees are the owner's still`(_ visibility: String) throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "zinc").status == 204)
        try glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(id)'")
        #expect(try glance.members(of: id, as: .bob).isEmpty)
        #expect(try glance.share(id, with: "bolt", as: .bob).status == 404)
        #expect(try replace(id, #"{"memberships": []}"#, as: .bob).status == 404)
        #expect(try remove(id, "zinc", as: .bob).status == 404)
        #expect(try glance.count("image_members", where: "image_id = '\(id)' AND deleted = 0") == 1)
    }

    @Test func `are not put by who may only read`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "bolt", as: .reader).status == 403)
        #expect(try glance.members(of: id, as: .reader).isEmpty)
    }

    @Test func `are not put into an image by its deletion's other hand`() throws {
        let id = try glance.hasV1Image()
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.delete(id).status == 200)
        #expect(try glance.count("image_members", where: "image_id = '\(id)' AND deleted = 0") == 0)
    }
}

@Suite(.sharesServices) struct `What is shared with a project` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private func shared(with project: String, as person: TestGlance.Person) throws -> [String: Bool] {
        let reply = try glance.askV1("GET", "/shared-images/\(project)", as: person)
        guard reply.status == 200, let rows = reply.json["shared_images"]?.array else { throw Unexpected(reply) }
        #expect(reply.json.keys == ["shared_images"])
        #expect(rows.allSatisfy { Set($0.keys) == ["image_id", "can_share"] })
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["image_id"]?.string ?? "?", $0["can_share"]?.bool ?? false) })
    }

    @Test func `is shown to it, to owners as far as it is theirs, and to administrators`() throws {
        let acmes = try glance.hasV1Image()
        let clouds = try glance.hasV1Image(as: .admin)
        let project = "bolt"
        #expect(try glance.share(acmes, with: project, canShare: true).status == 204)
        #expect(try glance.share(clouds, with: project, as: .admin).status == 204)
        for person in [TestGlance.Person.bob, .admin] { #expect(try shared(with: project, as: person) == [acmes: true, clouds: false]) }
        #expect(try shared(with: project, as: .alice) == [acmes: true])
        #expect(try shared(with: "acme", as: .alice).isEmpty)
        #expect(try shared(with: "nobody", as: .admin).isEmpty)
        #expect(try glance.askV1("DELETE", "/images/\(acmes)/members/\(project)").status == 204)
        #expect(try shared(with: project, as: .bob) == [clouds: false])
        #expect(try glance.delete(clouds, as: .admin).status == 200)
        #expect(try shared(with: project, as: .bob).isEmpty)
        for method in ["POST", "PUT", "DELETE"] {
            #expect(try glance.askV1(method, "/shared-images/\(project)", as: .bob).json["shared_images"]?.array?.isEmpty == true)
        }
    }
}

@Suite(.sharesServices) struct `The quota of members in V1` {
    @Test func `counts those there would be, and says so`() throws {
        let glance = try TestGlance.of(Self.self, ["DEFAULT": "image_member_quota = 2"], runsRegistry: true)
        let id = try glance.hasV1Image()
        for project in ["one", "two"] { #expect(try glance.share(id, with: project).status == 204) }
        for person in [TestGlance.Person.alice, .admin] {
            let reply = try glance.share(id, with: "three", as: person)
            #expect(reply.status == 413)
            #expect(reply.says.contains("3") && reply.says.contains("2"))
        }
        #expect(try glance.members(of: id) == ["one", "two"])
        // Glance refuses this too, although the number of members would not grow.
        #expect(try glance.share(id, with: "two", canShare: true).status == 204)
        let three = #"{"memberships": [{"member_id": "a"}, {"member_id": "b"}, {"member_id": "c"}]}"#
        #expect(try glance.send("PUT", "/v1/images/\(id)/members", json: three).status == 413)
        #expect(try glance.members(of: id) == ["one", "two+"])
        let two = #"{"memberships": [{"member_id": "a"}, {"member_id": "b"}]}"#
        #expect(try glance.send("PUT", "/v1/images/\(id)/members", json: two).status == 204)
        #expect(try glance.members(of: id) == ["a", "b"])
    }
}
