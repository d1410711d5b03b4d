import Foundation
import HTTP
import TestSupport
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

    @Test func `obeys the first pattern that matches, wherever its rows stand`() {
        let router = Router<String>([
            Route(.GET, "/images/detail", "detail"), Route(.PUT, "/images/{image}", "put"), Route(.DELETE, "/images/detail", "clear"),
            Route(.GET, "/images/{image}", "show"),
        ])
        func outcome(_ method: Method, _ path: String) -> String {
            switch router.match(method, path) {
            case .found(let route, _): route.handler
            case .methodNotAllowed(let methods): methods.map(\.name).joined(separator: ",")
            default: "none"
            }
        }
        #expect(outcome(.HEAD, "/images/detail") == "detail")
        #expect(outcome(.DELETE, "/images/detail") == "clear")
        #expect(outcome(.PUT, "/images/detail") == "GET,HEAD,DELETE")
        #expect(outcome(.GET, "/images/x") == "show")
        #expect(outcome(.DELETE, "/images/x") == "PUT,GET,HEAD")
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
        for path in ["/v2/images/%", "/v2/images/%4", "/v2/images/%zz"] { #expect(outcome("GET", path) == "found") }
        for path in ["/v2/images/%00", "/v2/images/%ff"] {
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

    @Test(arguments: ["a=%ff", "a=%c3", "%00=1"]) func `is refused where it does not decode`(_ text: String) {
        #expect(Query(text[...]) == nil)
    }

    /// Only texts that `unquote_plus` of Python decodes without an error are compared with it.
    @Test func `is decoded as Python does it, also where escapes are none`() throws {
        let texts = [
            "50%", "50%25", "%", "%%", "%%25", "%a", "%zz", "%4", "a%zzb", "%u0041", "%41", "%2541", "%e2%82%ac", "%E2%82%aC", "é", "a+b",
            "a%2Bb", "a=b", "a%3Db", "%25zz", "100%+off", "%+1", "%-1", "% 41", "%4g", "%g4", "%ef%bf%bd", "50%é", "%\u{660}1",
        ]
        let script =
            "import json,sys,urllib.parse;print(json.dumps([urllib.parse.unquote_plus(t,errors='strict') for t in json.load(sys.stdin)]))"
        let input = try Array(JSONSerialization.data(withJSONObject: texts))
        let expected = try PyPIGlance.run("python3", ["-c", script], input: input).json.array?.map(\.string) ?? []
        #expect(expected.count == texts.count)
        for (text, expected) in zip(texts, expected) { #expect(Query("a=\(text)")?["a"] == expected, "\(text)") }
    }
}

@Suite struct `An integer that is written loosely` {
    @Test func `is what Python takes for one`() throws {
        let texts = [
            "0", "-0", "5", "+5", " 5 ", "\t5\n", "\u{2003}5", "\u{1F}5", "\u{200B}5", "1_0", "_1", "1_", "1__0", "+_1", "- 5", "+-5", "",
            " ", "+", "5.0",
            "1e3", "0x10", "0b1", "007", "٥", "५_0", "²", "Ⅷ", "½", "a", "5a", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "-99999999999999999999999999",
            String(repeating: "5", count: 4300), String(repeating: "5", count: 4301), String(repeating: "0", count: 4300) + "7",
        ]
        let script = """
            import json, sys
            def read(text):
                try:
                    return str(max(-2**63, min(2**63 - 1, int(text))))
                except ValueError:
                    return None
            print(json.dumps([read(text) for text in json.load(sys.stdin)]))
            """
        let input = try Array(JSONSerialization.data(withJSONObject: texts))
        let expected = try PyPIGlance.run("python3", ["-c", script], input: input).json.array?.map(\.string) ?? []
        #expect(expected.count == texts.count)
        for (text, expected) in zip(texts, expected) {
            #expect(Int64(loosely: text).map { String($0) } == expected, "\(text.prefix(40)), \(text.count) letters")
        }
    }
}

@Suite struct `A server whose name nobody said` {
    static let servers: [(String?, String?, String?, String, String)] = [
        ("images.example", "192.0.2.1", "9292", "http", "images.example:9292"),
        ("images.example", "192.0.2.1", "443", "https", "images.example"),
        ("_", "192.0.2.1", "9292", "http", "192.0.2.1:9292"), ("", "192.0.2.1", "80", "http", "192.0.2.1"),
        ("", "2001:db8::1", "9292", "http", "[2001:db8::1]:9292"), (nil, "[2001:db8::1]", "443", "http", "[2001:db8::1]:443"),
        ("~^(?<x>.+)$", "192.0.2.1", "9292", "https", "192.0.2.1:9292"), ("*.example", "192.0.2.1", "9292", "http", "192.0.2.1:9292"),
        (".example", "192.0.2.1", "9292", "http", "192.0.2.1:9292"), ("_", "unix:/run/vitrine.sock", "", "http", "localhost"),
        ("images.example", "unix:/run/vitrine.sock", "", "https", "images.example"), (nil, nil, nil, "http", "localhost"),
    ]

    @Test(arguments: servers)
    func `is called by what it was reached at`(_ name: String?, _ address: String?, _ port: String?, _ scheme: String, _ host: String) {
        #expect(BaseURL.server(name: name, address: address, port: port, scheme: scheme) == host)
        #expect(BaseURL.isHost(host))
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
