import TestSupport
import Testing

extension Reply {
    /// The headers that a browser checks before a script may read an answer.
    fileprivate var forBrowsers: [String: String] {
        Dictionary(
            headers.filter { $0.name.lowercased().hasPrefix("access-control-") }.map { ($0.name.lowercased().dropFirst(15), $0.value) }
                .map { (String($0), $1) }, uniquingKeysWith: { "\($0) and \($1)" })
    }

    /// `Vary`, from any number of fields.
    fileprivate var vary: [String] { headers.filter { $0.name.lowercased() == "vary" }.map(\.value) }
}

private let horizon = "https://horizon.example"

@Suite(.sharesServices) struct `Scripts of a site that is let in` {
    let glance: TestGlance

    init() throws {
        glance = try .of(
            Self.self,
            [
                "cors": "allowed_origin = \(horizon), http://127.0.0.1:8080", "DEFAULT": "image_tag_quota = 2",
                "cors.second": """
                allowed_origin = https://second.example
                allow_credentials = false
                allow_methods = GET
                expose_headers = ETag,Content-MD5
                max_age = 7
                """,
            ])
    }

    private static let exposed = "X-Image-Meta-Checksum,X-Auth-Token,X-Subject-Token,X-Service-Token,X-OpenStack-Request-ID"

    private func preflight(
        _ method: String = "PATCH", _ headers: String? = "x-auth-token, Content-Type", from origin: String = horizon,
        of path: String = "/v2/images/x"
    ) throws -> Reply {
        var fields = ["Origin": origin, "Access-Control-Request-Method": method]
        if let headers { fields["Access-Control-Request-Headers"] = headers }
        return try glance.send("OPTIONS", path, as: nil, fields)
    }

    @Test(arguments: ["/v2/images", "/v2/images/x", "/v2/images/x/file", "/v2", "/", "/versions", "/v1/images", "/nowhere", "/healthcheck"])
    func `may ask first, without a token and whatever the path`(_ path: String) throws {
        let reply = try preflight(of: path)
        #expect(reply.status == 200)
        #expect(reply.body.isEmpty)
        #expect(
            reply.forBrowsers == [
                "allow-origin": horizon, "allow-credentials": "true", "max-age": "3600", "allow-methods": "PATCH",
                "allow-headers": "X-Auth-Token,Content-Type",
            ])
        #expect(reply.vary == ["Origin"])
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"])
    func `may use every method of the API`(_ method: String) throws {
        #expect(try preflight(method, nil).forBrowsers["allow-methods"] == method)
    }

    @Test(arguments: [
        ("TRACE", ""), ("get", ""), ("GET,DELETE", ""), ("", ""), ("PATCH", "X-Evil"), ("PATCH", "X-Auth-Token,X-Evil"),
        ("PATCH", "X-Auth-Token;X-Auth-Token"), ("PATCH", "*"), ("PATCH", "X-Auth\u{e9}"),
    ])
    func `may do nothing beyond what is listed`(_ method: String, _ headers: String) throws {
        let reply = try preflight(method, headers)
        #expect(reply.status == 200)
        #expect(reply.forBrowsers.isEmpty)
    }

    @Test func `may ask for headers by any case, with blanks and empty places`() throws {
        #expect(try preflight("GET", " X-AUTH-TOKEN ,,\taccept").forBrowsers["allow-headers"] == "X-Auth-Token,Accept")
    }

