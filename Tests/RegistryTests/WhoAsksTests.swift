import Foundation
import TestSupport
import Testing

/// The registry trusts callers with the secret, and treats all others as anonymous.
@Suite(.sharesServices(Registry.self)) struct `Who asks the registry` {
    let glance: TestGlance
    init() throws { glance = try Registry.open() }

    static let secret = TestGlance.secret

    static let strangers: [(String, [String: String])] = [
        ("nothing", [:]),
        ("no secret", ["X-Identity-Status": "Confirmed"]),
        ("an empty secret", ["X-Vitrine-Secret": "", "X-Identity-Status": "Confirmed"]),
        ("a wrong secret as long", ["X-Vitrine-Secret": String(secret.dropLast()) + "x", "X-Identity-Status": "Confirmed"]),
        ("another first letter", ["X-Vitrine-Secret": "x" + secret.dropFirst(), "X-Identity-Status": "Confirmed"]),
        ("a shorter secret", ["X-Vitrine-Secret": String(secret.dropLast()), "X-Identity-Status": "Confirmed"]),
        ("a longer secret", ["X-Vitrine-Secret": secret + "x", "X-Identity-Status": "Confirmed"]),
        ("the secret in capitals", ["X-Vitrine-Secret": secret.uppercased(), "X-Identity-Status": "Confirmed"]),
        ("the secret and nothing confirmed", ["X-Vitrine-Secret": secret]),
        ("the secret and an invalid identity", ["X-Vitrine-Secret": secret, "X-Identity-Status": "Invalid"]),
        ("the secret elsewhere", ["X-Auth-Token": secret, "X-Identity-Status": "Confirmed"]),
        ("a client's token", ["X-Auth-Token": "admin", "X-Identity-Status": "Confirmed"]),
    ]

    @Test(arguments: strangers)
    func `is 401 with less than the secret and a confirmed identity`(_ row: String, _ headers: [String: String]) throws {
        let id = try glance.hasRecord(#"{"is_public": true}"#)
        let headers = Who.admin.headers.merging(headers) { $1 }
        let requests = [
            ("GET", "/"), ("GET", "/images"), ("GET", "/images/detail"), ("POST", "/images"), ("GET", "/images/\(id)"),
            ("PUT", "/images/\(id)"), ("DELETE", "/images/\(id)"), ("GET", "/images/\(id)/members"), ("PUT", "/images/\(id)/members"),
            ("PUT", "/images/\(id)/members/bolt"), ("DELETE", "/images/\(id)/members/bolt"), ("GET", "/shared-images/acme"),
            ("POST", "/uploads"), ("PUT", "/uploads"), ("POST", "/uploads/x/finish"), ("POST", "/uploads/x/give-back"), ("POST", "/copies"),
            ("DELETE", "/removals/1"), ("GET", "/nothing"),
        ]
        for (method, path) in requests {
            let body = method == "POST" || method == "PUT" ? #"{"image": {"name": "stolen"}}"# : nil
            let reply = try glance.askWith(headers, method, path, json: body)
            #expect(reply.status == 401, "\(row): \(method) \(path)")
            #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
            #expect(!reply.text.contains(Self.secret) && !reply.text.contains(id))
        }
        #expect(try glance.record(id)["name"] == .null)
        #expect(try glance.count("images", where: "id = '\(id)' AND deleted = 0") == 1)
    }

    @Test(arguments: ["X-Project-Id", "X-Tenant-Id", "x-tenant-id"])
    func `owns new images by the project that is named`(_ header: String) throws {
        let project = "project-\(newID())"
        let headers = identityHeaders.merging([header: project, "X-Roles": "member", "X-User-Id": "carol"]) { $1 }
        let made = try glance.askWith(headers, "POST", "/images", json: #"{"image": {"owner": "acme", "visibility": "private"}}"#)
        #expect(made.status == 200)
        #expect(made.image["owner"]?.string == project)
        let id = try #require(made.image["id"]?.string)
        #expect(try glance.askWith(headers, "GET", "/images/\(id)").status == 200)
        #expect(try glance.ask("GET", "/images/\(id)", as: .bob).status == 404)
    }

    @Test func `is of the newer header's project where both are there`() throws {
        let headers = identityHeaders.merging(["X-Project-Id": "new", "X-Tenant-Id": "old", "X-Roles": "member"]) { $1 }
        let made = try glance.askWith(headers, "POST", "/images", json: #"{"image": {}}"#)
        #expect(made.image["owner"]?.string == "new")
    }

    @Test(arguments: [
        ("admin", 200), ("member,admin", 200), ("admin,member", 200), ("member, admin", 200), ("Admin", 200), ("member", 404),
        ("", 404), ("administrator", 404), ("not-admin", 404), ("admin;member", 404),
    ])
    func `is an administrator by the roles`(_ roles: String, _ status: Int) throws {
        let id = try glance.hasRecord(#"{"visibility": "private"}"#)
        let headers = ["X-User-Id": "dave", "X-Project-Id": "elsewhere", "X-Roles": roles]
        #expect(try glance.askWith(identityHeaders.merging(headers) { $1 }, "GET", "/images/\(id)").status == status)
    }

    @Test func `stands in the log with user and project`() throws {
        let user = "user-\(newID())"
        #expect(try glance.ask("GET", "/images", ["X-User-Id": user]).status == 200)
        let log = "\(glance.folder)/log/glance-registry.log"
        #expect(
            try eventually {
                try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").contains {
                    $0.contains(user) && $0.contains("acme") && $0.contains("GET /images 200")
                }
            })
        #expect(try !String(contentsOfFile: log, encoding: .utf8).contains(Self.secret))
    }

    /// A client that guessed the secret gains nothing: glance-api checks only tokens.
    @Test(arguments: ["/v1/images", "/v2/images"])
    func `is nobody on the API's port for the same headers`(_ list: String) throws {
        let name = "hidden-\(newID())"
        let id = try glance.hasRecord(#"{"name": "\#(name)", "visibility": "private"}"#)
        let headers = identityHeaders.merging(["X-User-Id": "alice", "X-Project-Id": "acme", "X-Tenant-Id": "acme", "X-Roles": "admin"]) {
            $1
        }
        for path in [list, "\(list)/\(id)"] {
            #expect(try glance.send("GET", path, as: nil, headers).status == 401)
            let reply = try glance.send("GET", path, as: .bob, headers)
            #expect(reply.status == (path == list ? 200 : 404))
            #expect(!reply.text.contains(name))
        }
        #expect(try glance.send("DELETE", "\(list)/\(id)", as: .bob, headers).status == 404)
        let made = try glance.send("POST", "/v1/images", as: .bob, headers.merging(["x-image-meta-name": "mine"]) { $1 })
        #expect(made.json["image"]?["owner"]?.string == "bolt")
        #expect(try glance.record(id)["deleted"]?.bool == false)
    }

    /// A server that listens on all addresses is reachable at every loopback address too.
    @Test func `is on this host`() throws {
        _ = try HTTPConnection(port: glance.registryPort)
        let refused = #expect(throws: HTTPConnection.Failed.self) { try HTTPConnection(to: "127.0.0.2", port: glance.registryPort) }
        #expect(refused?.code == ECONNREFUSED)
    }

    /// The shipped file contains the restriction itself, wherever it is included.
    @Test func `is let in by nginx from the loopback address alone`() throws {
        let text = try String(contentsOfFile: "\(TestGlance.repository)/nginx/glance-registry.conf", encoding: .utf8)
        let rules = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            .filter { $0.hasPrefix("allow ") || $0.hasPrefix("deny ") }
        #expect(rules == ["allow 127.0.0.1;", "allow ::1;", "deny all;"])
    }
}
