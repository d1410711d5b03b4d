import TestSupport
import Testing

/// An image's name tells its owner and visibility.
@Suite(.sharesServices) struct `A list holds` {
    let glance: TestGlance
    init() throws { glance = try Self.opened.get() }

    private static let opened = Shared {
        let glance = try TestGlance()
        try glance.insert(pictures)
        return glance
    }

    private static let pictures: [Picture] =
        [("acme", "bolt"), ("bolt", "acme"), ("dock", nil), (nil, "acme")].flatMap { (owner, other) in
            func picture(_ kind: String, _ visibility: String, isHidden: Bool = false, _ answer: String? = nil) -> Picture {
                Picture("\(owner ?? "nobody") \(kind)") {
                    ($0.owner, $0.visibility, $0.isHidden) = (owner, visibility, isHidden)
                    if let other, let answer { $0.members = [other: answer, "elsewhere": "accepted"] }
                }
            }
            return [
                picture("private", "private"), picture("shared", "shared"), picture("community", "community"), picture("public", "public"),
                picture("pending", "shared", "pending"), picture("accepted", "shared", "accepted"),
                picture("rejected", "shared", "rejected"),
                // Memberships that an image keeps after it was shared have no effect.
                picture("private of members", "private", "accepted"), picture("community of members", "community", "accepted"),
                picture("hidden private", "private", isHidden: true), picture("hidden public", "public", isHidden: true),
                picture("hidden accepted", "shared", isHidden: true, "accepted"),
                picture("hidden pending", "shared", isHidden: true, "pending"),
                picture("hidden community", "community", isHidden: true),
            ]
        }

    private static let shared = ["shared", "pending", "accepted", "rejected"]
    private static let notCommunity = ["private", "private of members", "public"] + shared
    private static let community = ["community", "community of members"]

    private static func of(_ owner: String, _ kinds: [String]) -> [String] { kinds.map { "\(owner) \($0)" } }
    private static func ofAll(_ kinds: [String]) -> [String] { ["acme", "bolt", "dock", "nobody"].flatMap { of($0, kinds) } }

    /// What a project sees by default: its own images, public ones, and those that it accepted.
    private static func usual(_ project: String) -> [String] {
        Array(Set(of(project, notCommunity + community) + ofAll(["public"]) + accepted(project)))
    }
    private static func accepted(_ project: String) -> [String] { answered(project, "accepted") }
    private static func answered(_ project: String, _ answer: String) -> [String] {
        switch project {
        case "acme": ["bolt \(answer)", "nobody \(answer)"]
        case "bolt": ["acme \(answer)"]
        default: []
        }
    }

    private func expect(_ query: String, as person: TestGlance.Person, _ names: [String], _ row: String = "") throws {
        let listed = try glance.names("?limit=1000\(query)", as: person).sorted()
        #expect(listed == Set(names).sorted(), "\(row)")
    }

    static let persons: [TestGlance.Person] = [.alice, .anna, .reader, .bob]

    @Test(arguments: persons)
    func `a project's own, the public, and what it accepted`(_ person: TestGlance.Person) throws {
        try expect("", as: person, Self.usual(person.project))
        try expect("&member_status=accepted", as: person, Self.usual(person.project))
    }

    @Test func `all but others' community images for administrators`() throws {
        try expect("", as: .admin, Self.ofAll(Self.notCommunity))
        for status in ["pending", "accepted", "rejected", "all"] {
            try expect("&member_status=\(status)", as: .admin, Self.ofAll(Self.notCommunity))
        }
    }

    @Test(arguments: persons, ["pending", "rejected"])
    func `what a project answered in one way, in place of what it accepted`(_ person: TestGlance.Person, _ status: String) throws {
        let project = person.project
        let others = Self.usual(project).filter { !Self.accepted(project).contains($0) }
        try expect("&member_status=\(status)", as: person, others + Self.answered(project, status))
        try expect(
            "&visibility=shared&member_status=\(status)", as: person, Self.of(project, Self.shared) + Self.answered(project, status))
    }

