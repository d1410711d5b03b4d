import TestSupport
import Testing

extension TestGlance {
    /// The base of the links in the version document.
    fileprivate func links(_ headers: [String: String]) throws -> Set<String> {
        let versions = try send("GET", "/versions", as: nil, headers).json["versions"]?.array ?? []
        return Set(versions.compactMap { $0["links"]?.array?[0]["href"]?.string })
    }

    /// The `Location` of a new image, without its id.
    fileprivate func placeOfNew(_ headers: [String: String]) throws -> String? {
        let created = try send("POST", "/v2/images", headers, body: Array("{}".utf8))
        guard created.status == 201, let id = created.json["id"]?.string else { throw Unexpected(created) }
        return created["Location"]?.replacing(id, with: "")
    }
}

/// `enable_proxy_headers_parsing`.
@Suite(.sharesServices) struct `What proxies say` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["oslo_middleware": "enable_proxy_headers_parsing = true"]) }

    static let said: [([String: String], String)] = [
        (["X-Forwarded-Proto": "https"], "https://in.example"), (["X-Forwarded-Proto": "HTTPS"], "https://in.example"),
        (["X-Forwarded-Host": "cloud.example"], "http://cloud.example"),
        (["X-Forwarded-Host": "cloud.example:8443", "X-Forwarded-Proto": "https"], "https://cloud.example:8443"),
        (["X-Forwarded-Host": "[2001:db8::1]:8443"], "http://[2001:db8::1]:8443"),
        (["X-Forwarded-Prefix": "/image"], "http://in.example/image"), (["X-Forwarded-Prefix": "/a/b/"], "http://in.example/a/b"),
        // The first of several is the one that the client spoke to.
        (["X-Forwarded-Host": "cloud.example, inner.example", "X-Forwarded-Proto": "https,http"], "https://cloud.example"),
        (["Forwarded": "for=192.0.2.60;proto=https;host=cloud.example"], "https://cloud.example"),
        (
            ["Forwarded": #"for="[2001:db8::1]"; Proto=https ;HOST="cloud.example:8443", for=10.0.0.1;host=inner.example"#],
            "https://cloud.example:8443"
        ),
        (["Forwarded": #"host="clo\ud.example";proto="https""#], "https://cloud.example"),
        (["Forwarded": "for=10.0.0.1, for=10.0.0.2;host=inner.example"], "http://in.example"),
        // `Forwarded` takes precedence over the older headers, and has no prefix.
        (["Forwarded": "proto=https", "X-Forwarded-Host": "other.example", "X-Forwarded-Prefix": "/image"], "https://in.example/image"),
        (["X-Forwarded-For": "192.0.2.1"], "http://in.example"),
    ]

    @Test(arguments: said)
    func `shapes the links`(_ headers: [String: String], _ base: String) throws {
        let headers = headers.merging(["Host": "in.example"]) { $1 }
        #expect(try glance.links(headers) == [base + "/v2/"])
        #expect(try glance.placeOfNew(headers) == base + "/v2/images/")
        #expect(try glance.send("GET", "/v2", as: nil, headers)["Location"] == base + "/v2/")
    }

    @Test func `leaves paths inside documents as they are, and the sender's address`() throws {
        let headers = ["X-Forwarded-Prefix": "/image", "X-Forwarded-Host": "cloud.example", "X-Forwarded-For": "192.0.2.77"]
        let image = try glance.hasImage()
        let shown = try glance.send("GET", "/v2/images/\(image)", headers)
        #expect(shown.json["self"]?.string == "/v2/images/\(image)")
        let id = try #require(shown["x-openstack-request-id"])
        #expect(try eventually { try glance.workerLog().contains(id) })
        #expect(try !glance.workerLog().contains("192.0.2.77"))
    }

    static let hostile: [(String, String)] = [
        ("X-Forwarded-Host", "evil.example/path"), ("X-Forwarded-Host", "evil .example"), ("X-Forwarded-Host", "a@evil.example"),
        ("X-Forwarded-Host", "evil.example%0d%0aX-Accel-Redirect:/_blobs/x"), ("X-Forwarded-Host", #"evil.example""#),
        ("X-Forwarded-Host", "<script>"), ("X-Forwarded-Host", ""), ("X-Forwarded-Host", ",cloud.example"),
        ("X-Forwarded-Host", "é.example"), ("X-Forwarded-Host", text(of: 256)), ("X-Forwarded-Host", "evil.example\u{1}"),
        ("X-Forwarded-Host", "evil.example?x"), ("X-Forwarded-Host", "evil.example#x"), ("X-Forwarded-Host", #"evil.example\x"#),
        ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Proto", "https://evil.example/?"), ("X-Forwarded-Proto", "ftp"),
        ("X-Forwarded-Proto", ""), ("X-Forwarded-Prefix", "image"), ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "/../x"), ("X-Forwarded-Prefix", "/."), ("X-Forwarded-Prefix", "/a b"), ("X-Forwarded-Prefix", "/a?b"),
        ("X-Forwarded-Prefix", #"/a"b"#), ("X-Forwarded-Prefix", "/"), ("X-Forwarded-Prefix", "/" + text(of: 300)),
        ("X-Forwarded-Prefix", "@evil.example"), ("Forwarded", "host=evil.example/x"), ("Forwarded", #"host="evil.example"#),
        ("Forwarded", #"host="evil.example/\"x""#), ("Forwarded", "proto=javascript"), ("Forwarded", "====;;;,,,"),
        ("Forwarded", #"host="\"#), ("Forwarded", "host"), ("Forwarded", text(of: 1000, "host=;")), ("Forwarded", "=evil.example"),
    ]

    @Test(arguments: hostile)
    func `counts for nothing when it is not fit for a link`(_ name: String, _ value: String) throws {
        let headers = ["Host": "in.example", name: value]
        #expect(try glance.links(headers) == ["http://in.example/v2/"])
        #expect(try glance.placeOfNew(headers) == "http://in.example/v2/images/")
    }
}

@Suite(.sharesServices) struct `What proxies say where it is not asked for` {
    static let headers = [
        "Host": "in.example", "X-Forwarded-Host": "cloud.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/image",
        "Forwarded": "proto=https;host=cloud.example",
    ]

    @Test func `changes nothing`() throws {
        let glance = try TestGlance.of(Self.self)
        #expect(try glance.links(Self.headers) == ["http://in.example/v2/"])
        #expect(try glance.placeOfNew(Self.headers) == "http://in.example/v2/images/")
    }
}

@Suite struct `The address that the operator has fixed` {
    @Test(arguments: ["https://cloud.example/image/", "https://cloud.example/image", "HTTPS://cloud.example/image"])
    func `counts before all that a request says`(_ endpoint: String) throws {
        let glance = try TestGlance(
            ["DEFAULT": "public_endpoint = \(endpoint)", "oslo_middleware": "enable_proxy_headers_parsing = true"], workers: 1)
        let headers = ["Host": "in.example", "X-Forwarded-Host": "other.example", "X-Forwarded-Prefix": "/x"]
        #expect(try glance.links(headers) == ["https://cloud.example/image/v2/"])
        #expect(try glance.placeOfNew(headers) == "https://cloud.example/image/v2/images/")
    }

    @Test(arguments: ["cloud.example", "ftp://cloud.example", "https://cloud example/", "https://", "https://cloud.example/a?b"])
    func `must be one, or the service does not start`(_ endpoint: String) throws {
        let glance = try TestGlance(["DEFAULT": "public_endpoint = \(endpoint)"], workers: 1)
        #expect(try eventually { try glance.workerLog().contains("[DEFAULT] public_endpoint: '\(endpoint)' is no address of the form") })
        #expect(eventually { glance.site.workerIDs.isEmpty })
    }
}
