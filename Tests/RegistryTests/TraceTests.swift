import Foundation
import TestSupport
import Testing

/// A request's id in the logs of all processes that handle it.
@Suite(.sharesServices(Registry.self)) struct `A request of V1` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    /// Method, route and status of the access lines of a log with a request's id, in order, without the requests that each process sends
    /// once.
    private func walk(_ id: String, _ program: String) throws -> [String] {
        try String(contentsOfFile: "\(glance.folder)/log/\(program).log", encoding: .utf8).split(separator: "\n").filter {
            $0.contains(".access [") && $0.contains(" \(id) ") && !$0.contains(" /store-folders")
        }.map { $0[$0.firstRange(of: "] ")!.upperBound...].split(separator: " ").prefix(3).joined(separator: " ") }
    }

    @Test func `that creates an image with data bears one name from the API through the registry`() throws {
        let id = "req-trace-\(newID())"
        let reply = try glance.send(
            "POST", "/v1/images",
            [
                "X-Openstack-Request-Id": id, "Content-Type": "application/octet-stream", "x-image-meta-name": "traced",
                "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare",
            ], body: Array("hello".utf8))
        #expect(reply.status == 201)
        #expect(reply["x-openstack-request-id"] == id)
        #expect(try eventually { try walk(id, "glance-api").count == 1 })
        #expect(try walk(id, "glance-api") == ["POST /v1/images 201"])
        let registry = ["POST /images 200", "POST /uploads 204", "POST /uploads/{token}/finish 200"]
        // The end of an upload is repeated while the registry cannot do it, as on a busy machine.
        func done() throws -> [String] { try walk(id, "glance-registry").filter { $0 != "POST /uploads/{token}/finish 503" } }
        #expect(try eventually { try done().count >= registry.count })
        #expect(try done() == registry)
    }

    @Test(arguments: ["HEAD", "GET"])
    func `that reads an image asks the registry once`(_ method: String) throws {
        let image = try glance.hasActiveImage("hello")
        let id = "req-trace-\(newID())"
        #expect(try glance.send(method, "/v1/images/\(image)", ["X-Openstack-Request-Id": id]).status == 200)
        #expect(try eventually { try walk(id, "glance-registry").count >= 1 && walk(id, "glance-api").count == 1 })
        #expect(try walk(id, "glance-registry") == ["GET /images/{image} 200"])
    }

    @Test func `that no client named has a name of its own all the way`() throws {
        let reply = try glance.send("GET", "/v1/images")
        let id = try #require(reply["x-openstack-request-id"])
        #expect(try eventually { try walk(id, "glance-registry") == ["GET /images/detail 200"] })
    }

    /// The two ids, global and local, in the access lines of the registry with an id.
    private func names(_ id: String) throws -> Set<Substring> {
        Set(
            try String(contentsOfFile: "\(glance.folder)/log/glance-registry.log", encoding: .utf8).split(separator: "\n")
                .filter { $0.contains(" \(id) ") }.compactMap { $0.firstMatch(of: #/\[(\S+ \S+) /#)?.1 })
    }

    @Test func `has a global name at the registry only if its client gave one`() throws {
        let made = try #require(try glance.send("GET", "/v1/images")["x-openstack-request-id"])
        #expect(try eventually { try names(made) == ["None \(made)"] })
        let given = "req-trace-\(newID())"
        #expect(try glance.send("GET", "/v1/images", ["X-Openstack-Request-Id": given]).status == 200)
        #expect(try eventually { try names(given) == ["\(given) \(given)"] })
    }

    @Test func `may have the longest name that is allowed, also at the registry`() throws {
        let longest = newID() + String(repeating: "x", count: 64 - newID().count)
        #expect(try glance.send("GET", "/v1/images", ["X-Openstack-Request-Id": longest]).status == 200)
        #expect(try eventually { try walk("req-\(longest)", "glance-registry") == ["GET /images/detail 200"] })
    }

    @Test func `is what glance-api calls it, at the registry too`() throws {
        let reply = try glance.ask("GET", "/images", ["X-Openstack-Request-Id": "req-global", "X-Vitrine-Request-Id": "req-local"])
        #expect(reply["x-openstack-request-id"] == "req-local")
        #expect(try eventually { try names("req-local").contains("req-global req-local") })
        for wrong in ["a b", String(repeating: "x", count: 69)] {
            #expect([400, 431].contains(try glance.ask("GET", "/images", ["X-Vitrine-Request-Id": wrong]).status))
        }
    }
}