    @Test(arguments: persons)
    func `whatever is shared with a project, when any answer will do`(_ person: TestGlance.Person) throws {
        let project = person.project
        let shared = ["pending", "accepted", "rejected"].flatMap { Self.answered(project, $0) }
        try expect("&member_status=all", as: person, Self.usual(project) + shared)
        try expect("&visibility=shared&member_status=all", as: person, Self.of(project, Self.shared) + shared)
        try expect("&visibility=all&member_status=all", as: person, Self.usual(project) + shared + Self.ofAll(Self.community))
    }

    @Test(arguments: TestGlance.Person.allCases)
    func `one visibility when it is asked for`(_ person: TestGlance.Person) throws {
        let project = person.project
        try expect("&visibility=public", as: person, Self.ofAll(["public"]))
        try expect("&visibility=community", as: person, Self.ofAll(Self.community))
        let isAdmin = person == .admin
        let kinds = ["private", "private of members"]
        try expect("&visibility=private", as: person, isAdmin ? Self.ofAll(kinds) : Self.of(project, kinds))
        try expect(
            "&visibility=shared", as: person, isAdmin ? Self.ofAll(Self.shared) : Self.of(project, Self.shared) + Self.accepted(project))
        try expect(
            "&visibility=all", as: person,
            isAdmin ? Self.ofAll(Self.notCommunity + Self.community) : Self.usual(project) + Self.ofAll(Self.community))
    }

    @Test(arguments: TestGlance.Person.allCases)
    func `the hidden when they are asked for, and then nothing else`(_ person: TestGlance.Person) throws {
        let project = person.project
        let own = Self.of(project, ["hidden private", "hidden public", "hidden accepted", "hidden pending", "hidden community"])
        let isAdmin = person == .admin
        let everything = Self.ofAll(["hidden private", "hidden public", "hidden accepted", "hidden pending"])
        try expect(
            "&os_hidden=true", as: person,
            isAdmin ? everything : own + Self.ofAll(["hidden public"]) + Self.answered(project, "hidden accepted"))
        try expect("&os_hidden=true&visibility=public", as: person, Self.ofAll(["hidden public"]))
        try expect("&os_hidden=true&visibility=community", as: person, Self.ofAll(["hidden community"]))
        if !isAdmin {
            try expect(
                "&os_hidden=true&visibility=shared&member_status=pending", as: person,
                Self.of(project, ["hidden accepted", "hidden pending"]) + Self.answered(project, "hidden pending"))
        }
    }

    @Test func `of one owner what the caller may see of it`() throws {
        try expect("&owner=acme", as: .alice, Self.of("acme", Self.notCommunity + Self.community))
        try expect("&owner=bolt", as: .alice, ["bolt accepted", "bolt public"])
        try expect("&owner=bolt&member_status=all", as: .alice, ["bolt accepted", "bolt pending", "bolt rejected", "bolt public"])
        try expect("&owner=bolt&visibility=all", as: .alice, Self.of("bolt", ["accepted", "public"] + Self.community))
        try expect("&owner=bolt&visibility=community", as: .alice, Self.of("bolt", Self.community))
        try expect("&owner=bolt&visibility=private", as: .alice, [])
        try expect("&owner=bolt&visibility=shared", as: .alice, ["bolt accepted"])
        try expect("&owner=bolt", as: .admin, Self.of("bolt", Self.notCommunity))
        try expect("&owner=bolt&visibility=all", as: .admin, Self.of("bolt", Self.notCommunity + Self.community))
        try expect("&owner=dock", as: .bob, ["dock public"])
        try expect("&owner=elsewhere", as: .admin, [])
    }

    @Test(arguments: TestGlance.Person.allCases)
    func `nothing that its reader may not see by itself`(_ person: TestGlance.Person) throws {
        for query in ["", "&visibility=all&member_status=all", "&visibility=community", "&visibility=shared&member_status=all"] {
            for hidden in [false, true] {
                for id in try glance.ids("?limit=1000&os_hidden=\(hidden)\(query)", as: person) {
                    #expect(try glance.show(id, as: person).status == 200)
                }
            }
        }
    }
}

