import Foundation
import TestSupport
import Testing

/// A configuration without identity opens nothing.
@Suite(.sharesServices) struct `A service that knows nobody` {
    private static func open(_ options: [String: String] = [:]) throws -> TestGlance {
        try TestGlance(options, identity: nil, workers: 1, runsRegistry: true)
    }

    private static let usual = Shared { try open() }
    private static let caching = Shared { try open(["paste_deploy": "flavor = caching"]) }

    private static let asked = [
        ("GET", "/v2/images"), ("POST", "/v2/images"), ("GET", "/v2/images/{id}"), ("DELETE", "/v2/images/{id}"),
        ("PATCH", "/v2/images/{id}"),
        ("GET", "/v2/images/{id}/file"), ("PUT", "/v2/images/{id}/file"), ("GET", "/v2/tasks"), ("GET", "/v2/metadefs/namespaces"),
        ("GET", "/v1/images"), ("POST", "/v1/images"), ("GET", "/v1/images/{id}"), ("DELETE", "/v1/images/{id}"),
        ("PUT", "/v1/images/{id}/members/x"), ("GET", "/v1/shared-images/acme"),
    ]

    @Test(arguments: asked, ["private", "public"])
    func `refuses everybody, and does not tell what there is`(_ request: (String, String), _ visibility: String) throws {
        for glance in [try Self.usual.get(), try Self.caching.get()] {
            let id = UUID().uuidString.lowercased()
            try glance.execute(
                """
                INSERT INTO images (id, name, status, visibility, owner, min_disk, min_ram, protected, os_hidden, deleted, created_at, updated_at)
                VALUES ('\(id)', 'secret', 'active', '\(visibility)', 'acme', 0, 0, 0, 0, 0, NOW(), NOW())
                """)
            for headers in [[:], ["X-Auth-Token": "admin"], ["X-Roles": "admin", "X-Identity-Status": "Confirmed"]] as [[String: String]] {
                var headers = headers
                if request.0 == "PATCH" { headers["Content-Type"] = "application/openstack-images-v2.1-json-patch" }
                if request.1.hasSuffix("/file") { headers["Content-Type"] = "application/octet-stream" }
                let body =
                    ["POST", "PATCH", "PUT"].contains(request.0) && request.1.hasPrefix("/v2") ? request.0 == "PATCH" ? "[]" : "{}" : nil
                let known = try glance.send(
                    request.0, request.1.replacing("{id}", with: id), as: nil, headers, body: body.map { Array($0.utf8) })
                #expect(known.status == 403, "\(request) \(known.text)")
                #expect(!known.text.contains("secret"))
                let unknown = try glance.send(
                    request.0, request.1.replacing("{id}", with: UUID().uuidString.lowercased()), as: nil, headers,
                    body: body.map { Array($0.utf8) })
                #expect(unknown.status == 403, "\(request)")
            }
            #expect(try glance.rows("SELECT status, name FROM images WHERE id = '\(id)'", columns: 2) == [["active", "secret"]])
        }
    }

    @Test func `says so loudly in its log, and tells its versions`() throws {
        let glance = try Self.usual.get()
        #expect(try eventually { try glance.workerLog().contains(#/CRITICAL glance\.identity \[-\] NOBODY CAN LOG IN/#) })
        #expect(try glance.send("GET", "/versions", as: nil).status == 200)
        #expect(try glance.send("GET", "/healthcheck", as: nil).status == 200)
        #expect(try glance.send("GET", "/v2/nothing", as: nil).status == 404)
    }

