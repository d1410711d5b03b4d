import TestSupport
import Testing

@Suite(.sharesServices) struct `Headers made to break V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    /// Sends header lines as bytes.
    private func create(_ lines: [[UInt8]], id: String) throws -> Reply {
        var head = Array(
            "POST /v1/images HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: alice\r\nContent-Length: 0\r\nx-image-meta-id: \(id)\r\n"
                .utf8)
        for line in lines { head += line + Array("\r\n".utf8) }
        return try glance.raw(head + Array("\r\n".utf8))
    }

    @Test(arguments: ["größe", "イメージ", "€", "a\u{301}", "\u{FFFC}", "ﬀ"])
    func `with a name in any script are taken, and shown as they came`(_ name: String) throws {
        let id = newID()
        let reply = try create([Array("x-image-meta-name: \(name)".utf8), Array("x-image-meta-property-p: \(name)".utf8)], id: id)
        #expect(reply.status == 201)
        #expect(reply.image["name"]?.string == name)
        let head = try glance.head(of: id)
        #expect(head.meta("name") == name && head.meta("property-p") == name)
        #expect(try glance.image(id)["name"]?.string == name)
        #expect(try glance.value("SELECT name FROM images WHERE id = '\(id)'") == name)
    }

    static let noText: [[UInt8]] = [
        [0xFF, 0xFE], [0xC3], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x96, 0xBC], [0x80],
    ]

    @Test(arguments: noText, ["name", "property-p", "owner", "disk_format", "checksum", "created_at", "size", "store", "location"])
    func `with bytes that are no text, or none that a column holds, are refused`(_ bytes: [UInt8], _ field: String) throws {
        let id = newID()
        let reply = try create([Array("x-image-meta-\(field): a".utf8) + bytes + Array("b".utf8)], id: id)
        #expect(reply.status == 400, "\(bytes)")
        try glance.expectNoTrace(of: id)
        let own = try glance.hasV1Image(["name": "n"])
        let head =
            Array("PUT /v1/images/\(own) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: alice\r\nContent-Length: 0\r\n".utf8)
            + Array("x-image-meta-\(field): a".utf8) + bytes + Array("\r\n\r\n".utf8)
        #expect(try glance.raw(head).status == 400)
        #expect(try glance.head(of: own).meta("name") == "n")
        try glance.expectAlive()
    }

    @Test(arguments: [[0x00], [0x0D], [0x0A], [0x01], [0x7F], [0x1B]] as [[UInt8]])
    func `with control bytes begin no line of their own`(_ bytes: [UInt8]) throws {
        let id = newID()
        let reply = try create([Array("x-image-meta-name: a".utf8) + bytes + Array("X-Accel-Redirect: /_blobs/x".utf8)], id: id)
        #expect([201, 400].contains(reply.status), "\(reply.status)")
        if reply.status == 201 {
            let head = try glance.head(of: id)
            #expect(head.status == 200)
            #expect(head["X-Accel-Redirect"] == nil)
        } else {
            try glance.expectNoTrace(of: id)
        }
        try glance.expectAlive()
    }

    @Test func `of a thousand properties are refused, and nothing is left`() throws {
        let id = newID()
        let lines = (0..<1_000).map { Array("x-image-meta-property-key_\($0): value".utf8) }
        let reply = try create(lines, id: id)
        #expect([400, 413, 431].contains(reply.status), "\(reply.status)")
        try glance.expectNoTrace(of: id)
        let short = try create((0..<1_000).map { Array("x-image-meta-property-\($0): ".utf8) }, id: id)
        #expect([400, 413, 431].contains(short.status), "\(short.status)")
        try glance.expectNoTrace(of: id)
        try glance.expectAlive()
    }

    static let blocks: [(String, [(Int, Int)])] = [
        ("one value of 20 KB", [(1, 20_000)]), ("one of 200 KB", [(1, 200_000)]), ("40 of 2 KB", [(40, 2_000)]),
        ("8 of 9 KB", [(8, 9_000)]),
        ("a million bytes", [(100, 10_000)]),
    ]

    @Test(arguments: blocks)
    func `beyond nginx's limits are refused`(_ row: String, _ sizes: [(Int, Int)]) throws {
        let id = newID()
        let lines = sizes.flatMap { count, size in (0..<count).map { Array("x-image-meta-property-k\($0): \(text(of: size))".utf8) } }
        let connection = try HTTPConnection(port: glance.port)
        try connection.send("POST /v1/images HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: alice\r\nContent-Length: 0\r\n")
        // nginx closes the connection when it has read enough.
        for line in [Array("x-image-meta-id: \(id)".utf8)] + lines + [[]] {
            guard (try? connection.send(line + Array("\r\n".utf8))) != nil else { break }
        }
        if let reply = try? connection.receive() { #expect([400, 413, 431].contains(reply.status), "\(row): \(reply.status)") }
        try glance.expectNoTrace(of: id)
        try glance.expectAlive()
    }

    @Test func `within nginx's limits are taken`() throws {
        let id = newID()
        let lines = (0..<3).map { Array("x-image-meta-property-k\($0): \(text(of: 9_000))".utf8) }
        #expect(try create(lines, id: id).status == 201)
        #expect(try glance.head(of: id).meta("property-k2") == text(of: 9_000))
    }

    /// Glance's `max_header_line`, with the name and the line's end.
    @Test func `are taken up to 16,384 bytes a line`() throws {
        let id = newID()
        let name = "x-image-meta-property-long: "
        let value = text(of: 16_384 - name.utf8.count - 2)
        #expect(try create([Array((name + value).utf8)], id: id).status == 201)
        #expect(try glance.head(of: id).meta("property-long") == value)
    }

    @Test func `that come twice are one, or refused`() throws {
        let id = newID()
        let reply = try create([Array("x-image-meta-name: one".utf8), Array("X-Image-Meta-Name: two".utf8)], id: id)
        #expect([201, 400].contains(reply.status))
        if reply.status == 201 { #expect(["one", "two", "one, two"].contains(try glance.head(of: id).meta("name") ?? "")) }
        try glance.expectAlive()
    }

    @Test func `of what a user may not set change nothing`() throws {
        let id = try glance.hasV1Image(data: "hello")
        let before = try glance.head(of: id).meta
        for (field, value) in [
            "status": "queued", "owner": "bolt", "deleted": "True", "checksum": text(of: 32, "0"), "size": "1", "id": newID(),
            "deleted_at": "2026-01-01T00:00:00", "created_at": "2001-01-01T00:00:00",
        ] {
            let reply = try glance.update(id, [field: value])
            #expect([200, 403].contains(reply.status), "\(field): \(reply.status)")
            var after = try glance.head(of: id).meta
            after["updated_at"] = before["updated_at"]
            #expect(after == before, "\(field)")
        }
        #expect(try glance.get(id).text == "hello")
        #expect(try glance.head(of: id, as: .bob).status == 404)
    }

    /// The caller is identified by the token, in V1 and in its registry.
    @Test func `that name another caller are ignored`() throws {
        let id = try glance.hasV1Image(data: "hello")
        let headers = [
            "X-Identity-Status": "Confirmed", "X-Roles": "admin", "X-User-Id": "admin", "X-Project-Id": "acme", "X-Tenant-Id": "acme",
            "X-Vitrine-Secret": TestGlance.secret,
        ]
        #expect(try glance.askV1("GET", "/images/\(id)", as: .bob, headers: headers).status == 404)
        #expect(try glance.askV1("GET", "/images/\(id)", as: nil, headers: headers).status == 401)
        #expect(try glance.askV1("DELETE", "/images/\(id)", as: .bob, headers: headers).status == 404)
        #expect(try glance.get(id).text == "hello")
    }

    @Test(arguments: ["/", "..%2f..%2fetc%2fpasswd", "%00", "%FF", "a%0d%0ab", "%2e%2e%2f", text(of: 5_000)])
    func `and paths that name no image are refused`(_ name: String) throws {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let reply = try glance.askV1(method, "/images/\(name)")
            #expect([400, 404].contains(reply.status), "\(method): \(reply.status)")
            #expect(!reply.text.contains("root:"))
        }
        try glance.expectAlive()
    }

    /// nginx passes property names with any characters, so it passes these too; they carry no identity.
    @Test(arguments: ["X.Roles", "X!Roles", "X.Project.Id", "X-Roles.", "x-auth-token."])
    func `like those that say who asks mean nothing`(_ name: String) throws {
        let id = try glance.hasV1Image(data: "hello")
        #expect(try glance.askV1("GET", "/images/\(id)", as: .bob, headers: [name: "admin"]).status == 404)
        #expect(try glance.askV1("GET", "/images/\(id)", as: nil, headers: [name: "admin"]).status == 401)
    }
}
