import Foundation
import TestSupport
import Testing

/// The whole service in a cloud: `flavor = keystone`, V2, V1 and the registry.
@Suite(.sharesServices) struct `The service in a cloud` {
    let glance: TestGlance
    let keystone: FakeKeystone

    init() throws { (glance, keystone) = try Self.shared.get() }

    private static let shared = Shared { try start() }

    static func options(_ keystone: FakeKeystone) -> String {
        """
        www_authenticate_uri = http://keystone.example:5000
        auth_url = \(keystone.address)
        auth_type = password
        username = glance
        password = s3cret-password
        project_name = service
        user_domain_id = default
        project_domain_name = Default
        memcached_servers = 127.0.0.1:11211
        http_connect_timeout = 2
        """
    }

    /// A group with a login by an application credential.
    private static func credential(_ keystone: FakeKeystone) -> String {
        """
        auth_type = v3applicationcredential
        auth_url = \(keystone.address)
        application_credential_id = c
        application_credential_secret = s3cret
        """
    }

    /// The login is in another group; the options of the connection are not.
    @Test func `logs in as a group says that another one names`() throws {
        let keystone = try FakeKeystone()
        keystone.knows("alice")
        let own = "auth_section = login\nwww_authenticate_uri = http://keystone.example:5000\nhttp_connect_timeout = 2\nusername = nobody"
        let glance = try TestGlance(
            ["keystone_authtoken": own, "login": Self.credential(keystone) + "\ninsecure = maybe\npasscode = 1\nusernaem = x"],
            identity: "keystone", workers: 1)
        #expect(try glance.send("GET", "/v2/images", as: .alice).status == 200)
        #expect(keystone.logins.count == 1 && keystone.logins[0].contains("\"application_credential\": {\"id\": \"c\""))
        let log = try glance.workerLog()
        #expect(log.contains("[login] passcode is an option of Glance's that has no effect here"))
        #expect(log.contains("unknown option [login] usernaem, did you mean [login] username?"))
        #expect(!log.contains("unknown option [login] auth_") && !log.contains("unknown option [login] application"))
    }

