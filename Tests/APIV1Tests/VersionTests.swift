import TestSupport
import Testing

@Suite(.sharesServices) struct `V1 among the versions` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    @Test(arguments: [("/", 300), ("/versions", 200)])
    func `comes last, and is deprecated`(_ path: String, _ status: Int) throws {
        let reply = try glance.send("GET", path, as: nil)
        #expect(reply.status == status)
        let versions = try #require(reply.json["versions"]?.array)
        #expect(versions.suffix(2).map { $0["id"]?.string } == ["v1.1", "v1.0"])
        #expect(versions.suffix(2).map { $0["status"]?.string } == ["DEPRECATED", "DEPRECATED"])
        #expect(versions.dropLast(2).allSatisfy { $0["id"]?.string?.hasPrefix("v2.") == true && $0["status"]?.string != "DEPRECATED" })
        for version in versions.suffix(2) {
            #expect(version["links"]?.array?[0]["href"]?.string == "\(glance.address)/v1/")
            #expect(version["links"]?.array?[0]["rel"]?.string == "self")
        }
    }

    @Test(arguments: ["/v1", "/v1.0", "/v1.1"])
    func `without a slash leads to the one with it`(_ path: String) throws {
        let reply = try glance.send("GET", path)
        #expect(reply.status == 302)
        #expect(reply["Location"] == "\(glance.address)/v1/")
    }

    @Test(arguments: ["v1", "v1.0", "v1.1"])
    func `is the same under all of its names`(_ version: String) throws {
        let id = try glance.hasV1Image(["name": "alike"])
        let head = try glance.send("HEAD", "/\(version)/images/\(id)")
        #expect(head.status == 200)
        #expect(head.meta("name") == "alike")
        let created = try glance.send("POST", "/\(version)/images", ["x-image-meta-name": "made"])
        #expect(created.status == 201)
        #expect(created["Location"] == "\(glance.address)/v1/images/\(created.image["id"]?.string ?? "")")
        let data = try glance.send(
            "PUT", "/\(version)/images/\(id)", GlanceHeaders.octets.merging(TestGlance.named(formats)) { $1 }, body: Array("hello".utf8))
        #expect(data.status == 200)
        #expect(try glance.send("GET", "/\(version)/images/\(id)").text == "hello")
    }

    @Test(arguments: ["/v1.2/images", "/v1.10/images", "/v1x/images", "/V1/images", "/v11/images"])
    func `has no other names`(_ path: String) throws {
        let reply = try glance.send("GET", path)
        #expect(reply.status == 300)
        #expect(reply.json.has("versions"))
    }

    @Test(arguments: [("v1", 200), ("v1.0", 200), ("v1.1", 200), ("v1.2", 300)])
    func `may be named by Accept`(_ version: String, _ status: Int) throws {
        let id = try glance.hasV1Image(["name": "accepted"])
        let accept = ["Accept": "application/vnd.openstack.images-\(version)"]
        let reply = try glance.send("HEAD", "/images/\(id)", accept)
        #expect(reply.status == status)
        #expect(reply.meta("name") == (status == 200 ? "accepted" : nil))
        let created = try glance.send("POST", "/images", accept.merging(TestGlance.named(["name": "made"])) { $1 })
        #expect(created.status == (status == 200 ? 201 : 300))
    }
}

enum GlanceHeaders {
    static let octets = ["Content-Type": "application/octet-stream"]
}

@Suite struct `V1 where it is off` {
    @Test func `by enable_v1_api is not listed, and its paths are no version's`() throws {
        let glance = try TestGlance(["DEFAULT": "enable_v1_api = false"], workers: 1, runsRegistry: true)
        try expectOff(glance)
    }

    @Test func `for want of the registry's secret is not listed, and its paths are no version's`() throws {
        let glance = try TestGlance(workers: 1)
        try expectOff(glance)
    }

    private func expectOff(_ glance: TestGlance) throws {
        let versions = try #require(try glance.send("GET", "/versions", as: nil).json["versions"]?.array)
        #expect(versions.first?["id"]?.string == "v2.15")
        #expect(!versions.contains { $0["id"]?.string?.hasPrefix("v1") == true })
        for path in ["/v1", "/v1/", "/v1/images", "/v1.0/images", "/v1.1/images"] {
            #expect(try glance.send("GET", path).status == 300, "\(path)")
        }
        #expect(try glance.send("GET", "/images", ["Accept": "application/vnd.openstack.images-v1"]).status == 300)
        #expect(try glance.send("POST", "/v1/images", ["x-image-meta-name": "n"]).status == 300)
        #expect(try glance.count("images", where: "name = 'n'") == 0)
        #expect(try glance.send("GET", "/v2/images").status == 200)
    }
}

@Suite struct `V2 where it is off` {
    @Test func `leaves V1 alone`() throws {
        let glance = try TestGlance(["DEFAULT": "enable_v2_api = false"], workers: 1, runsRegistry: true)
        let versions = try #require(try glance.send("GET", "/versions", as: nil).json["versions"]?.array)
        #expect(versions.map { $0["id"]?.string } == ["v1.1", "v1.0"])
        for path in ["/v2", "/v2/images", "/v2.7/images"] { #expect(try glance.send("GET", path).status == 300, "\(path)") }
        let id = try glance.hasV1Image(["name": "alone"], data: "hello")
        #expect(try glance.get(id).text == "hello")
        #expect(try glance.listedNames() == ["alone"])
    }
}
