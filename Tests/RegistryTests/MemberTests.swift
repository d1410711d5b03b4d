import TestSupport
import Testing

@Suite(.sharesServices(Registry.self)) struct `Members in the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    /// Members of an image as its owner sees them; `*` marks those that may share it.
    private func members(_ id: String, as who: Who = .service) throws -> [String] {
        let reply = try glance.ask("GET", "/images/\(id)/members", as: who)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return (reply.json["members"]?.array ?? []).map {
            ($0["member_id"]?.string ?? "?") + ($0["can_share"]?.bool == true ? "*" : "")
        }.sorted()
    }

    private func put(_ id: String, _ member: String, as who: Who = .alice, _ json: String? = nil) throws -> Int {
        try glance.ask("PUT", "/images/\(id)/members/\(member)", as: who, json: json).status
    }

    private func replace(_ id: String, as who: Who = .alice, _ json: String) throws -> Int {
        try glance.ask("PUT", "/images/\(id)/members", as: who, json: json).status
    }

    @Test func `are added, changed and removed one by one`() throws {
        let id = try glance.hasRecord()
        #expect(try members(id) == [])
        #expect(try put(id, "bolt") == 204)
        #expect(try members(id) == ["bolt"])
        #expect(try put(id, "bolt", #"{"member": {"can_share": true}}"#) == 204)
        #expect(try members(id) == ["bolt*"])
        // Fields that are missing stay.
        for body in ["{}", #"{"member": {}}"#, nil] { #expect(try put(id, "bolt", body) == 204) }
        #expect(try members(id) == ["bolt*"])
        #expect(try put(id, "bolt", #"{"member": {"can_share": false}}"#) == 204)
        #expect(try put(id, "gr%C3%B6%C3%9Fe%20x") == 204)
        #expect(try members(id) == ["bolt", "größe x"])
        #expect(try glance.ask("DELETE", "/images/\(id)/members/bolt").status == 204)
        #expect(try glance.ask("DELETE", "/images/\(id)/members/bolt").status == 404)
        #expect(try members(id) == ["größe x"])
        #expect(try glance.value("SELECT status FROM image_members WHERE image_id = '\(id)' AND deleted = 0") == "pending")
    }

    @Test func `are replaced all together`() throws {
        let id = try glance.hasRecord()
        for member in ["one", "two", "three"] { #expect(try put(id, member) == 204) }
        try glance.execute("UPDATE image_members SET status = 'accepted' WHERE image_id = '\(id)'")
        #expect(try replace(id, #"{"memberships": [{"member_id": "two"}, {"member_id": "four", "can_share": true}]}"#) == 204)
        #expect(try members(id) == ["four*", "two"])
        #expect(
            try glance.rows("SELECT member, status FROM image_members WHERE image_id = '\(id)' AND deleted = 0 ORDER BY member", columns: 2)
                == [["four", "pending"], ["two", "accepted"]])
        #expect(try replace(id, #"{"memberships": []}"#) == 204)
        #expect(try members(id) == [])
    }

    @Test func `that were removed get their old row back`() throws {
        let id = try glance.hasRecord()
        #expect(try put(id, "bolt", #"{"member": {"can_share": true}}"#) == 204)
        let row = try glance.value("SELECT CAST(id AS CHAR) FROM image_members WHERE image_id = '\(id)'")
        for way in 0..<2 {
            try glance.execute("UPDATE image_members SET status = 'accepted' WHERE image_id = '\(id)'")
            #expect(try glance.ask("DELETE", "/images/\(id)/members/bolt").status == 204)
            #expect(try members(id) == [])
            #expect(try (way == 0 ? put(id, "bolt") : replace(id, #"{"memberships": [{"member_id": "bolt"}]}"#)) == 204)
            #expect(try members(id) == ["bolt"])
            #expect(
                try glance.rows("SELECT CAST(id AS CHAR), status FROM image_members WHERE image_id = '\(id)'", columns: 2)
                    == [[row, "pending"]])
        }
    }

    @Test(arguments: [("\"no\"", "*"), ("5", "*"), ("0", ""), ("\"\"", ""), ("null", "")])
    func `may share by any value that is not empty`(_ value: String, _ mark: String) throws {
        let id = try glance.hasRecord()
        #expect(try put(id, "bolt", #"{"member": {"can_share": \#(value)}}"#) == 204)
        #expect(try members(id) == ["bolt\(mark)"])
        #expect(try replace(id, #"{"memberships": [{"member_id": "zinc", "can_share": \#(value)}]}"#) == 204)
        #expect(try members(id) == ["zinc\(mark)"])
    }

    static let malformed = [
        #"{"member": 5}"#, #"{"member": null}"#, #"{"member": []}"#, #"{"member": "x"}"#, "[]", "5", "null", "{", "xx",
    ]

    @Test(arguments: malformed)
    func `are 400 for a body that says nothing of one`(_ body: String) throws {
        let id = try glance.hasRecord()
        #expect(try put(id, "bolt", body) == 400)
        #expect(try members(id) == [])
    }

    @Test(arguments: [
        "{}", #"{"memberships": null}"#, #"{"memberships": {}}"#, #"{"memberships": "bolt"}"#, #"{"memberships": [5]}"#,
        #"{"memberships": ["bolt"]}"#, #"{"memberships": [{}]}"#, #"{"memberships": [{"can_share": true}]}"#,
        #"{"memberships": [{"member_id": 5}]}"#, #"{"memberships": [{"member_id": ""}]}"#, #"{"memberships": [{"member_id": "🖼"}]}"#,
        #"{"memberships": [{"member_id": "\#(text(of: 256))"}]}"#,
        #"{"members": []}"#, "[]", "{", "",
    ])
    func `are 400 for a body that is no list of them`(_ body: String) throws {
        let id = try glance.hasRecord()
        #expect(try put(id, "kept") == 204)
        #expect(try replace(id, body) == 400)
        #expect(try members(id) == ["kept"])
    }

    @Test(arguments: ["%F0%9F%96%BC", text(of: 256), "%00"])
    func `are 400 for a name that no column holds`(_ member: String) throws {
        let id = try glance.hasRecord()
        #expect(try put(id, member) == 400)
        #expect(try members(id) == [])
    }

    static let sharers: [(String, Who, Bool?, Int)] = [
        ("shared", .alice, nil, 204), ("shared", .admin, nil, 204), ("shared", .service, nil, 204), ("shared", .bob, true, 204),
        ("shared", .bob, false, 403), ("public", .bob, nil, 403), ("shared", .bob, nil, 404), ("private", .bob, nil, 404),
        ("shared", .nobody, nil, 401), ("public", .nobody, nil, 401),
    ]

    @Test(arguments: sharers)
    func `are made by the owner, administrators, and members who may share`(
        _ visibility: String, _ who: Who, _ bobMayShare: Bool?, _ status: Int
    ) throws {
        let id = try glance.hasRecord(#"{"visibility": "\#(visibility)"}"#)
        if let bobMayShare { try glance.shares(id, with: "bolt", mayShare: bobMayShare) }
        let before = try members(id)
        #expect(try put(id, "third", as: who) == status)
        #expect(try members(id) == (status == 204 ? (before + ["third"]).sorted() : before))
        let all = #"{"memberships": [{"member_id": "bolt", "can_share": true}, {"member_id": "fourth"}]}"#
        #expect(try replace(id, as: who, all) == status)
        #expect(try members(id) == (status == 204 ? ["bolt*", "fourth"] : before))
        #expect(try glance.ask("DELETE", "/images/\(id)/members/fourth", as: who).status == status)
    }

    @Test func `are seen by owner and administrators; a member sees only itself`() throws {
        let id = try glance.hasRecord()
        for project in ["bolt", "third"] { try glance.shares(id, with: project) }
        for who in [Who.alice, .admin, .service] { #expect(try members(id, as: who) == ["bolt", "third"]) }
        #expect(try members(id, as: .bob) == ["bolt"])
        #expect(try glance.ask("GET", "/images/\(id)/members", as: .nobody).status == 404)
    }

    @Test func `of an image that is not there are 404`() throws {
        let gone = try glance.hasRecord()
        #expect(try glance.ask("DELETE", "/images/\(gone)").status == 200)
        let hidden = try glance.hasRecord(#"{"visibility": "private"}"#, as: .bob)
        for id in [gone, hidden, newID()] {
            #expect(try glance.ask("GET", "/images/\(id)/members").status == 404)
            #expect(try put(id, "bolt") == 404)
            #expect(try replace(id, #"{"memberships": []}"#) == 404)
            #expect(try glance.ask("DELETE", "/images/\(id)/members/bolt").status == 404)
        }
    }

    @Test func `are as many as the quota allows`() throws {
        let id = try glance.hasRecord()
        for number in 1...4 { #expect(try put(id, "m\(number)") == 204) }
        #expect(try put(id, "m5") == 413)
        #expect(try put(id, "m4", #"{"member": {"can_share": true}}"#) == 204)
        let five = (1...5).map { #"{"member_id": "n\#($0)"}"# }.joined(separator: ",")
        #expect(try replace(id, #"{"memberships": [\#(five)]}"#) == 413)
        #expect(try members(id) == ["m1", "m2", "m3", "m4*"])
        #expect(try glance.ask("DELETE", "/images/\(id)/members/m1").status == 204)
        #expect(try put(id, "m5") == 204)
    }

    @Test func `answer for themselves by glance-api alone`() throws {
        let id = try glance.hasRecord()
        #expect(try put(id, "bolt") == 204)
        for who in [Who.alice, .admin] { #expect(try put(id, "bolt", as: who, #"{"member": {"status": "accepted"}}"#) == 403) }
        #expect(try put(id, "bolt", as: .service, #"{"member": {"status": "perhaps"}}"#) == 400)
        #expect(try put(id, "bolt", as: .service, #"{"member": {"status": "accepted"}}"#) == 204)
        #expect(try put(id, "nobody", as: .service, #"{"member": {"status": "accepted"}}"#) == 404)
        #expect(try glance.value("SELECT status FROM image_members WHERE image_id = '\(id)'") == "accepted")
    }

    @Test func `have lists of what is shared with them`() throws {
        let project = "project-\(newID())"
        let (one, two) = (try glance.hasRecord(), try glance.hasRecord(as: .bob))
        try glance.shares(one, with: project, mayShare: true)
        try glance.shares(two, with: project)
        func shared(_ headers: [String: String]) throws -> [String: Bool] {
            let list = try glance.ask("GET", "/shared-images/\(project)", headers).json["shared_images"]?.array ?? []
            return Dictionary(uniqueKeysWithValues: list.map { ($0["image_id"]?.string ?? "?", $0["can_share"]?.bool ?? false) })
        }
        #expect(try shared(["X-Project-Id": project]) == [one: true, two: false])
        #expect(try shared(Who.admin.headers) == [one: true, two: false])
        // Members see only their own membership.
        #expect(try shared(Who.alice.headers) == [one: true])
        #expect(try shared(["X-Project-Id": "elsewhere"]) == [:])
        #expect(try glance.ask("DELETE", "/images/\(two)", as: .bob).status == 200)
        #expect(try shared(["X-Project-Id": project]) == [one: true])
    }
}
