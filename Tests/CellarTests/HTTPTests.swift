import HTTP
import Testing

@Suite struct `A router` {
    let router = Router<String>([
        Route(.GET, "/v2/images", "list"), Route(.POST, "/v2/images", "create"), Route(.GET, "/v2/images/{image}", "show"),
        Route(.PUT, "/v2/images/{image}/tags/{tag}", "tag"),
    ])

    static let found: [(Method, String, String)] = [
        (.GET, "/v2/images", "list"), (.HEAD, "/v2/images", "list"), (.GET, "//v2/images", "list"), (.GET, "/v2/images/x", "show"),
        (.GET, "/%76%32/images", "list"),
        (.PUT, "/v2/images/x/tags/%C3%A9", "tag"), (.GET, "/v2/images/..", "show"),
    ]

    @Test(arguments: found) func `finds the row of a request`(_ method: Method, _ path: String, _ handler: String) {
        guard case .found(let route, _) = router.match(method, path) else { return #expect(Bool(false), "nothing found") }
        #expect(route.handler == handler)
    }

    @Test func `decodes what stands in the path, once`() {
        guard case .found(_, let parameters) = router.match(.PUT, "/v2/images/a%20b/tags/%2541") else {
            return #expect(Bool(false), "nothing found")
        }
        #expect(parameters["image"] == "a b")
        #expect(parameters["tag"] == "%41")
    }

    @Test func `tells what it does not find`() {
        func outcome(_ method: String, _ path: String) -> String {
            switch router.match(Method(method), path) {
            case .found: "found"
            case .methodNotAllowed(let methods): methods.map(\.name).joined(separator: ",")
            case .notFound: "404"
            case .notImplemented: "501"
            case .badPath: "400"
            }
        }
        #expect(outcome("DELETE", "/v2/images") == "GET,HEAD,POST")
        #expect(outcome("FOO", "/v2/images") == "GET,HEAD,POST")
        #expect(outcome("GET", "/v2/images/") == "404")
        #expect(outcome("GET", "/v2/images/x/") == "404")
        #expect(outcome("GET", "/v2/images/x%2Fy") == "404")
        #expect(outcome("GET", "/v2//images") == "404")
        #expect(outcome("FOO", "/nothing") == "501")
        for path in ["/v2/images/%", "/v2/images/%4", "/v2/images/%zz", "/v2/images/%00", "/v2/images/%ff"] {
            #expect(outcome("GET", path) == "400")
        }
    }
}

@Suite struct `A query` {
    @Test func `is decoded, and encoded again`() throws {
        let query = try #require(Query("a=1&b=x+y%26z&a=2&c&d=%C3%A9&&"))
        #expect(query["a"] == "2")
        #expect(query.all("a") == ["1", "2"])
        #expect(query["b"] == "x y&z")
        #expect(query["c"] == "")
        #expect(query["e"] == nil)
        #expect(query.encoded(without: "a") == "b=x%20y%26z&c=&d=%C3%A9")
    }

    @Test(arguments: ["a=%", "a=%f", "a=%ff", "%00=1"]) func `is refused where it does not decode`(_ text: String) {
        #expect(Query(text[...]) == nil)
    }
}

@Suite struct `Header fields` {
    @Test func `compare without case`() {
        var headers = Headers()
        headers.add("Content-Type", "a")
        #expect(headers["content-type"] == "a")
        headers["CONTENT-TYPE"] = "b"
        #expect(headers.fields.count == 1)
        headers["content-type"] = nil
        #expect(headers.fields.isEmpty)
    }

    @Test(arguments: [
        ("X", "a\r\nX-Accel-Redirect: /x"), ("X", "a\nb"), ("X", "a\0b"), ("X Y", "a"), ("", "a"), ("X:", "a"), ("X", "\u{7F}"),
    ])
    func `that would end their line are found`(_ name: String, _ value: String) {
        var headers = Headers()
        headers.add("Fine", "a\tb é")
        #expect(headers.firstUnwritable == nil)
        headers.add(name, value)
        #expect(headers.firstUnwritable?.name == name)
    }
}
