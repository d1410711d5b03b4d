import Foundation
import TestSupport
import Testing

extension TestGlance {
    fileprivate func addMember(_ project: String, to id: String, as person: Person? = .alice) throws -> Reply {
        try send("POST", "/v2/images/\(id)/members", as: person, json: #"{"member": "\#(project)"}"#)
    }

    fileprivate func members(of id: String, as person: Person? = .alice) throws -> Reply {
        try send("GET", "/v2/images/\(id)/members", as: person)
    }

    fileprivate func member(_ project: String, of id: String, as person: Person? = .alice) throws -> Reply {
        try send("GET", "/v2/images/\(id)/members/\(project)", as: person)
    }

    fileprivate func answer(_ status: String, for project: String, to id: String, as person: Person? = .bob) throws -> Reply {
        try send("PUT", "/v2/images/\(id)/members/\(project)", as: person, json: #"{"status": "\#(status)"}"#)
    }

    fileprivate func removeMember(_ project: String, from id: String, as person: Person? = .alice) throws -> Reply {
        try send("DELETE", "/v2/images/\(id)/members/\(project)", as: person)
    }

    /// Projects and their statuses, in the database.
    fileprivate func memberRows(_ id: String) throws -> [[String?]] {
        try rows("SELECT member, status FROM image_members WHERE image_id = '\(id)' AND deleted = 0 ORDER BY member", columns: 2)
    }
}

extension Reply {
    fileprivate var projects: [String] { (json["members"]?.array ?? []).map { $0["member_id"]?.string ?? "" }.sorted() }
}

@Suite(.sharesServices) struct `A member of an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `is pending when it is added, and has its record`() throws {
        let id = try glance.hasImage()
        let added = try glance.addMember("bolt", to: id)
        #expect(added.status == 200)
        #expect(added["Content-Type"] == "application/json")
        #expect(Set(added.json.keys) == ["member_id", "image_id", "status", "created_at", "updated_at", "schema"])
        #expect(added.json["member_id"]?.string == "bolt")
        #expect(added.json["image_id"]?.string == id)
        #expect(added.json["status"]?.string == "pending")
        #expect(added.json["schema"]?.string == "/v2/schemas/member")
        #expect(added.json["created_at"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
        #expect(added.json["updated_at"] == added.json["created_at"])
        #expect(try glance.member("bolt", of: id).json == added.json)
        #expect(try glance.members(of: id).json == .object(["members": .array([added.json]), "schema": "/v2/schemas/members"]))
        #expect(try glance.memberRows(id) == [["bolt", "pending"]])
    }

    @Test func `there is none at first`() throws {
        let id = try glance.hasImage()
        #expect(try glance.members(of: id).json == .object(["members": .array([]), "schema": "/v2/schemas/members"]))
    }

    @Test(arguments: ["accepted", "rejected", "pending"])
    func `answers as it likes, as often as it likes`(_ status: String) throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        for before in ["pending", "accepted", "rejected"] {
            #expect(try glance.answer(before, for: "bolt", to: id).status == 200)
            let reply = try glance.answer(status, for: "bolt", to: id)
            #expect(reply.status == 200)
            #expect(reply.json["status"]?.string == status)
            #expect(try glance.member("bolt", of: id).json == reply.json)
            #expect(try glance.memberRows(id) == [["bolt", status]])
        }
    }

    @Test func `that answers is changed now, and was made when it was`() throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        try glance.execute(
            "UPDATE image_members SET created_at = '2020-01-02 03:04:05', updated_at = '2020-01-02 03:04:05' WHERE image_id = '\(id)'")
        let reply = try glance.answer("accepted", for: "bolt", to: id)
        #expect(reply.json["created_at"]?.string == "2020-01-02T03:04:05Z")
        #expect(reply.json["updated_at"]?.string ?? "" > "2026")
    }

    @Test func `that is removed is gone, and sees the image no more`() throws {
        let id = try glance.hasActiveImage()
        for project in ["bolt", "cord"] { try glance.share(id, with: project) }
        let reply = try glance.removeMember("bolt", from: id)
        #expect(reply.status == 204)
        #expect(reply.body.isEmpty)
        #expect(try glance.member("bolt", of: id).status == 404)
        #expect(try glance.removeMember("bolt", from: id).status == 404)
        #expect(try glance.members(of: id).projects == ["cord"])
        #expect(try glance.show(id, as: .bob).status == 404)
        #expect(try glance.answer("accepted", for: "bolt", to: id).status == 404)
        #expect(
            try glance.count("image_members", where: "image_id = '\(id)' AND member = 'bolt' AND deleted = 1 AND deleted_at IS NOT NULL")
                == 1)
    }

    @Test func `that is added again has its row again, and answers again`() throws {
        let id = try glance.hasImage()
        for _ in 0..<3 {
            let added = try glance.addMember("bolt", to: id)
            #expect(added.status == 200)
            #expect(added.json["status"]?.string == "pending")
            #expect(try glance.answer("accepted", for: "bolt", to: id).status == 200)
            #expect(try glance.removeMember("bolt", from: id).status == 204)
        }
        #expect(try glance.addMember("bolt", to: id).status == 200)
        #expect(try glance.count("image_members", where: "image_id = '\(id)'") == 1)
        #expect(try glance.memberRows(id) == [["bolt", "pending"]])
    }

    @Test(arguments: ["pending", "accepted", "rejected"])
    func `is there once: again is 409 whatever it answered`(_ status: String) throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        #expect(try glance.answer(status, for: "bolt", to: id).status == 200)
        for person in [TestGlance.Person.alice, .admin] { #expect(try glance.addMember("bolt", to: id, as: person).status == 409) }
        #expect(try glance.memberRows(id) == [["bolt", status]])
    }

    @Test func `is there once when several add it at once`() throws {
        for _ in 0..<5 {
            let id = try glance.hasImage()
            let body = Array(#"{"member": "bolt"}"#.utf8)
            let connections = try (0..<4).map { _ in try HTTPConnection(port: glance.port) }
            for connection in connections {
                try connection.send(glance.head("POST", "/v2/images/\(id)/members", .alice, length: body.count) + body)
            }
            #expect(try connections.map { try $0.receive().status }.sorted() == [200, 409, 409, 409])
            #expect(try glance.memberRows(id) == [["bolt", "pending"]])
        }
    }

    @Test(arguments: ["größe", "a b", "a.b-c_d", "5", "日本", "%", "a+b", "x:y", "'"])
    func `has any name`(_ name: String) throws {
        let id = try glance.hasImage()
        #expect(try glance.addMember(name, to: id).json["member_id"]?.string == name)
        let path = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        #expect(try glance.member(path, of: id).json["member_id"]?.string == name)
        #expect(try glance.removeMember(path, from: id).status == 204)
        #expect(try glance.members(of: id).projects == [])
    }

    @Test func `has a name of 255 letters at most`() throws {
        let id = try glance.hasImage()
        for letter in ["a", "ü"] {
            #expect(try glance.addMember(text(of: 255, letter), to: id).status == 200)
            #expect(try glance.addMember(text(of: 256, letter), to: id).status == 400)
        }
        #expect(try glance.memberRows(id).count == 2)
        #expect(try glance.member(text(of: 256), of: id).status == 404)
        #expect(try glance.removeMember(text(of: 256), from: id).status == 404)
    }

    @Test func `may be named by a number`() throws {
        let id = try glance.hasImage()
        let reply = try glance.send("POST", "/v2/images/\(id)/members", json: #"{"member": 42}"#)
        #expect(reply.status == 200)
        #expect(reply.json["member_id"]?.string == "42")
        #expect(try glance.member("42", of: id).status == 200)
    }

    @Test func `is one of 128 at most`() throws {
        let id = try glance.hasImage()
        let rows = (0..<127).map { "('\(id)', 'p\($0)', 'accepted', 0, UTC_TIMESTAMP(), 0)" }.joined(separator: ", ")
        try glance.execute("INSERT INTO image_members (image_id, member, status, can_share, created_at, deleted) VALUES \(rows)")
        #expect(try glance.addMember("bolt", to: id).status == 200)
        for person in [TestGlance.Person.alice, .admin] {
            let reply = try glance.addMember("cord", to: id, as: person)
            #expect(reply.status == 413)
            for number in ["128", "129"] { #expect(reply.says.contains(number)) }
        }
        #expect(try glance.addMember("bolt", to: id).status == 409)
        #expect(try glance.members(of: id).projects.count == 128)
        #expect(try glance.removeMember("p5", from: id).status == 204)
        #expect(try glance.addMember("cord", to: id).status == 200)
    }

    static let noMembers = [
        "{}", #"{"member": null}"#, #"{"member": ""}"#, #"{"member": []}"#, #"{"member": {}}"#, #"{"member": true}"#,
        #"{"member": ["bolt"]}"#,
        #"{"members": "bolt"}"#, #"{"Member": "bolt"}"#, #"["bolt"]"#, #"[{"member": "bolt"}]"#, #""bolt""#, "null", "5", "", "{", "bolt",
        #"{"member": "bolt\u0000"}"#, #"{"member": "😀"}"#,
    ]

    @Test(arguments: noMembers)
    func `is 400 when its name is missing or none`(_ body: String) throws {
        let id = try glance.hasImage()
        for person in [TestGlance.Person.alice, .admin] {
            #expect(try glance.send("POST", "/v2/images/\(id)/members", as: person, json: body).status == 400)
        }
        #expect(try glance.count("image_members", where: "image_id = '\(id)'") == 0)
    }

    static let noAnswers = [
        "{}", #"{"status": null}"#, #"{"status": ""}"#, #"{"status": "nonsense"}"#, #"{"status": "Accepted"}"#, #"{"status": "all"}"#,
        #"{"status": 5}"#, #"{"status": true}"#, #"{"status": ["accepted"]}"#, #"{"member": "bolt"}"#, #"["accepted"]"#,
        #"[{"status": "accepted"}]"#, #""accepted""#, "null", "", "{",
    ]

    @Test(arguments: noAnswers)
    func `is 400 when its answer is missing or none`(_ body: String) throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        for person in [TestGlance.Person.bob, .admin] {
            #expect(try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: person, json: body).status == 400)
        }
        #expect(try glance.memberRows(id) == [["bolt", "pending"]])
    }

    @Test(arguments: [("GET", ""), ("GET", "/bolt"), ("DELETE", "/bolt")])
    func `is 400 where a body is sent that is not wanted`(_ method: String, _ path: String) throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        #expect(try glance.send(method, "/v2/images/\(id)/members\(path)", json: "{}").status == 400)
        #expect(try glance.memberRows(id) == [["bolt", "pending"]])
    }

    @Test func `answers HEAD as GET, without the body`() throws {
        let id = try glance.hasImage()
        try glance.share(id, with: "bolt")
        let rows: [(String, TestGlance.Person, Int)] = [
            ("", .alice, 200), ("", .bob, 200), ("/bolt", .bob, 200), ("/cord", .alice, 404), ("/cord", .bob, 404),
        ]
        for (path, person, status) in rows {
            let get = try glance.send("GET", "/v2/images/\(id)/members\(path)", as: person)
            let head = try glance.send("HEAD", "/v2/images/\(id)/members\(path)", as: person)
            #expect(get.status == status)
            #expect(head.status == status)
            #expect(head.body.isEmpty)
            #expect(head["Content-Length"] == String(get.body.count))
        }
    }
}

@Suite(.sharesServices) struct `Members of an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// An image of project acme, shared with bolt and cord.
    private func sharedImage() throws -> String {
        let id = try glance.hasActiveImage()
        for project in ["bolt", "cord"] { try glance.share(id, with: project) }
        return id
    }

    @Test(arguments: [TestGlance.Person.alice, .anna, .admin])
    func `are added and removed by the image's project and administrators`(_ person: TestGlance.Person) throws {
        let id = try glance.hasImage()
        #expect(try glance.addMember("bolt", to: id, as: person).status == 200)
        #expect(try glance.removeMember("bolt", from: id, as: person).status == 204)
        #expect(try glance.memberRows(id) == [])
    }

    @Test(arguments: [(TestGlance.Person.reader, 403), (.bob, 403)])
    func `are neither added nor removed by who may only look`(_ person: TestGlance.Person, _ status: Int) throws {
        let id = try sharedImage()
        for project in ["dock", "bolt", "acme"] { #expect(try glance.addMember(project, to: id, as: person).status == status) }
        // A member cannot see the others; Glance answers that they are not members.
        for (project, told) in [("bolt", status), ("cord", person == .bob ? 404 : status)] {
            #expect(try glance.removeMember(project, from: id, as: person).status == told)
        }
        #expect(try glance.memberRows(id) == [["bolt", "pending"], ["cord", "pending"]])
    }

    @Test func `are all seen by the image's project and administrators`() throws {
        let id = try sharedImage()
        for person in [TestGlance.Person.alice, .anna, .reader, .admin] {
            #expect(try glance.members(of: id, as: person).projects == ["bolt", "cord"])
            for project in ["bolt", "cord"] { #expect(try glance.member(project, of: id, as: person).json["member_id"]?.string == project) }
            #expect(try glance.member("dock", of: id, as: person).status == 404)
        }
    }

    @Test(arguments: ["pending", "accepted", "rejected"])
    func `do not see each other, whatever they answered`(_ status: String) throws {
        let id = try sharedImage()
        #expect(try glance.answer(status, for: "bolt", to: id).status == 200)
        let list = try glance.members(of: id, as: .bob)
        #expect(list.status == 200)
        #expect(list.projects == ["bolt"])
        #expect(try glance.member("bolt", of: id, as: .bob).json["status"]?.string == status)
        let other = try glance.member("cord", of: id, as: .bob)
        let none = try glance.member("dock", of: id, as: .bob)
        #expect(other.status == 404)
        #expect(none.status == 404)
        #expect(other.says.replacing("cord", with: "dock") == none.says, "whether there is another one is not told")
    }

    @Test func `answer for themselves, and administrators for all`() throws {
        let id = try sharedImage()
        for person in [TestGlance.Person.alice, .anna, .reader] {
            for project in ["bolt", "cord"] { #expect(try glance.answer("accepted", for: project, to: id, as: person).status == 403) }
        }
        #expect(try glance.answer("accepted", for: "cord", to: id, as: .bob).status == 404)
        #expect(try glance.answer("accepted", for: "dock", to: id, as: .bob).status == 404)
        #expect(try glance.memberRows(id) == [["bolt", "pending"], ["cord", "pending"]])
        #expect(try glance.answer("accepted", for: "bolt", to: id, as: .bob).status == 200)
        #expect(try glance.answer("rejected", for: "cord", to: id, as: .admin).status == 200)
        #expect(try glance.answer("rejected", for: "dock", to: id, as: .admin).status == 404)
        #expect(try glance.memberRows(id) == [["bolt", "accepted"], ["cord", "rejected"]])
    }

    @Test func `answer by those of their project that may write`() throws {
        let id = try glance.hasImage(as: .bob)
        try glance.share(id, with: "acme", as: .bob)
        #expect(try glance.answer("accepted", for: "acme", to: id, as: .reader).status == 403)
        #expect(try glance.memberRows(id) == [["acme", "pending"]])
        #expect(try glance.member("acme", of: id, as: .reader).status == 200)
        for person in [TestGlance.Person.alice, .anna] {
            #expect(try glance.answer("accepted", for: "acme", to: id, as: person).status == 200)
        }
    }

    @Test(arguments: ["private", "shared"])
    func `are nobody's business who does not see the image`(_ visibility: String) throws {
        let id = try glance.hasImage(#"{"visibility": "\#(visibility)"}"#)
        #expect(try glance.members(of: id, as: .bob).status == 404)
        #expect(try glance.member("bolt", of: id, as: .bob).status == 404)
        #expect(try glance.addMember("bolt", to: id, as: .bob).status == 404)
        #expect(try glance.answer("accepted", for: "bolt", to: id, as: .bob).status == 404)
        #expect(try glance.removeMember("bolt", from: id, as: .bob).status == 404)
        #expect(try glance.count("image_members", where: "image_id = '\(id)'") == 0)
    }

    @Test(arguments: ["private", "community", "public"], [TestGlance.Person.alice, .admin])
    func `are of shared images alone`(_ visibility: String, _ person: TestGlance.Person) throws {
        let id = try sharedImage()
        #expect(try glance.patch(id, as: .admin, #"[{"op": "replace", "path": "/visibility", "value": "\#(visibility)"}]"#).status == 200)
        #expect(try glance.members(of: id, as: person).status == 403)
        #expect(try glance.addMember("dock", to: id, as: person).status == 403)
        #expect(try glance.answer("accepted", for: "bolt", to: id, as: person).status == 403)
        #expect(try glance.removeMember("bolt", from: id, as: person).status == 403)
        #expect(try glance.member("bolt", of: id, as: person).status == 404)
        if visibility != "private" { #expect(try glance.answer("accepted", for: "bolt", to: id, as: .bob).status == 403) }
        #expect(try glance.memberRows(id) == [["bolt", "pending"], ["cord", "pending"]])
        #expect(try glance.patch(id, as: .admin, #"[{"op": "replace", "path": "/visibility", "value": "shared"}]"#).status == 200)
        #expect(try glance.members(of: id, as: person).projects == ["bolt", "cord"], "they are members again")
    }

    @Test func `of an image that there is not are 404`() throws {
        for id in [newID(), "nothing", text(of: 37)] {
            for person in [TestGlance.Person.alice, .admin] {
                #expect(try glance.members(of: id, as: person).status == 404)
                #expect(try glance.member("bolt", of: id, as: person).status == 404)
                #expect(try glance.addMember("bolt", to: id, as: person).status == 404)
                #expect(try glance.answer("accepted", for: "bolt", to: id, as: person).status == 404)
                #expect(try glance.removeMember("bolt", from: id, as: person).status == 404)
            }
        }
    }

    @Test func `are nobody's business who is nobody`() throws {
        let id = try sharedImage()
        #expect(try glance.members(of: id, as: nil).status == 401)
        #expect(try glance.member("bolt", of: id, as: nil).status == 401)
        #expect(try glance.addMember("dock", to: id, as: nil).status == 401)
        #expect(try glance.answer("accepted", for: "bolt", to: id, as: nil).status == 401)
        #expect(try glance.removeMember("bolt", from: id, as: nil).status == 401)
        #expect(try glance.memberRows(id) == [["bolt", "pending"], ["cord", "pending"]])
    }

    @Test(arguments: ["pending", "accepted"])
    func `may look and read, and change nothing`(_ status: String) throws {
        let id = try sharedImage()
        #expect(try glance.tag(id, "old").status == 204)
        #expect(try glance.answer(status, for: "bolt", to: id).status == 200)
        let before = try glance.image(id)
        #expect(try glance.show(id, as: .bob).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob).text == "hello")
        #expect(try glance.upload([1], to: id, as: .bob).status == 403)
        #expect(try glance.patch(id, as: .bob, #"[{"op": "add", "path": "/p", "value": "v"}]"#).status == 403)
        #expect(try glance.tag(id, "new", as: .bob).status == 403)
        #expect(try glance.untag(id, "old", as: .bob).status == 403)
        #expect(try glance.deactivate(id, as: .bob).status == 403)
        #expect(try glance.delete(id, as: .bob).status == 403)
        #expect(try glance.image(id) == before)
    }
}