    static let answers: [(Int, String, String, TestGlance.Person?, [String: String], String?)] = [
        (200, "GET", "/v2/images/{image}", .alice, [:], nil), (200, "HEAD", "/v2/images/{image}", .alice, [:], nil),
        (201, "POST", "/v2/images", .alice, [:], "{}"), (204, "PUT", "/v2/images/{image}/tags/blue", .alice, [:], nil),
        (300, "GET", "/", nil, [:], nil), (302, "GET", "/v2", nil, [:], nil), (200, "GET", "/versions", nil, [:], nil),
        (400, "POST", "/v2/images", .alice, [:], "no JSON"), (401, "GET", "/v2/images", nil, [:], nil),
        (403, "POST", "/v2/images", .reader, [:], "{}"), (404, "GET", "/v2/images/nothing", .alice, [:], nil),
        (405, "PATCH", "/v2/images", .alice, [:], nil), (409, "POST", "/v2/images", .alice, [:], #"{"id": "{image}"}"#),
        (413, "POST", "/v2/images", .alice, [:], #"{"tags": ["a", "b", "c"]}"#),
        (431, "GET", "/v2/images", .alice, ["X-Openstack-Request-Id": text(of: 65)], nil), (200, "GET", "/healthcheck", nil, [:], nil),
        // From nginx, with its own header.
        (200, "GET", "/v2/images/{image}/file", .alice, [:], nil),
        (206, "GET", "/v2/images/{image}/file", .alice, ["Range": "bytes=1-2"], nil),
        (416, "GET", "/v2/images/{image}/file", .alice, ["Range": "bytes=100-"], nil),
        (304, "GET", "/v2/images/{image}/file", .alice, ["If-None-Match": "*"], nil),
    ]

    @Test(arguments: answers)
    func `may read every answer, refusals as well`(
        _ status: Int, _ method: String, _ path: String, _ person: TestGlance.Person?, _ headers: [String: String], _ body: String?
    ) throws {
        let image = try glance.hasActiveImage()
        func ask(_ origin: [String: String]) throws -> Reply {
            try glance.send(
                method, path.replacing("{image}", with: image), as: person, headers.merging(origin) { $1 },
                body: (body?.replacing("{image}", with: image).utf8).map(Array.init))
        }
        let reply = try ask(["Origin": horizon])
        #expect(reply.status == status)
        #expect(reply.forBrowsers == ["allow-origin": horizon, "allow-credentials": "true", "expose-headers": Self.exposed])
        #expect(reply.vary == ["Origin"])
        // A cache must not give this answer to another origin.
        #expect(try ask([:]).vary == ["Origin"])
        #expect(try ask([:]).forBrowsers.isEmpty)
    }

    @Test func `have the rules of their own group, and the common ones where it says nothing`() throws {
        let asked = try preflight("GET", "X-Auth-Token", from: "https://second.example")
        #expect(
            asked.forBrowsers == [
                "allow-origin": "https://second.example", "max-age": "7", "allow-methods": "GET", "allow-headers": "X-Auth-Token",
            ])
        #expect(try preflight("PATCH", from: "https://second.example").forBrowsers.isEmpty)
        let reply = try glance.send("GET", "/v2/images?limit=1", ["Origin": "https://second.example"])
        #expect(reply.forBrowsers == ["allow-origin": "https://second.example", "expose-headers": "ETag,Content-MD5"])
        #expect(try preflight(from: "http://127.0.0.1:8080").forBrowsers["allow-origin"] == "http://127.0.0.1:8080")
    }

    @Test(arguments: [
        "https://evil.example", "https://horizon.example.evil.example", "https://horizon.exampl", "https://evil-horizon.example",
        "http://horizon.example", "https://horizon.example:443", "https://horizon.example/", "https://HORIZON.example",
        "https://horizon.example,https://evil.example", "https://horizon.example https://evil.example", "null", "*", "x",
        "https://horizon.example%0d%0aX-Accel-Redirect: /_blobs/file/x", "http://127.0.0.1:80801", "https://horizonzexample",
    ])
    func `are those of that site alone`(_ origin: String) throws {
        for reply in [try preflight(from: origin), try glance.send("GET", "/v2/images?limit=1", ["Origin": origin])] {
            #expect(reply.status == 200)
            #expect(reply.forBrowsers.isEmpty)
            #expect(reply.vary == ["Origin"])
        }
    }

    @Test func `do not make OPTIONS a method of the API`() throws {
        for headers in [[:], ["Origin": horizon], ["Access-Control-Request-Method": "GET"]] {
            let reply = try glance.send("OPTIONS", "/v2/images", headers)
            #expect(reply.status == 405)
            #expect(reply["Allow"] == "GET, HEAD, POST")
        }
    }

    @Test func `need options that are known`() throws {
        #expect(try eventually { try glance.workerLog().contains("takes requests") })
        #expect(try !glance.workerLog().contains("WARNING glance.config"))
    }
}

/// `allowed_origin = *`
@Suite(.sharesServices) struct `Scripts of any site` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["cors": "allowed_origin = *,\(horizon)\nallow_credentials = true"]) }

    @Test func `come without credentials, and those that are named with them`() throws {
        let fields = ["Origin": "https://any.example", "Access-Control-Request-Method": "PUT"]
        for reply in [
            try glance.send("OPTIONS", "/v2/images", as: nil, fields),
            try glance.send("GET", "/v2/images", ["Origin": "https://any.example"]),
        ] {
            #expect(reply.forBrowsers["allow-origin"] == "*")
            #expect(reply.forBrowsers["allow-credentials"] == nil)
        }
        let named = try glance.send("GET", "/v2/images", ["Origin": horizon])
        #expect(named.forBrowsers["allow-origin"] == horizon)
        #expect(named.forBrowsers["allow-credentials"] == "true")
        #expect(named.vary == ["Origin"])
    }
}

@Suite struct `Origins that no browser sends` {
    @Test func `are named in the log at the start`() throws {
        let origins = ["https://Horizon.example", "https://horizon.example/", "horizon.example", "https://horizon.example/dashboard"]
        let glance = try TestGlance(["cors": "allowed_origin = \((origins + [horizon, "null", "*"]).joined(separator: ","))"], workers: 1)
        #expect(try eventually { try glance.workerLog().contains("takes requests") })
        let warnings = try glance.workerLog().split(separator: "\n").filter { $0.contains("allowed_origin: no browser sends") }
        #expect(warnings.count == origins.count)
        for origin in origins { #expect(warnings.contains { $0.contains("'\(origin)'") }) }
    }
}
