import TestSupport
import Testing

@Suite(.sharesServices) struct `Errors of V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    static let accepts: [(String?, String)] = [
        (nil, "text/plain; charset=UTF-8"), ("application/json", "application/json"), ("text/html", "text/html; charset=UTF-8"),
        ("*/*", "text/html; charset=UTF-8"), ("application/json, */*;q=0.1", "application/json"),
        ("image/png", "text/plain; charset=UTF-8"),
        ("text/plain", "text/plain; charset=UTF-8"),
    ]

    @Test(arguments: accepts)
    func `are written as Accept says`(_ accept: String?, _ type: String) throws {
        let headers = accept.map { ["Accept": $0] } ?? [:]
        let own = try glance.hasV1Image()
        for (method, path, fields, status) in [
            ("GET", "/images/\(own)", [:], 404), ("POST", "/images", ["size": "-1"], 400), ("POST", "/images", ["is_public": "1"], 403),
            ("DELETE", "/images", [:], 405), ("GET", "/images?limit=x", [:], 400), ("POST", "/images", ["id": own], 409),
        ] as [(String, String, [String: String], Int)] {
            let reply = try glance.askV1(method, path, fields, headers: headers)
            #expect(reply.status == status)
            #expect(reply["Content-Type"] == type, "\(method) \(path)")
            #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
            switch type {
            case "application/json":
                #expect(Set(reply.json.keys) == ["message", "code", "title"])
                #expect(reply.json["code"]?.string?.hasPrefix("\(status) ") == true)
            case "text/html; charset=UTF-8": #expect(reply.text.contains("<title>\(status) "))
            default: #expect(reply.text.hasPrefix("\(status) "))
            }
        }
    }

    @Test func `without a token name how to come in`() throws {
        let reply = try glance.askV1("GET", "/images", as: nil)
        #expect(reply.status == 401)
        #expect(reply["WWW-Authenticate"] != nil)
    }

    @Test func `of HEAD have no body`() throws {
        let reply = try glance.head(of: newID())
        #expect(reply.status == 404)
        #expect(reply.body.isEmpty)
    }

    @Test func `say nothing of the registry, its address or secret`() throws {
        let own = try glance.hasV1Image(data: "hello")
        let replies = [
            try glance.get(newID()), try glance.update(own, ["status": "queued"]), try glance.askV1("GET", "/images?marker=\(newID())"),
            try glance.create(["id": own]), try glance.share(own, with: "x", as: .bob),
        ]
        for reply in replies {
            #expect(400..<500 ~= reply.status)
            let all = reply.text + reply.headers.map { "\($0.name): \($0.value)" }.joined()
            for secret in [TestGlance.secret, "\(glance.registryPort)", "SELECT", glance.storeFolder] { #expect(!all.contains(secret)) }
        }
    }
}

/// An answer without the registry comes in bounded time.
@Suite struct `V1 without its registry` {
    @Test func `is 503, and images stay as they were`() throws {
        let dead = try freePort()
        let glance = try TestGlance(["DEFAULT": "registry_port = \(dead)\nregistry_client_timeout = 2"], workers: 1, runsRegistry: true)
        let id = try glance.hasImage(#"{"name": "n", "disk_format": "raw", "container_format": "bare"}"#)
        let fresh = newID()
        let replies = [
            try glance.head(of: id), try glance.get(id), try glance.update(id, ["name": "x"]), try glance.update(id, data: "hello"),
            try glance.create(["id": fresh]), try glance.create(formats.merging(["id": fresh]) { $1 }, data: "hello"),
            try glance.delete(id), try glance.askV1("GET", "/images"), try glance.askV1("GET", "/images/\(id)/members"),
            try glance.share(id, with: "bolt"), try glance.askV1("GET", "/shared-images/acme"),
        ]
        for reply in replies {
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] != nil)
            #expect(!reply.text.contains("\(dead)"))
        }
        #expect(replies[1].says.contains("registry"))
        let image = try glance.image(id)
        #expect(image["name"]?.string == "n" && image["status"]?.string == "queued")
        try glance.expectNoBytes(of: id)
        try glance.expectNoTrace(of: fresh)
        #expect(try glance.upload(Array("hello".utf8), to: id).status == 204, "V2 needs no registry")
    }
}
