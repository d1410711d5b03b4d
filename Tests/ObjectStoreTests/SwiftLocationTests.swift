import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite struct `Locations of a swift store` {
    private let store: SwiftStore

    init() throws {
        let main = try SwiftLogin(
            address: "https://keystone.example:5000/v3/", version: .v3, identity: .user("service:glance", key: "k"))
        let other = try SwiftLogin(address: "http://swift.example/auth/v1.0", version: .v1, identity: .user("acme:alice", key: "k"))
        store = SwiftStore(.init(references: ["ref1": main, "ref2": other], mainReference: "ref1"))
    }

    @Test(
        arguments: [
            "swift+config://ref1/glance/1b4e28ba", "swift+config://ref2/glance/x", "swift+config://ref1/glance_fda/x",
            "swift+config://ref1/glance_fdae39a1-ba/x",
            "swift://service:glance:old@keystone.example:5000/v3/glance/x",
            "swift+https://service%3Aglance:p%40ss@keystone.example:5000/v2.0/glance/x", "swift+https://KEYSTONE.example:5000/v3/glance/x",
            "swift+http://acme:bob:pass@swift.example:80/auth/v1.0/glance/x", "swift+http://swift.example/auth/v1.0/glance/x",
        ])
    func `are those of its accounts and containers, in the forms of old rows, too`(_ url: String) {
        #expect(store.holds(url))
    }

    @Test(
        arguments: [
            "swift+config://ref3/glance/x", "swift+config://ref1/other/x", "swift+config://ref1/glance_xyz/x",
            "swift+config://ref1/glance_/x",
            "swift+config://ref1/glance", "swift+config://ref1/glance/", "swift+config://ref1/glance/vitrine/pending/x",
            "swift+config://ref1/v1/glance/x", "swift+config://ref1/glance/..%2Fx", "swift+config://ref1/glance/x?y",
            "swift+config:///glance/x",
            "swift+https://a:b:c@10.0.0.1/v3/glance/x", "swift+http://a:b:c@keystone.example:5000/v3/glance/x",
            "swift+https://a:b:c@keystone.example:5001/v3/glance/x", "swift+https://a:b:c@keystone.example:5000/v3/other/x",
            "swift+https://service:glance:k@keystone.example:5000@10.0.0.1/v3/glance/x",
            "swift+https://user-alone@keystone.example:5000/v3/glance/x", "swift+https://a:b:c@http://keystone.example:5000/v3/glance/x",
            "s3://keystone.example/glance/x", "swift+config://ref1/glance/" + String(repeating: "x", count: 5000),
        ])
    func `are none that lead elsewhere`(_ url: String) {
        #expect(!store.holds(url))
    }

    /// What other nodes compare: no user and no key.
    @Test func `are told to other nodes by container, server and project`() {
        #expect(
            store.place == [
                "container": "glance",
                "server of the reference 'ref1'": "keystone.example:5000", "project of the reference 'ref1'": "service",
                "server of the reference 'ref2'": "swift.example:80", "project of the reference 'ref2'": "acme",
            ])
    }

    @Test func `are read by the configured key of their user, and by the row's own where no other is known`() throws {
        guard let engine = try SwiftEngine.login(), case .user(let user, let key) = engine.identity else { return }
        let settings = SwiftEngine.settings(engine)
        let pending = try SwiftStore(settings).begin(.fresh(), token: .token(), announcing: 5)
        try pending.write("hello")
        let path = try pending.commit().url.dropFirst("swift+config://ref1/".count)
        let server = engine.address.dropFirst("http://".count)
        let mine = SwiftStore(settings)
        let row = { (user: String, key: String) in "swift+http://\(user):\(key)@\(server)/\(path)" }
        #expect(try mine.bytes(at: row(user, "an-old-key")).open(1).all() == Array("ello".utf8))
        var others = settings
        others.references = [
            "ref1": try SwiftLogin(address: engine.address, version: .v1, identity: .user("nobody:here", key: "x"))
        ]
        #expect(try SwiftStore(others).bytes(at: row(user, key)).open(0).all() == Array("hello".utf8))
        #expect(throws: Fault.of(.unavailable)) { try SwiftStore(others).bytes(at: row(user, "an-old-key")) }
        try mine.remove(row(user, "an-old-key"))
        #expect(throws: Fault.of(.notFound)) { try mine.bytes(at: row(user, key)) }
    }
}

