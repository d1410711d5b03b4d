import Foundation
import TestSupport
import Testing

/// The kinds of identity without Keystone.
@Suite struct `Identity by a file of tokens` {
    let glance: TestGlance
    private let path: String

    init() throws {
        glance = try TestGlance()
        path = "\(glance.folder)/tokens.yaml"
        // The workers read the file in its first state.
        let glance = glance
        guard try eventually({ try glance.workerLog().components(separatedBy: "takes requests").count == 3 }) else {
            throw Unexpected("the workers do not start: \(try glance.workerLog())")
        }
    }

    private func write(_ tokens: String, atomically: Bool = true) throws {
        try "tokens:\n\(tokens)".write(toFile: path, atomically: atomically, encoding: .utf8)
    }

    private func status(_ token: String, _ method: String = "GET", _ path: String = "/v2/images", body: [UInt8]? = nil) throws -> Int {
        try glance.send(method, path, as: nil, ["X-Auth-Token": token], body: body).status
    }

    @Test(arguments: [true, false])
    func `is read again when the file changes, replaced or written over`(_ atomically: Bool) throws {
        #expect(try status("carol") == 401)
        #expect(try status("alice") == 200)
        try write("  carol: { user: carol, project: coda, roles: [member] }\n", atomically: atomically)
        #expect(try eventually { try status("carol") == 200 })
        // Each of the two workers reads the file.
        #expect(try eventually { try (0..<20).allSatisfy { _ in try status("alice") == 401 } })
        let created = try glance.send("POST", "/v2/images", as: nil, ["X-Auth-Token": "carol"], body: Array("{}".utf8))
        #expect(created.json["owner"]?.string == "coda")
    }

    @Test func `gives other roles to the same token`() throws {
        #expect(try status("alice", "POST", body: Array("{}".utf8)) == 201)
        try write("  alice: { user: alice, project: acme, roles: [reader] }\n")
        #expect(try eventually { try (0..<10).allSatisfy { _ in try status("alice", "POST", body: Array("{}".utf8)) == 403 } })
        #expect(try status("alice") == 200)
    }

    @Test(arguments: [
        "  s3cret-carol: [", "  s3cret-carol: { user: carol, roles: [member] }\n", "  s3cret-carol: s3cret-carol\n",
        "  s3cret-carol: null\n",
        "  \"s3cret-carol: {}\n", "  s3cret-carol\n", "  s3cret-carol: {}\n  s3cret-carol: {}\n", "\u{0} s3cret-carol", "",
    ])
    func `that cannot be read leaves the tokens of before in force, and says so`(_ text: String) throws {
        try write(text)
        #expect(
            try eventually {
                _ = try status("alice")
                return try glance.workerLog().contains(#/ERROR glance\.identity \[.*?\] the tokens stay in force as they were before/#)
            })
        #expect(try status("alice") == 200)
        #expect(try status("carol") == 401)
        #expect(try !glance.workerLog().contains("s3cret"))
        // The next valid file takes effect.
        try write("  carol: { user: carol, project: coda, roles: [member] }\n")
        #expect(try eventually { try status("carol") == 200 })
    }

    @Test func `that is gone leaves the tokens of before in force`() throws {
        try FileManager.default.removeItem(atPath: path)
        #expect(
            try eventually {
                _ = try status("alice")
                return try glance.workerLog().contains("the tokens stay in force as they were before")
            })
        #expect(try status("alice") == 200)
    }
}

@Suite(.sharesServices) struct `Identity none` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["vitrine": "project = everybody"], identity: "none") }

    @Test func `makes everybody an administrator of one project`() throws {
        let created = try glance.send("POST", "/v2/images", as: nil, body: Array(#"{"visibility": "public"}"#.utf8))
        #expect(created.status == 201)
        #expect(created.json["owner"]?.string == "everybody")
        let id = try #require(created.json["id"]?.string)
        // Another project's image, which only an administrator may create, see and delete.
        let foreign = try glance.send("POST", "/v2/images", as: nil, body: Array(#"{"visibility": "private", "owner": "acme"}"#.utf8))
        #expect(foreign.json["owner"]?.string == "acme")
        let other = try #require(foreign.json["id"]?.string)
        #expect(try glance.send("GET", "/v2/images/\(other)", as: nil).status == 200)
        #expect(try glance.send("DELETE", "/v2/images/\(other)", as: nil).status == 204)
        #expect(try glance.send("DELETE", "/v2/images/\(id)", as: nil).status == 204)
    }

    @Test(arguments: [["X-Auth-Token": "anything"], ["X-Auth-Token": ""], ["X-Roles": "reader", "X-Project-Id": "acme"]])
    func `ignores what clients say of themselves`(_ headers: [String: String]) throws {
        let created = try glance.send("POST", "/v2/images", as: nil, headers, body: Array("{}".utf8))
        #expect(created.status == 201)
        #expect(created.json["owner"]?.string == "everybody")
    }

    @Test func `is said in the log as the project, without a user`() throws {
        let id = "req-\(UUID().uuidString.lowercased())"
        _ = try glance.send("GET", "/v2/images?limit=1", as: nil, ["X-Openstack-Request-Id": id])
        #expect(try eventually { try glance.workerLog().contains("[\(id) \(id) - everybody - - - -] GET /v2/images 200 ") })
    }
}