    /// As in Glance, whose policy may allow something to callers without a role.
    @Test func `lets everybody see what its policy says, and change nothing`() throws {
        let file = "\(TestFolder.root)/open-\(UInt64.random(in: 0 ... .max)).yaml"
        let rules = [
            "get_images", "get_image", "download_image", "add_image", "modify_image", "delete_image", "upload_image", "get_members",
        ]
        try rules.map { "\"\($0)\": \"\"\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
        let glance = try Self.open(["oslo_policy": "policy_file = \(file)"])
        for (id, visibility, owner) in [("a", "public", "'acme'"), ("b", "private", "'acme'"), ("c", "public", "NULL")] {
            try glance.execute(
                """
                INSERT INTO images (id, name, status, visibility, owner, min_disk, min_ram, protected, os_hidden, deleted, created_at, updated_at)
                VALUES ('\(id)', '\(id)', 'queued', '\(visibility)', \(owner), 0, 0, 0, 0, 0, NOW(), NOW())
                """)
        }
        #expect(Set(try glance.send("GET", "/v2/images", as: nil).json["images"]?.array?.map { $0["name"]?.string } ?? []) == ["a", "c"])
        #expect(try glance.send("GET", "/v2/images/a", as: nil).status == 200)
        for id in ["a", "b", "c"] {
            for version in ["v1", "v2"] { #expect(try glance.send("DELETE", "/\(version)/images/\(id)", as: nil).status == 403) }
            #expect(try glance.send("PUT", "/v1/images/\(id)", as: nil, ["x-image-meta-name": "new"]).status == 403)
        }
        for version in ["v1", "v2"] {
            #expect(try glance.send("POST", "/\(version)/images", as: nil, body: version == "v2" ? Array("{}".utf8) : nil).status == 403)
        }
        #expect(try glance.rows("SELECT CAST(COUNT(*) AS CHAR) FROM images WHERE deleted = 0 AND name = id") == [["3"]])
    }

    @Test(arguments: [
        "keystne", "Keystone", "keystone+", "keystone+cache", "cachemanagement+keystone", "caching,keystone", "none", "trusted-auth",
        "fakeauth",
    ])
    func `does not even start with a flavor that there is not`(_ flavor: String) throws {
        let base = "\(TestFolder.root)/flavor-\(UInt64.random(in: 0 ... .max))"
        for identity in ["", "[vitrine]\nidentity = none\n"] {
            try "[paste_deploy]\nflavor = \(flavor)\n[database]\nconnection = mysql+pymysql://nobody@127.0.0.1:1/nothing\n\(identity)"
                .write(
                    toFile: "\(base).conf", atomically: true, encoding: .utf8)
            let command = try Command(
                "\(TestGlance.programs)/glance-api", ["--config-file", "\(base).conf", "--metadata", "\(base).sock"], limit: 10)
            #expect(command.status != 0)
            #expect(command.errors.contains("[paste_deploy] flavor: '\(flavor)'"), "\(command.errors)")
            #expect(command.errors.contains("keystone+cachemanagement"))
        }
    }
}

/// `identity = none` makes callers on this host administrators; others only with a second option.
@Suite(.sharesServices) struct `A service that lets everybody be an administrator` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, identity: "none") }

    /// The status of a list for a client at an address, by CGI.
    private func status(from address: String, _ variables: [String: String] = [:]) throws -> Int {
        var all = [
            "PATH": "/usr/bin:/bin", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET",
            "REQUEST_URI": "/v2/images", "OS_GLANCE_CONFIG_DIR": glance.folder,
        ]
        if !address.isEmpty { all["REMOTE_ADDR"] = address }
        let command = try Command("\(TestGlance.programs)/glance-api", [], environment: all.merging(variables) { $1 }).succeeded()
        return Int(command.text.firstMatch(of: #/Status: (\d+)/#)?.1 ?? "") ?? 0
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
    func `answers its own host`(_ address: String) throws {
        #expect(try status(from: address) == 200)
    }

    @Test(arguments: [
        "192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "::", "0.0.0.0", "128.0.0.1", "unix:", "localhost", "127.1", "",
    ])
    func `answers no other`(_ address: String) throws {
        #expect(try status(from: address) == 403)
        #expect(try status(from: address, ["OS_VITRINE__IDENTITY_NONE_BEYOND_LOOPBACK": "true"]) == 200)
    }

    @Test(arguments: ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
    func `answers no proxy, which asks for others`(_ header: String) throws {
        #expect(try glance.send("GET", "/v2/images", as: nil).status == 200)
        let reply = try glance.send("GET", "/v2/images", as: nil, [header: "192.0.2.1"])
        #expect(reply.status == 403)
        #expect(reply.text.contains("only clients of its own host"))
    }

    @Test func `says so in its log`() throws {
        #expect(try eventually { try glance.workerLog().contains(#/WARNING glance\.identity \[-\] \[vitrine\] identity = none/#) })
    }
}