    /// Callers, limits and, for the certificate of a signed image, the catalog.
    @Test func `logs in once, whatever it asks Keystone`() throws {
        let keystone = try FakeKeystone()
        keystone.knows("alice")
        let login = Self.login(at: keystone)
        let glance = try TestGlance(
            [
                "DEFAULT": "use_keystone_limits = true", "keystone_authtoken": login,
                "oslo_limit": login + "\nendpoint_id = images",
            ], identity: "keystone", workers: 1)
        let id = try glance.hasImage(as: .alice)
        #expect(try glance.upload(Array("hello".utf8), to: id, as: .alice).status == 204)
        let signed = #"""
            {"disk_format": "raw", "container_format": "bare", "img_signature": "QUJD", "img_signature_hash_method": "SHA-256",
            "img_signature_key_type": "RSA-PSS", "img_signature_certificate_uuid": "11111111-1111-1111-1111-111111111111"}
            """#
        let second = try glance.hasImage(as: .alice, signed)
        #expect(try glance.upload(Array("hello".utf8), to: second, as: .alice).status == 400)
        #expect(keystone.heads.contains { $0.contains("/registered_limits") })
        #expect(keystone.logins.count == 1)
    }

    /// The options that `[keystone_authtoken]` and `[oslo_limit]` both have.
    private static func login(at keystone: FakeKeystone) -> String {
        """
        auth_url = \(keystone.address)
        username = glance
        password = s3cret-password
        project_name = service
        user_domain_id = default
        project_domain_name = Default
        """
    }

    private static func start() throws -> (TestGlance, FakeKeystone) {
        let keystone = try FakeKeystone()
        keystone.knowsEverybody()
        let glance = try TestGlance(
            ["keystone_authtoken": options(keystone), "paste_deploy": "flavor = keystone+cachemanagement", "DEFAULT": "debug = true"],
            identity: nil, workers: 1, runsRegistry: true)
        return (glance, keystone)
    }

    private let challenge = #"Keystone uri="http://keystone.example:5000""#

    @Test(arguments: [
        "/v2/images", "/v2/images/x/file", "/v2/nothing", "/v1/images", "/v1/images/detail", "/v1/nothing", "/v2/schemas/image",
    ])
    func `says to those it does not know where Keystone is`(_ path: String) throws {
        let tokens: [[String: String]] = [
            [:], ["X-Auth-Token": ""], ["X-Auth-Token": "nobody"], ["X-Auth-Token": "a\tb"], ["X-Auth-Token": "\u{1}\u{2}"],
            ["X-Auth-Token": String(repeating: "a", count: 9000)], ["X-Service-Token": "admin"],
        ]
        for headers in tokens {
            let reply = try glance.send("GET", path, as: nil, headers)
            #expect(reply.status == 401)
            #expect(reply["WWW-Authenticate"] == challenge)
        }
    }

    @Test func `does not take in a token of 100 KB`() throws {
        let token = String(repeating: "a", count: 100_000)
        let reply = try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": token])
        // nginx's limit of a header's line.
        #expect(reply.status == 400)
        // Keystone is asked about other tokens meanwhile.
        #expect(!keystone.heads.contains { $0.contains(token.prefix(10_000)) })
    }

    @Test func `tells its versions to everybody`() throws {
        #expect(try glance.send("GET", "/", as: nil).status == 300)
        #expect(try glance.send("GET", "/versions", as: nil).status == 200)
    }

    @Test func `knows owner, reader and administrator in V2`() throws {
        let id = try glance.hasActiveImage(as: .alice)
        #expect(try glance.image(id)["owner"]?.string == "acme")
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .reader).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .reader).status == 403)
        #expect(try glance.send("POST", "/v2/images", as: .reader, json: "{}").status == 403)
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .bob).status == 404)
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .admin).status == 200)
    }

    @Test func `knows owner, reader and administrator in V1, through the registry`() throws {
        let data = Array("hello".utf8)
        let headers = [
            "x-image-meta-name": "classic", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
            "Content-Type": "application/octet-stream",
        ]
        #expect(try glance.send("POST", "/v1/images", as: .reader, headers, body: data).status == 403)
        let reply = try glance.send("POST", "/v1/images", as: .alice, headers, body: data)
        #expect(reply.status == 201)
        #expect(reply.json["image"]?["owner"]?.string == "acme")
        let id = try #require(reply.json["image"]?["id"]?.string)
        #expect(try glance.send("HEAD", "/v1/images/\(id)", as: .reader).status == 200)
        #expect(try glance.send("HEAD", "/v1/images/\(id)", as: .bob).status == 404)
        #expect(try glance.send("HEAD", "/v1/images/\(id)", as: .admin).status == 200)
    }

    @Test(arguments: [#""system": {"all": true},"#, #""domain": {"id": "default", "name": "Default"},"#])
    func `does nothing for administrators of a domain or of the system`(_ scope: String) throws {
        let token = "scoped-\(UInt32.random(in: 0 ... .max))"
        keystone.knows(token, .init(roles: ["admin", "member", "reader"], scope: scope))
        let id = try glance.hasActiveImage(as: .alice, visibility: "public")
        func status(_ method: String, _ path: String, _ headers: [String: String] = [:], _ body: String? = nil) throws -> Int {
            let headers = headers.merging(["X-Auth-Token": token]) { $1 }
            return try glance.send(method, path, as: nil, headers, body: body.map { Array($0.utf8) }).status
        }
        #expect(try status("GET", "/v2/images") == 403)
        #expect(try status("POST", "/v2/images", ["Content-Type": "application/json"], "{}") == 403)
        #expect(try status("GET", "/v2/images/\(id)") == 404)
        #expect(try status("DELETE", "/v2/images/\(id)") == 404)
        #expect(try status("GET", "/v1/images") == 403)
        #expect(try status("DELETE", "/v1/images/\(id)") == 404)
        #expect(try glance.status(of: id) == "active")
        // A request that checks no rule.
        #expect(try status("GET", "/v2/schemas/image") == 200)
    }

    @Test func `goes on with an upload whose token has ended meanwhile`() throws {
        let token = "short-\(UInt32.random(in: 0 ... .max))"
        keystone.knows(token, .init(scope: FakeKeystone.project("acme"), life: 3))
        let id = try glance.hasImage(as: .alice)
        let connection = try HTTPConnection(port: glance.port)
        let headers = ["X-Auth-Token": token, "Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", nil, headers))
        try connection.send("5\r\nhello\r\n")
        #expect(try eventually { try glance.status(of: id) == "saving" })
        keystone.forgets(token)
        #expect(
            try eventually { try glance.send("GET", "/v2/images/\(id)", as: nil, ["X-Auth-Token": token]).status == 401 })
        try connection.send("5\r\nworld\r\n0\r\n\r\n")
        #expect(try connection.receive().status == 204)
        #expect(try glance.image(id)["size"]?.int == 10)
    }

    @Test func `serves those it knows while Keystone is away, and says to others that it cannot`() throws {
        let keystone = try FakeKeystone()
        keystone.knows("alice")
        let glance = try TestGlance(
            ["keystone_authtoken": Self.options(keystone)], identity: "keystone", workers: 1)
        #expect(try glance.send("GET", "/v2/images", as: .alice).status == 200)
        keystone.behaves(.rude)
        let id = "req-\(UUID().uuidString.lowercased())"
        let reply = try glance.send("GET", "/v2/images", as: .bob, ["X-Openstack-Request-Id": id])
        #expect(reply.status == 503)
        #expect(reply["Retry-After"] != nil)
        #expect(!reply.text.contains(String(keystone.address.suffix(5))))
        #expect(try glance.send("GET", "/v2/images", as: .alice).status == 200)
        let said = try glance.workerLog().split(separator: "\n").filter { $0.contains(" ERROR ") }
        #expect(said.count == 1 && said[0].contains(id) && said[0].contains("Keystone: "))
        keystone.behaves(.proper)
        keystone.knows("bob")
        #expect(try eventually { try glance.send("GET", "/v2/images", as: .bob).status == 200 })
        #expect(try !glance.workerLog().contains("s3cret") && !glance.workerLog().contains("own-1"))
    }

    @Test func `has no complaint about options that Glance has, and tells a slip of the pen`() throws {
        let complaint = "[keystone_authtoken] memcached_servers is an option of Glance's that has no effect here"
        #expect(try eventually { try glance.workerLog().contains(complaint) })
        let log = try glance.workerLog()
        #expect(!log.contains("unknown option [keystone_authtoken]"))
        #expect(!log.contains("s3cret"))
    }

    @Test(
        arguments: [
            ("auth_url", nil, "auth_url: is not set"), ("auth_url", "keystone:5000", "auth_url: 'keystone:5000' is no address"),
            ("password", nil, "password: is not set"), ("username", nil, "username: is not set"),
            ("project_name", nil, "project_name: is not set"),
            ("user_domain_id", nil, "user_domain_name: is not set"), ("project_domain_name", nil, "project_domain_name: is not set"),
            ("auth_type", "v3kerberos", "auth_type"), ("auth_type", "v3applicationcredential", "application_credential_secret: is not set"),
            ("cafile", "/nowhere", "cafile: /nowhere cannot be read"), ("token_cache_time", "soon", "token_cache_time"),
            ("http_connect_timeout", "0", "http_connect_timeout"), ("system_scope", "some", "system_scope: can only be 'all'"),
        ] as [(String, String?, String)])
    func `does not start with options that make no sense`(_ name: String, _ value: String?, _ said: String) throws {
        var lines = Self.options(keystone).split(separator: "\n").filter { !$0.hasPrefix("\(name) =") }.map(String.init)
        if let value { lines.append("\(name) = \(value)") }
        let file = "\(TestFolder.root)/keystone-\(UInt64.random(in: 0 ... .max))"
        let text = """
            [database]
            connection = mysql+pymysql://nobody@127.0.0.1:1/nothing
            [glance_store]
            filesystem_store_datadir = \(file).images
            [paste_deploy]
            flavor = keystone
            [keystone_authtoken]
            \(lines.joined(separator: "\n"))
            """
        try text.write(toFile: "\(file).conf", atomically: true, encoding: .utf8)
        let api = try Command("\(TestGlance.programs)/glance-api", ["--config-file", "\(file).conf", "--metadata", "\(file).sock"])
        #expect(api.status != 0)
        #expect(api.errors.contains(said), "\(api.errors)")
        #expect(!api.errors.contains("s3cret"))
    }
}
