import TestSupport
import Testing

@Suite(.sharesServices) struct `Finding the version of the API` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test(arguments: [
        ("/", 300), ("//", 300), ("/versions", 200), ("/versions/", 200), ("/v1/images", 300), ("/v3/images", 300), ("/v2.99/images", 300),
        ("/v20/images", 300), ("/v2.x/images", 300), ("/V2/images", 300), ("/images", 300), ("/favicon.ico", 300),
        // With several stores and a cache.
        ("/v2.8/images", 300), ("/v2.10/images", 300), ("/v2.13/images", 300), ("/v2.14/images", 300), ("/v2.16/images", 300),
        ("/v2.18/images", 300),
    ])
    func `the version document goes to anybody`(_ path: String, _ status: Int) throws {
        let reply = try glance.send("GET", path, as: nil)
        #expect(reply.status == status)
        #expect(reply["Content-Type"] == "application/json")
        #expect(reply.json["versions"]?.array?.contains { $0["id"]?.string == "v2.17" } == true)
    }

    @Test func `the newest version is the current one`() throws {
        let versions = try #require(try glance.send("GET", "/versions", as: nil).json["versions"]?.array)
        #expect(versions.map { $0["id"]?.string } == Self.ids([15, 9, 17, 7, 6, 5, 4, 3, 2, 1, 0]))
        #expect(versions.filter { $0["status"]?.string == "CURRENT" }.map { $0["id"]?.string } == ["v2.17"])
        #expect(versions.count { $0["status"]?.string == "SUPPORTED" } == versions.count - 1)
        #expect(versions.allSatisfy { $0.keys == ["id", "status", "links"] && $0["links"]?.array?.count == 1 })
        #expect(versions.allSatisfy { $0["links"]?.array?[0]["rel"]?.string == "self" })
        #expect(versions.allSatisfy { $0["links"]?.array?[0]["href"]?.string == "\(glance.address)/v2/" })
    }

    /// What a cache and several stores add, in Glance's document.
    @Test(arguments: [
        (true, false, [18, 17, 16, 15, 14, 9, 7, 6, 5, 4, 3, 2, 1, 0]),
        (false, true, [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0]),
        (true, true, [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ])
    func `a version is listed, and answers, where there is what it tells of`(_ hasCache: Bool, _ hasStores: Bool, _ minors: [Int]) throws {
        let glance = try TestGlance(
            stores: hasStores ? ["fast", "slow"] : [], cacheFolder: hasCache ? "\(TestFolder.root)/no-cache" : nil)
        let versions = try #require(try glance.send("GET", "/versions", as: nil).json["versions"]?.array)
        #expect(versions.map { $0["id"]?.string } == Self.ids(minors))
        #expect(versions.filter { $0["status"]?.string == "CURRENT" }.map { $0["id"]?.string } == Self.ids([minors.max()!]))
        for minor in 0...18 {
            let status = try glance.send("GET", "/v2.\(minor)/images").status
            #expect(status == (minors.contains(minor) ? 200 : 300), "2.\(minor)")
        }
    }

    private static func ids(_ minors: [Int]) -> [String?] { minors.map { "v2.\($0)" } }

    @Test func `the links lead where the client came`() throws {
        let reply = try glance.send("GET", "/", as: nil, ["Host": "images.example:8080"])
        #expect(reply.json["versions"]?.array?[0]["links"]?.array?[0]["href"]?.string == "http://images.example:8080/v2/")
    }

    @Test(arguments: ["v2", "v2.0", "v2.1", "v2.2", "v2.3", "v2.4", "v2.5", "v2.6", "v2.7", "v2.9", "v2.15", "v2.17"])
    func `every version that is listed answers, and all answer alike`(_ version: String) throws {
        let image = try glance.hasImage(#"{"name": "alike"}"#)
        let reply = try glance.send("GET", "/\(version)/images/\(image)")
        #expect(reply.status == 200)
        #expect(reply.json == (try glance.image(image)))
        let created = try glance.send("POST", "/\(version)/images", json: "{}")
        #expect(created["Location"] == "\(glance.address)/v2/images/\(created.json["id"]?.string ?? "")")
    }

    @Test(arguments: [
        ("application/vnd.openstack.images-v2", 200), ("application/vnd.openstack.images-v2.5", 200),
        ("application/vnd.openstack.images-v2.8", 300), ("application/vnd.openstack.images-v9", 300),
        ("application/vnd.openstack.images-", 300),
    ])
    func `the version may come from Accept`(_ accept: String, _ status: Int) throws {
        let image = try glance.hasImage(#"{"name": "accepted"}"#)
        let reply = try glance.send("GET", "/images/\(image)", ["Accept": accept])
        #expect(reply.status == status)
        #expect(reply.json["name"]?.string == (status == 200 ? "accepted" : nil))
        #expect(reply.json.has("versions") == (status == 300))
    }

    @Test func `the version document is there whatever Accept says`() throws {
        let reply = try glance.send("GET", "/versions", as: nil, ["Accept": "application/vnd.openstack.images-v2"])
        #expect(reply.status == 200)
        #expect(reply.json.has("versions"))
    }

    @Test(arguments: ["/v2", "//v2", "/v2.5"])
    func `a version without a slash leads to the one with it`(_ path: String) throws {
        let reply = try glance.send("GET", path)
        #expect(reply.status == 302)
        #expect(reply["Location"] == "\(glance.address)/v2/")
    }
}

/// `public_endpoint` is the base of the links, with or without a slash at its end.
@Suite(.sharesServices) struct `Version links where the operator has fixed the address` {
    @Test func `end in v2 after the path of the address`() throws {
        let glance = try TestGlance.of(Self.self, ["DEFAULT": "public_endpoint = https://cloud.example/image/"])
        let versions = try #require(try glance.send("GET", "/", as: nil, ["Host": "inside.example"]).json["versions"]?.array)
        #expect(versions.allSatisfy { $0["links"]?.array?[0]["href"]?.string == "https://cloud.example/image/v2/" })
        #expect(try glance.send("GET", "/v2")["Location"] == "https://cloud.example/image/v2/")
    }
}
