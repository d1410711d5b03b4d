import TestSupport
import Testing

@Suite(.serialized, .sharesServices) struct `The list of namespaces` {
    let glance: TestGlance
    /// Created in this order, a second apart; `n4` belongs to bolt.
    static let made = ["n1", "n2", "n3", "n4", "n5"]

    init() throws {
        glance = try .of(Self.self)
        guard try glance.metadefRows()[0] == "0" else { return }
        for (number, name) in Self.made.enumerated() {
            let isPrivate = name == "n4"
            let types = number < 3 ? #"[{"name": "Tests::A", "prefix": "a_"}, {"name": "Tests::B"}]"# : #"[{"name": "Tests::B"}]"#
            let title = number == 1 ? "" : #""display_name": "D\#(5 - number)","#
            let json = """
                {"namespace": "\(name)", \(title) "visibility": "\(isPrivate ? "private" : "public")", "owner": "\(isPrivate ? "bolt" : "acme")",
                 "resource_type_associations": \(types), "tags": [{"name": "t"}]}
                """
            guard try glance.metadef("POST", "namespaces", json: json).status == 201 else { throw Unexpected(name) }
            try glance.execute("UPDATE metadef_namespaces SET created_at = '2020-01-01 00:00:0\(number)' WHERE namespace = '\(name)'")
        }
    }

    private func list(_ query: String = "", as person: TestGlance.Person = .admin) throws -> [String] {
        try glance.names(of: "namespaces", at: "namespaces\(query)", as: person)
    }

    @Test func `begins with the newest, and shows resource types but nothing else of the contents`() throws {
        let reply = try glance.metadef("GET", "namespaces")
        #expect(try list() == Self.made.reversed())
        #expect(reply.json.keys == ["namespaces", "schema", "first"])
        #expect(reply.json["first"]?.string == "/v2/metadefs/namespaces")
        #expect(reply.json["schema"]?.string == "/v2/schemas/metadefs/namespaces")
        let oldest = reply.json["namespaces"]?.array?.last
        #expect(oldest?["resource_type_associations"]?.array?.map { $0["name"]?.string } == ["Tests::A", "Tests::B"])
        #expect(oldest?["tags"] == nil)
    }

    @Test(arguments: [
        "", "&sort_key=namespace", "&sort_key=display_name&sort_dir=asc", "&sort_key=display_name", "&sort_key=owner",
        "&sort_key=id&sort_dir=asc",
    ])
    func `comes in pages, each of which leads to the next`(_ order: String) throws {
        let whole = try list("?limit=100\(order)")
        #expect(Set(whole) == Set(Self.made))
        for limit in 1...5 {
            var (found, path): ([String], String?) = ([], "/v2/metadefs/namespaces?limit=\(limit)\(order)")
            while let next = path {
                let reply = try glance.send("GET", next, as: .admin)
                #expect(reply.status == 200)
                let names = reply.json["namespaces"]?.array?.map { $0["namespace"]?.string ?? "" } ?? []
                #expect(names.count <= limit)
                found += names
                path = reply.json["next"]?.string
            }
            #expect(found == whole, "\(limit)")
        }
    }

    @Test func `is sorted by what is asked for`() throws {
        #expect(try list("?sort_key=namespace&sort_dir=asc") == Self.made)
        // Null comes first.
        #expect(try list("?sort_key=display_name&sort_dir=asc") == ["n2", "n5", "n4", "n3", "n1"])
        #expect(try list("?sort_key=display_name&sort_dir=asc&marker=n2") == ["n5", "n4", "n3", "n1"])
        #expect(try list("?sort_key=display_name&marker=n1") == ["n3", "n4", "n5", "n2"])
    }

    @Test func `is narrowed by visibility and by resource types`() throws {
        #expect(try list("?visibility=private") == ["n4"])
        #expect(try list("?visibility=public&limit=2") == ["n5", "n3"])
        #expect(try list("?resource_types=Tests::A") == ["n3", "n2", "n1"])
        #expect(try list("?resource_types=Tests::A,Tests::B") == Self.made.reversed())
        #expect(try list("?resource_types=Tests::A&marker=n3&limit=1") == ["n2"])
        #expect(try list("?resource_types=Tests::None") == [])
        #expect(try list("?resource_types=") == [])
        #expect(try list("?unknown=filter") == Self.made.reversed())
    }

    @Test func `leaves out what is private to others`() throws {
        #expect(try list(as: .alice) == ["n5", "n3", "n2", "n1"])
        #expect(try list("?limit=2&marker=n5", as: .reader) == ["n3", "n2"])
        #expect(try list(as: .bob) == Self.made.reversed())
        #expect(try list("?visibility=private", as: .alice) == [])
        #expect(try glance.metadef("GET", "namespaces?marker=n4", as: .alice).status == 404)
    }

    @Test func `keeps its query in its links`() throws {
        let reply = try glance.metadef("GET", "namespaces?resource_types=Tests::B&limit=1")
        #expect(reply.json["first"]?.string == "/v2/metadefs/namespaces?resource_types=Tests%3A%3AB&limit=1")
        #expect(reply.json["next"]?.string == "/v2/metadefs/namespaces?resource_types=Tests%3A%3AB&limit=1&marker=n5")
        #expect(try glance.shown("namespaces?limit=0").keys == ["namespaces", "schema", "first"])
    }

    @Test(arguments: [
        ("limit=-1", 400), ("limit=x", 400), ("sort_key=unknown", 400), ("sort_key=namespace%20DESC", 400), ("sort_dir=up", 400),
        ("visibility=shared", 400), ("marker=unknown", 404), ("marker=%F0%9F%98%80", 404), ("limit=0&marker=unknown", 404),
        ("resource_types=\(String(repeating: "a,", count: 101))", 400),
    ]) func `refuses a query that makes no sense`(_ query: String, _ status: Int) throws {
        #expect(try glance.metadef("GET", "namespaces?\(query)").status == status)
    }

    @Test func `has the lengths that the site gives its pages`() throws {
        let glance = try TestGlance(["DEFAULT": "limit_param_default = 2\napi_limit_max = 3"], workers: 1)
        for _ in 0..<4 { _ = try glance.hasNamespace() }
        #expect(try glance.names(of: "namespaces", at: "namespaces").count == 2)
        #expect(try glance.names(of: "namespaces", at: "namespaces?limit=100").count == 3)
    }
}
