import TestSupport
import Testing

@Suite(.sharesServices) struct `Lists of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    /// The images of one test, marked by a property.
    private func shelve(_ mark: String, _ images: [(String, [String: String])]) throws -> [String] {
        try images.map { name, columns in
            let id = try glance.shelve(name, columns)
            try glance.execute(
                "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(id)', 'mark', '\(mark)', UTC_TIMESTAMP(), 0)"
            )
            return id
        }
    }

    private func names(_ mark: String, _ query: String, as person: TestGlance.Person = .alice) throws -> [String] {
        try glance.listedNames("?property-mark=\(mark)&\(query)", as: person)
    }

    @Test func `tell all of an image, or little`() throws {
        let id = try glance.hasV1Image(["property-mark": "tell", "property-empty": "", "name": "told"], data: "hello")
        let detail = try #require(try glance.listed("?property-mark=tell").first)
        #expect(
            Set(detail.keys) == [
                "container_format", "status", "min_disk", "virtual_size", "disk_format", "checksum", "is_public", "owner", "updated_at",
                "id", "deleted_at", "size", "name", "deleted", "created_at", "protected", "min_ram", "properties",
            ])
        #expect(detail["id"]?.string == id)
        #expect(detail["size"]?.int == 5)
        #expect(detail["checksum"]?.string == helloMD5)
        #expect(detail["deleted_at"] == .null && detail["virtual_size"]?.int == 5)
        #expect(detail["properties"]?["mark"]?.string == "tell" && detail["properties"]?["empty"] == .null)
        #expect(detail["created_at"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/) != nil)
        let brief = try #require(try glance.listed("?property-mark=tell", in: "/images").first)
        #expect(Set(brief.keys) == ["id", "name", "size", "disk_format", "container_format", "checksum"])
        #expect(brief["id"]?.string == id && brief["name"]?.string == "told" && brief["disk_format"]?.string == "raw")
        for list in ["/images", "/images/detail"] {
            #expect(try glance.askV1("GET", list).json.keys == ["images"], "no links lead on")
        }
    }

    @Test func `hold 25 images, or as many as are asked for`() throws {
        _ = try shelve("pages", (10..<40).map { ("p\($0)", ["created_at": "'2026-01-01 00:00:\($0)'"]) })
        #expect(try names("pages", "").count == 25)
        #expect(try names("pages", "").first == "p39", "newest first")
        #expect(try names("pages", "limit=3") == ["p39", "p38", "p37"])
        #expect(try names("pages", "limit=0").isEmpty)
        #expect(try names("pages", "limit=1000").count == 30)
        #expect(try names("pages", "limit=100000").count == 30)
    }

    @Test(arguments: ["asc", "desc"], ["created_at", "name", "id", "size", "status"])
    func `are paged through by marker, each image once`(_ direction: String, _ key: String) throws {
        let mark = "walk\(direction)\(key)"
        let ids = try shelve(mark, (0..<13).map { ("n\($0 % 5)", ["size": "\($0 % 3)", "status": $0 % 2 == 0 ? "'active'" : "'queued'"]) })
        var seen: [String] = []
        var marker: String?
        while true {
            let query = "?property-mark=\(mark)&limit=4&sort_key=\(key)&sort_dir=\(direction)" + (marker.map { "&marker=\($0)" } ?? "")
            let page = try glance.listed(query, in: "/images").map { $0["id"]?.string ?? "" }
            seen += page
            guard page.count == 4, seen.count < 40 else { break }
            marker = page.last
        }
        #expect(seen.count == 13)
        #expect(Set(seen) == Set(ids))
    }

    @Test func `are in the order asked for`() throws {
        _ = try shelve(
            "order",
            [
                ("b", ["size": "1", "disk_format": "'vdi'", "container_format": "'bare'", "updated_at": "'2026-01-03 00:00:00'"]),
                ("a", ["size": "3", "disk_format": "'iso'", "container_format": "'ovf'", "updated_at": "'2026-01-02 00:00:00'"]),
                ("c", ["size": "2", "disk_format": "'raw'", "container_format": "'ova'", "updated_at": "'2026-01-01 00:00:00'"]),
            ])
        for (key, ascending) in [
            "name": ["a", "b", "c"], "size": ["b", "c", "a"], "disk_format": ["a", "c", "b"], "container_format": ["b", "c", "a"],
            "updated_at": ["c", "a", "b"],
        ] {
            #expect(try names("order", "sort_key=\(key)&sort_dir=asc") == ascending, "\(key)")
            #expect(try names("order", "sort_key=\(key)&sort_dir=desc") == ascending.reversed(), "\(key)")
            #expect(try names("order", "sort_key=\(key)") == ascending.reversed(), "\(key)")
        }
    }

    static let filters: [(String, Set<String>)] = [
        ("name=one", ["one"]), ("name=ONE", ["one"]), ("name=on", []), ("status=active", ["one", "two"]), ("status=queued", ["three"]),
        ("container_format=bare", ["one"]), ("disk_format=QCOW2", ["two"]), ("min_ram=512", ["two"]), ("min_disk=7", ["three"]),
        ("size_min=20", ["two", "three"]), ("size_max=20", ["one", "two"]), ("size_min=11&size_max=29", ["two"]),
        ("size_min=20&status=active", ["two"]), ("protected=True", ["three"]), ("protected=1", ["three"]),
        ("protected=false", ["one", "two"]),
        ("protected=0", ["one", "two"]), ("protected=none", ["one", "two", "three"]), ("property-kind=x", ["one"]), ("property-kind=y", []),
        ("property-none=x", []), ("min_ram=0&property-kind=x", ["one"]),
        // Unknown, so ignored.
        ("owner=bolt", ["one", "two", "three"]), ("bogus=1", ["one", "two", "three"]), ("id=x", ["one", "two", "three"]),
        ("checksum=x", ["one", "two", "three"]), ("visibility=public", ["one", "two", "three"]), ("tag=x", ["one", "two", "three"]),
        ("name=%F0%9F%96%BC", []),
    ]

    @Test(arguments: filters)
    func `hold what a filter lets through`(_ query: String, _ expected: Set<String>) throws {
        let mark = "filter\(newID().prefix(8))"
        let ids = try shelve(
            mark,
            [
                ("one", ["size": "10", "container_format": "'bare'"]),
                ("two", ["size": "20", "disk_format": "'qcow2'", "min_ram": "512"]),
                ("three", ["size": "30", "status": "'queued'", "min_disk": "7", "protected": "1"]),
            ])
        try glance.execute(
            "INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES ('\(ids[0])', 'kind', 'x', UTC_TIMESTAMP(), 0)"
        )
        #expect(Set(try names(mark, query)) == expected)
        #expect(Set(try names(mark, "is_public=None&\(query)", as: .admin)) == expected)
    }

    @Test(arguments: [
        "limit=-1", "limit=x", "limit=1.5", "limit=", "marker=x", "marker=", "marker=../..", "sort_key=owner", "sort_key=",
        "sort_key=min_ram",
        "sort_dir=up", "sort_dir=", "sort_dir=ASC", "size_min=-1", "size_min=x", "size_max=-1", "size_max=1.5", "min_ram=-1", "min_ram=x",
        "min_disk=x", "protected=maybe", "protected=2", "changes-since=yesterday", "changes-since=2026-13-01T00:00:00Z",
    ])
    func `refuse a value that its parameter cannot have`(_ query: String) throws {
        for list in ["/images", "/images/detail", "/"] {
            for person in [TestGlance.Person.alice, .admin] {
                let reply = try glance.askV1("GET", "\(list)?\(query)", as: person)
                #expect(reply.status == 400, "\(list) \(person)")
                #expect(reply.says.contains(query.prefix { $0 != "=" }), "\(reply.says)")
            }
        }
    }

    @Test(arguments: ["is_public=maybe", "is_public=2", "deleted=maybe"])
    func `refuse an administrator's value alone of what is theirs`(_ query: String) throws {
        #expect(try glance.askV1("GET", "/images?\(query)", as: .admin).status == 400)
    }

    @Test func `refuse a marker that there is not, or that the caller does not see`() throws {
        let foreign = try glance.shelve("foreign", ["owner": "'bolt'"])
        for marker in [newID(), foreign] {
            #expect(try glance.askV1("GET", "/images?marker=\(marker)").status == 400)
        }
        #expect(try glance.askV1("GET", "/images?marker=\(foreign)", as: .bob).status == 200)
    }

    @Test func `ask for no more than reading`() throws {
        #expect(try glance.askV1("GET", "/images", as: .reader).status == 200)
        #expect(try glance.askV1("HEAD", "/images").status == 200)
        // Glance has no HEAD of the detailed list; here HEAD works wherever GET does.
        #expect(try glance.askV1("HEAD", "/images/detail").status == 200)
    }
}
