import TestSupport
import Testing

@Suite(.sharesServices) struct `Methods` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    static let allowed: [(path: String, methods: Set<String>)] = [
        ("/v2/images", ["GET", "POST"]),
        ("/v2/images/{image}", ["GET", "PATCH", "DELETE"]),
        ("/v2/images/{image}/file", ["GET", "PUT"]),
        ("/v2/images/{image}/actions/deactivate", ["POST"]),
        ("/v2/images/{image}/actions/reactivate", ["POST"]),
        ("/v2/images/{image}/tags/blue", ["PUT", "DELETE"]),
        ("/v2/images/{image}/members", ["GET", "POST"]),
        ("/v2/images/{image}/members/bolt", ["GET", "PUT", "DELETE"]),
        ("/v2/schemas/image", ["GET"]),
        ("/v2/schemas/images", ["GET"]),
        ("/v2/schemas/member", ["GET"]),
        ("/v2/schemas/members", ["GET"]),
    ]

    @Test(arguments: allowed)
    func `that a path has not are 405 with those it has`(_ path: String, _ methods: Set<String>) throws {
        let image = try glance.hasActiveImage()
        let before = try glance.image(image)
        for method in Set(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"]).subtracting(methods) {
            let reply = try glance.send(method, path.replacing("{image}", with: image))
            #expect(reply.status == 405, "\(method)")
            let named = (reply["Allow"] ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }
            let all = methods.contains("GET") ? methods.union(["HEAD"]) : methods
            #expect(Set(named) == all && named.count == all.count, "\(method): \(reply["Allow"] ?? "no Allow")")
        }
        #expect(try glance.image(image) == before)
    }

    @Test(arguments: [
        ("GET", 404), ("HEAD", 404), ("POST", 404), ("PUT", 404), ("DELETE", 404), ("PATCH", 404), ("FOO", 501), ("OPTIONS", 501),
        ("PROPFIND", 501),
    ])
    func `on an unknown path are 404, and 501 when they are unknown too`(_ method: String, _ status: Int) throws {
        for path in ["/v2/nothing", "/v2/", "/v2/images/", "/v2/images/x/nothing"] {
            #expect(try glance.send(method, path).status == status, "\(path)")
        }
    }

    @Test(arguments: [("no JSON", "xx", 400), ("JSON", "{}", 405)])
    func `a wrong one is told only when its body is JSON`(_ row: String, _ body: String, _ status: Int) throws {
        #expect(try glance.send("PUT", "/v2/images", json: body).status == status, "\(row)")
        #expect(try glance.send("PATCH", "/v2/schemas/image", json: body).status == status, "\(row)")
    }

    @Test(arguments: [
        "/v2/images?id={image}", "/v2/images/{image}", "/v2/images/{image}/file", "/v2/images/{image}/members",
        "/v2/images/{image}/members/bolt", "/v2/schemas/image", "/v2/schemas/images", "/v2/schemas/member", "/v2/schemas/members", "/",
        "/versions", "/v2",
    ])
    func `HEAD answers what GET does, without the body`(_ path: String) throws {
        let image = try glance.hasActiveImage()
        try glance.share(image, with: "bolt")
        let path = path.replacing("{image}", with: image)
        let (get, head) = (try glance.send("GET", path), try glance.send("HEAD", path))
        #expect(head.status == get.status)
        #expect(head.body.isEmpty)
        for name in ["Content-Type", "Content-Length", "Content-MD5", "ETag", "Location"] {
            #expect(head[name] == get[name], "\(name)")
        }
    }

    @Test func `HEAD of what is not there is 404 without a body`() throws {
        let reply = try glance.send("HEAD", "/v2/images/\(newID())")
        #expect(reply.status == 404)
        #expect(reply.body.isEmpty)
    }

    @Test(arguments: ["/v2/images/{image}/actions/deactivate", "/v2/images/{image}/tags/blue"])
    func `HEAD is 405 where there is no GET`(_ path: String) throws {
        let image = try glance.hasActiveImage()
        let reply = try glance.send("HEAD", path.replacing("{image}", with: image))
        #expect(reply.status == 405)
        #expect(reply["Allow"] != nil)
        #expect(try glance.status(of: image) == "active")
    }

    /// In Glance, a query could choose the method.
    static let overrides: [(String, String, [String: String])] = [
        ("a query", "?_method=DELETE", [:]), ("a query as PATCH", "?_method=PATCH&method=DELETE", [:]),
        ("X-HTTP-Method-Override", "", ["X-HTTP-Method-Override": "DELETE"]), ("X-HTTP-Method", "", ["X-HTTP-Method": "DELETE"]),
        ("X-Method-Override", "", ["X-Method-Override": "DELETE"]), ("Request-Method", "", ["Request-Method": "DELETE"]),
        ("Request_Method", "", ["Request_Method": "DELETE"]),
    ]

    @Test(arguments: overrides)
    func `are what the request line says and nothing else`(_ row: String, _ query: String, _ headers: [String: String]) throws {
        let image = try glance.hasImage()
        #expect(try glance.send("GET", "/v2/images/\(image)\(query)", headers).status == 200, "\(row)")
        let created = try glance.send("POST", "/v2/images\(query)", headers, body: Array("{}".utf8))
        #expect(created.status == 201, "\(row)")
        #expect(try glance.show(image).status == 200, "\(row)")
    }

    @Test func `are not taken from a form`() throws {
        let image = try glance.hasImage()
        let reply = try glance.send(
            "POST", "/v2/images/\(image)", ["Content-Type": "application/x-www-form-urlencoded"], body: Array("_method=DELETE".utf8))
        #expect(400..<500 ~= reply.status)
        #expect(try glance.show(image).status == 200)
    }

    @Test(arguments: ["TRACE", "CONNECT", "get", "G\u{7}T", "DELETE\u{b}"])
    func `of tunnels, echoes and none at all have no effect`(_ method: String) throws {
        let image = try glance.hasImage()
        let reply = try glance.send(method, "/v2/images/\(image)", ["X-Echo": "heard"])
        #expect([400, 405, 501].contains(reply.status))
        #expect(!reply.text.contains("heard"))
        #expect(try glance.show(image).status == 200)
    }
}
