import TestSupport
import Testing

/// Some images of three projects, each named by a letter, created in alphabetical order.
private enum Gallery {
    static let ids = Dictionary(uniqueKeysWithValues: "abcdefgh".enumerated().map { ($1, "00000000-0000-4000-8000-00000000000\($0)") })

    static func open() throws -> TestGlance {
        let glance = try TestGlance.of(Gallery.self, runsRegistry: true)
        guard try glance.count("images", where: "TRUE") == 0 else { return glance }
        for (letter, fields) in [
            (
                "a",
                #""owner": "acme", "size": 100, "disk_format": "raw", "container_format": "bare", "min_ram": 64, "min_disk": 1, "protected": true, "properties": {"os": "debian", "arch": "arm"}"#
            ),
            (
                "b",
                #""owner": "acme", "visibility": "private", "status": "queued", "disk_format": "qcow2", "container_format": "bare", "size": 200"#
            ),
            (
                "c",
                #""owner": "bolt", "is_public": true, "disk_format": "iso", "container_format": "ovf", "size": 300, "properties": {"os": "fedora"}"#
            ),
            ("d", #""owner": "bolt", "visibility": "private""#),
            ("e", #""owner": "bolt", "properties": {"os": "debian"}, "size": 50"#),
            ("f", #""owner": "bolt", "visibility": "community""#),
            ("g", #""owner": "cloud", "visibility": "private""#),
            ("h", #""owner": "acme", "name": "h""#),
        ] {
            let id = ids[Character(letter)]!
            let moment = "2026-01-01T00:0\(id.last!):00"
            let reply = try glance.create(
                #"{"id": "\#(id)", "created_at": "\#(moment)", "updated_at": "\#(moment)", "name": "\#(letter)", \#(fields)}"#
                    .replacing(#", "name": "h"}"#, with: "}"), as: .service)
            guard reply.status == 200 else { throw Unexpected(reply) }
        }
        // Shared with two projects, whatever their statuses.
        for project in ["acme", "cloud"] { try glance.shares(ids["e"]!, with: project) }
        let reply = try glance.ask("DELETE", "/images/\(ids["h"]!)", as: .service)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return glance
    }
}

@Suite(.serialized, .sharesServices(Gallery.self)) struct `Lists of the registry` {
    let glance: TestGlance
    init() throws { glance = try Gallery.open() }

    /// The letters of a list, in order.
    private func letters(_ query: String, as who: Who = .alice, _ path: String = "/images") throws -> String {
        let reply = try glance.ask("GET", path + query, as: who)
        guard reply.status == 200 else { throw Unexpected(reply) }
        return reply.images.map { $0["name"]?.string ?? "?" }.joined()
    }

    static let sights: [(Who, String, String)] = [
        (.alice, "", "ecba"), (.bob, "", "fedc"), (.nobody, "", "c"),
        (.alice, "?is_public=True", "ecba"), (.alice, "?is_public=False", "ecba"), (.alice, "?is_public=None", "ecba"),
        (.alice, "?is_public=perhaps", "ecba"), (.alice, "?deleted=True", "ecba"), (.alice, "?deleted=perhaps", "ecba"),
        (.admin, "", "gec"), (.admin, "?is_public=True", "gec"), (.admin, "?is_public=1", "gec"),
        (.admin, "?is_public=False", "gfedba"), (.admin, "?is_public=0", "gfedba"),
        (.admin, "?is_public=None", "gfedcba"), (.admin, "?is_public=none", "gfedcba"),
        (.admin, "?is_public=None&deleted=True", "h"), (.admin, "?is_public=None&deleted=1", "h"),
        (.admin, "?is_public=None&deleted=False", "gfedcba"), (.admin, "?is_public=None&deleted=0", "gfedcba"),
    ]

    @Test(arguments: sights)
    func `show to each caller what they may see`(_ who: Who, _ query: String, _ expected: String) throws {
        #expect(try letters(query, as: who) == expected)
        #expect(try letters(query, as: who, "/images/detail") == expected)
        #expect(try letters(query, as: who, "/") == expected)
    }

    @Test(arguments: [
        ("name=a", "a"), ("name=A", "a"), ("name=zz", ""), ("status=active", "eca"), ("status=queued", "b"), ("status=nonsense", ""),
        ("container_format=bare", "ba"), ("container_format=ovf", "c"), ("disk_format=iso", "c"), ("min_ram=64", "a"), ("min_ram=1", ""),
        ("min_disk=1", "a"), ("min_disk=0", "ecb"), ("size_min=200", "cb"), ("size_max=100", "ea"), ("size_min=100&size_max=200", "ba"),
        ("protected=true", "a"), ("protected=1", "a"), ("protected=True", "a"), ("protected=false", "ecb"), ("protected=0", "ecb"),
        ("property-os=debian", "ea"), ("property-os=debian&property-arch=arm", "a"), ("property-os=none", ""), ("property-none=1", ""),
        ("property-os=debian&size_min=60", "a"), ("changes-since=2026-01-01T00:01:30", "hec"), ("changes-since=2026-01-01T00:02:00Z", "he"),
        ("changes-since=2025-01-01T00:00:00%2B00:00", "hecba"), ("changes-since=2100-01-01T00:00:00", ""), ("owner=bolt", "ecba"),
        ("bogus=1", "ecba"), ("member_status=accepted", "ecba"), ("name=%F0%9F%96%BC", ""), ("property-%F0%9F%96%BC=x", ""),
        ("property-os=%F0%9F%96%BC", ""), ("name='%20OR%201=1--%20", ""),
    ])
    func `hold what passes the filters`(_ query: String, _ expected: String) throws {
        #expect(try letters("?\(query)") == expected)
        #expect(try letters("/detail?\(query)") == expected)
    }

    @Test(arguments: [
        ("sort_key=name&sort_dir=asc", "abce"), ("sort_key=name&sort_dir=desc", "ecba"), ("sort_key=name", "ecba"),
        ("sort_key=size", "cbae"), ("sort_key=size&sort_dir=asc", "eabc"), ("sort_dir=asc", "abce"), ("sort_key=created_at", "ecba"),
        ("sort_key=updated_at&sort_dir=asc", "abce"), ("sort_key=id&sort_dir=asc", "abce"), ("sort_key=status&sort_dir=asc", "aceb"),
        ("sort_key=disk_format&sort_dir=desc", "abce"), ("sort_key=container_format&sort_dir=desc", "cbae"),
    ])
    func `come in the order asked for`(_ query: String, _ expected: String) throws {
        #expect(try letters("?\(query)") == expected)
        // A page at a time, each beginning behind the last.
        var paged = ""
        while paged.count <= expected.count {
            let marker = paged.last.map { "&marker=\(Gallery.ids[$0]!)" } ?? ""
            let page = try letters("?\(query)&limit=1\(marker)")
            if page.isEmpty { break }
            paged += page
        }
        #expect(paged == expected)
    }

    @Test(arguments: [
        ("limit=2", "ec"), ("limit=0", ""), ("limit=100000", "ecba"), ("limit=2&marker=c", "ba"), ("marker=a", ""), ("marker=e", "cba"),
        ("limit=1&marker=b&sort_dir=asc", "c"),
    ])
    func `come in pages`(_ query: String, _ expected: String) throws {
        var query = query
        for (letter, id) in Gallery.ids { query = query.replacing("marker=\(letter)", with: "marker=\(id)") }
        #expect(try letters("?\(query)") == expected)
        #expect(try letters("/detail?\(query)") == expected)
    }

    static let refused: [(Who, String)] =
        [
            "limit=-1", "limit=x", "limit=1.5", "limit=1__0", "marker=xyz", "marker=11111111-1111-4111-8111-111111111111",
            "marker=invisible", "sort_key=owner", "sort_key=checksum", "sort_key=", "sort_key=name;drop", "sort_dir=up", "size_min=-1",
            "size_min=x", "size_max=-1", "size_max=x", "min_ram=-1", "min_ram=x", "min_disk=x", "protected=perhaps",
            "changes-since=yesterday",
            "changes-since=2026-13-01T00:00:00", "name=%00",
        ].map { (Who.alice, $0) } + [(.admin, "is_public=perhaps"), (.admin, "is_public="), (.admin, "is_public=None&deleted=perhaps")]

    @Test(arguments: refused)
    func `are 400 for a parameter that cannot be`(_ who: Who, _ query: String) throws {
        let query = query.replacing("invisible", with: Gallery.ids["d"]!)
        for path in ["/images", "/images/detail", "/"] {
            let reply = try glance.ask("GET", "\(path)?\(query)", as: who)
            #expect(reply.status == 400, "\(path)")
            #expect(!reply.says.isEmpty && !reply.text.contains("SELECT"))
        }
    }

    @Test func `begin behind a deleted image for who sees it`() throws {
        let h = Gallery.ids["h"]!
        #expect(try letters("?changes-since=2026-01-01T00:01:30&limit=1") == "h")
        #expect(try letters("?changes-since=2026-01-01T00:01:30&marker=\(h)") == "ec")
    }

    @Test func `have twenty-five images a page, and a thousand at the most`() throws {
        try glance.execute(
            """
            INSERT INTO images (id, name, status, visibility, owner, created_at, updated_at, deleted, min_disk, min_ram)
            SELECT UUID(), 'many', 'active', 'private', 'crowd', '2020-01-01', '2020-01-01', 0, 0, 0 FROM seq_1_to_1100
            """)
        defer { try? glance.execute("DELETE FROM images WHERE owner = 'crowd'") }
        func count(_ query: String) throws -> Int {
            try glance.ask("GET", "/images\(query)", ["X-Project-Id": "crowd"]).images.count { $0["name"]?.string == "many" }
        }
        #expect(try glance.ask("GET", "/images", ["X-Project-Id": "crowd"]).images.count == 25)
        #expect(try count("?limit=40&name=many") == 40)
        #expect(try count("?limit=2000&name=many") == 1000)
    }

    @Test func `tell a few words of each image when they are brief`() throws {
        let reply = try glance.ask("GET", "/images?name=a")
        #expect(reply["Content-Type"] == "application/json")
        #expect(reply.json.names == ["images"])
        let image = try #require(reply.images.first)
        #expect(image.names == ["checksum", "container_format", "disk_format", "id", "name", "size"])
        #expect(image["id"]?.string == Gallery.ids["a"])
        #expect(image["size"]?.int == 100)
        #expect(image["disk_format"]?.string == "raw")
        #expect(image["container_format"]?.string == "bare")
        #expect(image["checksum"] == .null)
    }

    @Test(arguments: ["a", "b", "c", "e"])
    func `tell all of each image when they are detailed`(_ letter: String) throws {
        let listed = try #require(try glance.ask("GET", "/images/detail?name=\(letter)").images.first)
        #expect(listed == (try glance.ask("GET", "/images/\(Gallery.ids[Character(letter)]!)").image))
    }
}
