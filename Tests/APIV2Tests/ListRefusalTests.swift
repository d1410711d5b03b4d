import Foundation
import TestSupport
import Testing

/// Images are those of the `Gallery`, by their letters.
@Suite(.sharesServices(Gallery.self)) struct `A list is refused` {
    let glance: TestGlance
    init() throws { glance = try Gallery.open() }

    private func expectRefusal(_ query: String, says word: String? = nil) throws {
        for person in [TestGlance.Person.alice, .admin] {
            let reply = try glance.send("GET", "/v2/images?\(query)", as: person)
            #expect(reply.status == 400, "\(query)")
            #expect(reply.json["images"] == nil)
            if let word { #expect(reply.says.contains(word), "\(reply.says)") }
            let head = try glance.send("HEAD", "/v2/images?\(query)", as: person)
            #expect(head.status == 400)
            #expect(head.body.isEmpty)
        }
    }

    @Test(arguments: ["-1", "abc", "1.5", "", "1e3", "0x10", "-99999999999999999999", "1__0", "1,2", "null"])
    func `for a limit that is none`(_ limit: String) throws { try expectRefusal("limit=\(limit)", says: "limit") }

    @Test(arguments: [newID(), Gallery.id("i"), Gallery.id("k"), "nothing", "", text(of: 37), "%F0%9F%98%80", "%27"])
    func `for a marker that is no image, or is deleted`(_ marker: String) throws {
        try expectRefusal("marker=\(marker)")
        try expectRefusal("limit=0&marker=\(marker)")
        try expectRefusal("name=bee&sort=name:asc&marker=\(marker)")
    }

    @Test func `for a marker that the caller does not see`() throws {
        #expect(try glance.send("GET", "/v2/images?marker=\(Gallery.id("p"))", as: .alice).status == 400)
        #expect(try glance.send("GET", "/v2/images?marker=\(Gallery.id("p"))", as: .bob).status == 200)
        #expect(try glance.send("GET", "/v2/images?marker=\(Gallery.id("b"))", as: .bob).status == 400)
    }

    @Test(arguments: ["nonsense", "", "pending,accepted", "in:pending", "true"])
    func `for an answer of members that there is not`(_ status: String) throws {
        try expectRefusal("member_status=\(status)")
        try expectRefusal("visibility=shared&member_status=\(status)")
    }

    static let sorts = [
        "sort=nonsense", "sort=", "sort=name:up", "sort=name:", "sort=:asc", "sort=name,,size", "sort=name,", "sort=name:asc:desc",
        "sort=owner", "sort=min_disk", "sort=visibility:asc", "sort=name;DROP", "sort=i.name", "sort=name,nonsense",
        "sort=name&sort_key=size", "sort=name&sort_dir=asc", "sort=name:asc&sort_key=name&sort_dir=asc", "sort_key=nonsense", "sort_key=",
        "sort_key=owner", "sort_key=name,size", "sort_key=name:asc", "sort_key=name&sort_key=nonsense", "sort_key=name&sort_dir=up",
        "sort_dir=up", "sort_dir=", "sort_key=name&sort_dir=ASCENDING", "sort_key=name&sort_dir=asc&sort_dir=desc",
        "sort_key=name&sort_key=size&sort_key=id&sort_dir=asc&sort_dir=desc", "sort_dir=asc&sort_dir=desc",
        "sort_key=name&sort_key=size&sort_dir=asc&sort_dir=asc&sort_dir=asc",
    ]

    @Test(arguments: sorts)
    func `for an order that is none`(_ query: String) throws { try expectRefusal(query) }

    @Test func `for an unknown sort key with the names of those that are known`() throws {
        let says = try glance.send("GET", "/v2/images?sort_key=nonsense").says
        for key in ["nonsense", "name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"] {
            #expect(says.contains(key))
        }
    }

    @Test(arguments: ["name", "id", "status", "container_format", "disk_format"])
    func `for an operator that texts have not, and for quotes that do not close`(_ field: String) throws {
        for value in ["gt:a", "neq:a", "lt:a", "gte:a", "nonsense:a", ":a", "IN:a"] { try expectRefusal("\(field)=\(value)") }
        for value in [#""a"#, #"a""#, #""a"b"#, #"a"b""#, #"""#, #"a,""#, #""a",""#, #""a""b""#, #""a\""#, #"a,b"c"#] {
            let value = try #require(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            try expectRefusal("\(field)=in:\(value)")
        }
    }

    @Test(arguments: ["created_at", "updated_at"])
    func `for a time that is none`(_ field: String) throws {
        for value in [
            "yesterday", "", "gt:", "gt:yesterday", "between:2026-01-01T00:00:00Z", ":2026-01-01", "in:2026-01-01", "2026-13-01",
            "2026-02-30", "2026-00-10", "2026-01-01T25:00:00Z", "2026-01-01T10:61:00Z", "2026-01-01T10:00:00X", "01.02.2026",
            "gt:gt:2026-01-01",
            "2026-01-01T10:00:00%2B99:00", "%27", "202601", "1767225600",
        ] {
            try expectRefusal("\(field)=\(value)")
        }
    }

    @Test(arguments: [
        "size_min=abc", "size_min=", "size_max=1.5", "size_min=in:1", "virtual_size_min=x",
        "min_ram_min=x", "min_disk_max=1GB", "nonsense_min=1", "name_max=1", "created_at_min=1", "_min=1", "_max=x",
    ])
    func `for a bound that is no number, or of what is none`(_ query: String) throws { try expectRefusal(query) }

    @Test(arguments: [
        "visibility=nonsense", "visibility=", "visibility=PUBLIC", "visibility=public,private", "visibility=in:public", "protected=True",
        "protected=1", "protected=", "protected=FALSE", "protected=yes", "os_hidden=1", "os_hidden=", "os_hidden=yes", "os_hidden=nonsense",
    ])
    func `for a choice that there is not`(_ query: String) throws { try expectRefusal(query) }

    @Test(arguments: ["changes-since=2026-01-01T00:00:00Z", "changes-since=", "changes-since=nonsense&name=bee"])
    func `for asking what changed since`(_ query: String) throws { try expectRefusal(query) }

    @Test(arguments: ["name=%ff", "name=%C3", "%ff=x", "name=a%00b", "tag=%00"])
    func `for letters that do not decode`(_ query: String) throws { try expectRefusal(query) }

    @Test func `to who is nobody`() throws {
        for query in ["", "?limit=nonsense", "?visibility=public"] {
            #expect(try glance.send("GET", "/v2/images\(query)", as: nil).status == 401)
            #expect(try glance.send("HEAD", "/v2/images\(query)", as: nil).status == 401)
        }
    }

    @Test func `to who has no role that reads`() throws {
        let file = "/tmp/vitrine-roles-\(newID()).yaml"
        try "tokens:\n  none: { user: nick, project: acme, roles: [] }\n  other: { user: otto, project: acme, roles: [swimmer] }\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let glance = try TestGlance(["vitrine": "token_file = \(file)"], workers: 1)
        try glance.insert([Picture("open") { $0.visibility = "public" }])
        for token in ["none", "other"] {
            let reply = try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": token])
            #expect(reply.status == 403)
            #expect(!reply.text.contains("open"))
        }
    }
}
