import TestSupport
import Testing

@Suite(.sharesServices) struct `Response headers` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// Every kind of answer of a worker.
    static let answers: [(status: Int, method: String, path: String, person: TestGlance.Person?, body: String?)] = [
        (200, "GET", "/v2/images/{image}", .alice, nil), (200, "GET", "/v2/images?limit=1", .alice, nil),
        (200, "GET", "/v2/images/{image}/file", .alice, nil), (200, "GET", "/v2/schemas/image", .alice, nil),
        (201, "POST", "/v2/images", .alice, "{}"), (204, "PUT", "/v2/images/{image}/tags/blue", .alice, nil),
        (400, "POST", "/v2/images", .alice, "no JSON"), (403, "POST", "/v2/images", .alice, #"{"owner": "bolt"}"#),
        (404, "GET", "/v2/images/nothing", .alice, nil), (404, "GET", "/v2/nothing", .alice, nil),
        (405, "PATCH", "/v2/images", .alice, nil), (409, "POST", "/v2/images", .alice, #"{"id": "{image}"}"#),
        (415, "PATCH", "/v2/images/{image}", .alice, "[]"), (501, "FOO", "/v2/nothing", .alice, nil),
        // In Glance these three have no id; here every answer has one.
        (401, "GET", "/v2/images", nil, nil), (300, "GET", "/", nil, nil), (200, "GET", "/versions", nil, nil),
    ]

    @Test(arguments: answers)
    func `name the request`(_ status: Int, _ method: String, _ path: String, _ person: TestGlance.Person?, _ body: String?) throws {
        let image = try glance.hasActiveImage()
        let path = path.replacing("{image}", with: image)
        let bytes = (body?.replacing("{image}", with: image).utf8).map(Array.init)
        let made = try glance.send(method, path, as: person, body: bytes)
        #expect(made.status == status)
        let form = try Regex("req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        #expect(try form.wholeMatch(in: made["x-openstack-request-id"] ?? "") != nil)
        let given = try glance.send(method, path, as: person, ["X-Openstack-Request-Id": "mine-\(status)"], body: bytes)
        #expect(given["x-openstack-request-id"] == "req-mine-\(status)")
        #expect(made.headers.filter { $0.name.lowercased() == "x-openstack-request-id" }.count == 1)
    }

    @Test(arguments: answers)
    func `say how long the body is`(_ status: Int, _ method: String, _ path: String, _ person: TestGlance.Person?, _ body: String?) throws {
        let image = try glance.hasActiveImage()
        let reply = try glance.send(
            method, path.replacing("{image}", with: image), as: person,
            body: (body?.replacing("{image}", with: image).utf8).map(Array.init))
        guard status != 204 else {
            #expect(reply.body.isEmpty)
            return
        }
        #expect(reply["Content-Length"] == String(reply.body.count))
        #expect(reply["Transfer-Encoding"] == nil)
    }

    @Test func `of two requests differ`() throws {
        let ids = try (0..<20).map { _ in try glance.send("GET", "/v2/images?limit=1")["x-openstack-request-id"] ?? "" }
        #expect(Set(ids).count == 20)
    }

    @Test(arguments: [
        ("abc", "req-abc"), ("req-abc", "req-abc"), ("req-", "req-"), ("REQ-abc", "req-REQ-abc"), (text(of: 64), "req-" + text(of: 64)),
        ("4f5d0e8a-7a09-4a4e-8f5c-3ea1a3a1b0c5", "req-4f5d0e8a-7a09-4a4e-8f5c-3ea1a3a1b0c5"),
    ])
    func `take the client's name for the request`(_ given: String, _ shown: String) throws {
        let reply = try glance.send("GET", "/v2/images?limit=1", ["X-Openstack-Request-Id": given])
        #expect(reply.status == 200)
        #expect(reply["x-openstack-request-id"] == shown)
    }

    @Test(arguments: [65, 100, 1000])
    func `do not take a name that is too long, and nothing is done`(_ length: Int) throws {
        let id = newID()
        let long = ["X-Openstack-Request-Id": text(of: length)]
        #expect(try glance.send("POST", "/v2/images", long, body: Array(#"{"id": "\#(id)"}"#.utf8)).status == 431)
        #expect(try glance.send("GET", "/versions", as: nil, long).status == 431)
        #expect(try glance.show(id).status == 404)
    }

    @Test(arguments: ["%0d%0aX-Accel-Redirect:/_blobs/x", "a b", "a\tb", "a;b=c", "<b>", "a\u{e9}"])
    func `are never made of the client's text`(_ given: String) throws {
        let image = try glance.hasActiveImage("the very bytes")
        let reply = try glance.send("GET", "/v2/images/\(image)", ["X-Openstack-Request-Id": given])
        #expect([200, 400].contains(reply.status))
        #expect(!reply.text.contains("the very bytes"))
        #expect(reply["X-Accel-Redirect"] == nil)
        #expect(reply["x-openstack-request-id"]?.utf8.allSatisfy { 0x20..<0x7F ~= $0 } == true)
    }

    @Test func `say where a new image is`() throws {
        let created = try glance.create("{}")
        let place = try #require(created["Location"])
        #expect(place == "\(glance.address)/v2/images/\(created.json["id"]?.string ?? "")")
        #expect(try glance.send("GET", String(place.dropFirst(glance.address.count))).json == created.json)
        let elsewhere = try glance.send("POST", "/v2/images", ["Host": "images.example"], body: Array("{}".utf8))
        #expect(elsewhere["Location"] == "http://images.example/v2/images/\(elsewhere.json["id"]?.string ?? "")")
    }

    /// HTTP/1.0 requests may lack `Host`: links then lead to the address that was connected to.
    @Test(arguments: ["GET /versions HTTP/1.0\r\n", "GET / HTTP/1.0\r\nX-Any: thing\r\n"])
    func `without a host have links to the address that was reached`(_ head: String) throws {
        let reply = try glance.raw(head + "\r\n")
        let link = reply.json["versions"]?.array?.first?["links"]?.array?.first?["href"]?.string
        #expect(link == "http://127.0.0.1:\(glance.port)/v2/")
    }

    /// Glance's `max_header_line`; tokens of Keystone may be that long.
    @Test(arguments: ["X-Any", "X-Auth-Token"]) func `of 16,384 bytes are taken`(_ name: String) throws {
        let line = text(of: 16_384 - name.utf8.count - 4)
        let reply = try glance.send("GET", "/v2/images/\(newID())", [name: line])
        #expect(reply.status == (name == "X-Any" ? 404 : 401))
        let two = try glance.send("GET", "/v2/images/\(newID())", [name: line, "X-Service-Token": text(of: 12_000)])
        #expect(two.status == reply.status)
    }

    @Test func `of a new image name import methods, and of one store nothing`() throws {
        let created = try glance.create("{}")
        #expect(created["OpenStack-image-import-methods"] == "glance-direct,web-download,copy-image")
        #expect(created["OpenStack-image-store-ids"] == nil)
    }

    @Test func `call JSON by its name alone, and leave letters as they are`() throws {
        let created = try glance.create(#"{"name": "Größe \u65e5\u672c"}"#)
        #expect(created["Content-Type"] == "application/json")
        #expect(created.text.contains("Größe 日本"))
        for path in ["/v2/images?limit=1", "/v2/images/\(created.json["id"]?.string ?? "")", "/v2/schemas/image"] {
            #expect(try glance.send("GET", path)["Content-Type"] == "application/json")
        }
    }

    @Test(arguments: [
        "X-Accel-Redirect", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Expires", "X-Accel-Charset", "X-Sendfile",
        "X_Accel_Redirect",
    ])
    func `of nginx's own mean nothing in a request, and do not come out`(_ name: String) throws {
        let image = try glance.hasActiveImage("the very bytes")
        let value = name.hasSuffix("irect") || name == "X-Sendfile" ? "/_blobs/file/\(image)" : "1"
        let record = try glance.send("GET", "/v2/images/\(image)", [name: value])
        #expect(record.json == (try glance.image(image)))
        let data = try glance.send("GET", "/v2/images/\(image)/file", [name: value])
        #expect(data.text == "the very bytes")
        for reply in [record, data] {
            #expect(!reply.headers.contains { $0.name.lowercased().hasPrefix("x-accel") || $0.name.lowercased() == "x-sendfile" })
        }
    }

    @Test func `open nothing to scripts of other sites`() throws {
        let image = try glance.hasImage()
        for method in ["GET", "OPTIONS"] {
            let reply = try glance.send(
                method, "/v2/images/\(image)", ["Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"])
            #expect(!reply.headers.contains { $0.name.lowercased().hasPrefix("access-control-") })
        }
    }
}