@Suite struct `A file of references to Swift` {
    private static let text = """
        [DEFAULT]
        auth_address = https://keystone/v3
        # the main one
        [ref1]
        User: service:glance
        key = 100%%sure = yes
        user_domain_name = Users
        [ref 2]
        application_credential_id = id
        application_credential_secret = secret
        auth_address = http://swift:8080/
        [ref3]
        user = acme:alice
        key = k
        auth_version = 1
        auth_address = http://swift:8080/auth/v1.0
        """

    @Test func `has a login for each section`() throws {
        let file = try SwiftReferences(Self.text)
        #expect(file.names == ["ref1", "ref 2", "ref3"])
        #expect(
            try file.login("ref1", version: "3")
                == SwiftLogin(
                    address: "https://keystone/v3", version: .v3, identity: .user("service:glance", key: "100%sure = yes"),
                    userDomain: .init(name: "Users")))
        #expect(
            try file.login("ref 2", version: "2")
                == SwiftLogin(address: "http://swift:8080", version: .v3, identity: .applicationCredential(id: "id", secret: "secret")))
        #expect(try file.login("ref3", version: "3").version == .v1)
    }

    /// As Glance's driver reads them. Source: glance_store, `_drivers/swift/utils.py`, `SwiftConfigParser`; Python, `configparser`.
    @Test(
        arguments: [
            "[ref1]\nauth_address = 'http://x/v3'\nuser = \"a:b\"\nkey = \"it's\"\nuser_domain_id = \"\"\n",
            "[ref1]\r\nauth_address = http://x/v3\r\nuser = a:b\r\nkey = it's\r\n",
            "[DEFAULT]\nserver = http://x\n[ref1]\nauth_address = %(server)s/v3\nname = a\nuser = %(NAME)s:b\nkey = it's",
        ])
    func `is read as Glance reads it`(_ text: String) throws {
        let expected = try SwiftLogin(address: "http://x/v3", version: .v3, identity: .user("a:b", key: "it's"))
        #expect(try SwiftReferences(text).login("ref1", version: "3") == expected)
    }

    @Test func `may name a server without its scheme, which is https`() throws {
        let file = try SwiftReferences("[ref1]\nauth_address = keystone:5000/v3/\nuser = a:b\nkey = k")
        #expect(try file.login("ref1", version: "3").address == "https://keystone:5000/v3")
    }

    @Test(
        arguments: [
            ("[ref1]\nauth_address = http://x\nuser = a:b", "not both user and key"),
            ("[ref1]\nuser = a:b\nkey = hidden", "no auth_address"),
            ("[ref1]\nauth_address = http://x\nuser = ab\nkey = hidden", "project:user"),
            ("[ref1]\nauth_address = ftp://keystone\nuser = a:b\nkey = hidden", "address"),
            ("[ref1]\nauth_address = http://x\nuser = a:b\nkey = \"hidden", "key"),
            ("[ref1]\nauth_address = http://x\nuser = a:b\nkey = hidden%(nothing)s", "key"),
            ("[ref1]\nauth_address = http://x\nuser = %(user)s\nkey = hidden", "user"),
            ("[ref1]\nauth_address = http://a:b@x\nuser = a:b\nkey = hidden", "address"),
            ("[ref1]\nauth_address = http://x\napplication_credential_id = hidden", "credential"),
            ("key = hidden", "line 1"), ("[ref1]\nhidden", "line 2"), ("[]", "line 1"), ("[ref1]\n[ref1]", "twice"),
        ])
    func `is refused with the reason, which shows no key`(_ text: String, _ reason: String) {
        let error = #expect(throws: SwiftLoginError.self) { try SwiftReferences(text).login("ref1", version: "3") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("hidden") == false)
    }
}