/// Nobody can add an image to another project's list.
@Suite(.sharesServices) struct `A shared image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func lists(_ name: String, _ query: String = "") throws -> Bool {
        try !glance.names("?name=\(name)\(query)", as: .bob).isEmpty
    }

    private func answer(_ id: String, _ status: String) throws {
        let reply = try glance.send("PUT", "/v2/images/\(id)/members/bolt", as: .bob, json: #"{"status": "\#(status)"}"#)
        #expect(reply.status == 200)
    }

    @Test func `stands in a project's list while the project wants it there`() throws {
        let name = newID()
        let id = try glance.hasActiveImage(name: name)
        #expect(try !lists(name, "&member_status=all"))
        try glance.share(id, with: "bolt")
        #expect(try glance.show(id, as: .bob).status == 200)
        #expect(try !lists(name))
        #expect(try lists(name, "&member_status=pending"))
        #expect(try lists(name, "&visibility=shared&member_status=all"))
        try answer(id, "accepted")
        #expect(try lists(name))
        #expect(try !lists(name, "&member_status=pending"))
        try answer(id, "rejected")
        #expect(try !lists(name))
        #expect(try lists(name, "&member_status=rejected"))
        try answer(id, "pending")
        #expect(try lists(name, "&member_status=pending"))
        try answer(id, "accepted")
        #expect(try glance.send("DELETE", "/v2/images/\(id)/members/bolt").status == 204)
        for query in ["", "&member_status=all", "&visibility=shared&member_status=accepted"] { #expect(try !lists(name, query)) }
        try glance.share(id, with: "bolt")
        #expect(try !lists(name), "who is asked again answers again")
    }

    @Test func `is in the list once, although its owner is a member too`() throws {
        let name = newID()
        let id = try glance.hasActiveImage(name: name)
        for project in ["acme", "bolt"] { try glance.share(id, with: project) }
        try answer(id, "accepted")
        for query in ["", "&member_status=all", "&visibility=shared", "&visibility=all"] {
            #expect(try glance.names("?name=\(name)\(query)") == [name])
            #expect(try glance.names("?name=\(name)\(query)", as: .bob) == [name])
            #expect(try glance.names("?name=\(name)\(query)", as: .admin) == [name])
        }
    }

    @Test func `leaves the lists with its visibility, and comes back with it`() throws {
        let name = newID()
        let id = try glance.hasActiveImage(name: name)
        try glance.share(id, with: "bolt")
        try answer(id, "accepted")
        for (visibility, isListed) in [("private", false), ("shared", true), ("community", false), ("shared", true)] {
            #expect(try glance.patch(id, #"[{"op": "replace", "path": "/visibility", "value": "\#(visibility)"}]"#).status == 200)
            #expect(try lists(name) == isListed, "\(visibility)")
        }
        #expect(try glance.patch(id, #"[{"op": "replace", "path": "/os_hidden", "value": true}]"#).status == 200)
        #expect(try !lists(name))
        #expect(try lists(name, "&os_hidden=true"))
    }

    @Test func `stays in the lists while it is deactivated, and leaves them when it is deleted`() throws {
        let name = newID()
        let id = try glance.hasActiveImage(name: name)
        try glance.share(id, with: "bolt")
        try answer(id, "accepted")
        #expect(try glance.deactivate(id).status == 204)
        #expect(try lists(name))
        #expect(try glance.delete(id).status == 204)
        #expect(try !lists(name, "&member_status=all"))
    }
}

/// Without identity every caller is an administrator without a project.
@Suite struct `A list without identity` {
    @Test func `holds all but community images, which are nobody's own`() throws {
        let glance = try TestGlance(identity: "none", workers: 1)
        try glance.insert(
            ["private", "shared", "public", "community"].map { visibility in
                Picture(visibility) { ($0.visibility, $0.owner) = (visibility, visibility == "shared" ? nil : "acme") }
            })
        #expect(try glance.ids(as: nil).count == 3)
        #expect(try glance.page("/v2/images?visibility=community", as: nil).images.map { $0["name"]?.string } == ["community"])
        #expect(try glance.ids("?visibility=all", as: nil).count == 4)
        #expect(try glance.ids("?visibility=all&owner=acme", as: nil).count == 3)
    }
}
