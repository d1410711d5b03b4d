import Domain
import HTTPClient
import Identity
import JSONDocument
import TestSupport
import Testing

@Suite struct `The service's own login` {
    let keystone: FakeKeystone
    init() throws { keystone = try FakeKeystone() }

    @Test func `waits until it is needed, and is one for all`() throws {
        let service = Service(keystone)
        #expect(keystone.heads.isEmpty)
        #expect(service.refusals((1...50).map { "token-\($0)" }).allSatisfy { $0 == .unauthenticated })
        #expect(keystone.logins.count == 1)
        #expect(!service.log.text.contains("s3cret"))
    }

    static let proofs: [(KeystoneAccess.Proof, KeystoneAccess.Scope, String)] = [
        (
            .password("p", of: .name("glance", domain: .id("default"))), .project(.name("service", domain: .name("Default"))),
            #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"glance","domain":{"id":"default"},"password":"p"}}},"scope":{"project":{"name":"service","domain":{"name":"Default"}}}}}"#
        ),
        (
            .password("p", of: .id("u")), .project(.id("s")),
            #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"p"}}},"scope":{"project":{"id":"s"}}}}"#
        ),
        (
            .password("\"\\", of: .id("u")), .system,
            #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"\"\\"}}},"scope":{"system":{"all":true}}}}"#
        ),
        (
            .password("p", of: .id("u")), .domain(.name("d")),
            #"{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"p"}}},"scope":{"domain":{"name":"d"}}}}"#
        ),
        (
            .applicationCredential(id: "c", secret: "s"), .ofCredential,
            #"{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"c","secret":"s"}}}}"#
        ),
        (
            .applicationCredentialNamed("c", of: .name("u", domain: .id("d")), secret: "s"), .ofCredential,
            #"{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"name":"c","user":{"name":"u","domain":{"id":"d"}},"secret":"s"}}}}"#
        ),
    ]

    @Test(arguments: proofs.indices) func `is by password or by application credential`(_ number: Int) throws {
        let (proof, scope, body) = Self.proofs[number]
        let service = Service(keystone, access: { ($0.proof, $0.scope) = (proof, scope) })
        #expect(service.refusal("a") == .unauthenticated)
        let sent = try #require(keystone.logins.first)
        #expect(try JSON(parsing: Array(sent.utf8)) == JSON(parsing: Array(body.utf8)))
    }

    @Test(arguments: ["", "/", "/v3", "/v3/", "/v2.0", "/identity", "/identity/", "/identity/v3"])
    func `finds the address with or without its version`(_ path: String) throws {
        let service = Service(keystone, address: keystone.address + path)
        #expect(service.refusal("a") == .unauthenticated)
        let root = path.contains("identity") ? "/identity" : ""
        #expect(keystone.heads.first?.hasPrefix("POST \(root)/v3/auth/tokens HTTP") == true)
        #expect(keystone.heads.last?.hasPrefix("GET \(root)/v3/auth/tokens?nocatalog HTTP") == true)
    }

    /// Source: keystonemiddleware, `_create_identity_server`.
    @Test(
        arguments: [
            ("internal", nil, "one-internal"), ("public", nil, "one-public"), ("publicURL", nil, "one-public"),
            ("internal", "two", "two-internal"), ("internal", "three", ""), ("admin", nil, ""),
        ] as [(String, String?, String)])
    func `finds where tokens are checked in the catalog, by interface and region`(_ interface: String, _ region: String?, _ path: String)
        throws
    {
        func endpoint(_ interface: String, _ region: String) -> String {
            #"{"interface": "\#(interface)", "region": "\#(region)", "region_id": "\#(region)", "url": "\#(keystone.address)/\#(region)-\#(interface)"}"#
        }
        let endpoints = [endpoint("public", "one"), endpoint("internal", "one"), endpoint("internal", "two")]
        keystone.hasCatalog(
            """
            [{"type": "image", "endpoints": [{"interface": "internal", "region_id": "one", "url": "\(keystone.address)/image"}]},
             {"type": "identity", "endpoints": [\(endpoints.joined(separator: ", ")),
              {"interface": "admin", "region_id": "one", "url": "file:///etc/passwd"}, 7, {}]}]
            """)
        let service = Service(
            keystone,
            access: {
                $0.interface = interface
                $0.region = region
            })
        #expect(service.refusal("a") == .unauthenticated)
        let root = path.isEmpty ? "" : "/\(path)"
        #expect(keystone.heads.last?.hasPrefix("GET \(root)/v3/auth/tokens?nocatalog HTTP") == true)
    }

    @Test func `is renewed before its end`() throws {
        keystone.givesOwnTokens(lasting: 2)
        let service = Service(keystone)
        #expect(service.refusal("a0") == .unauthenticated)
        var number = 0
        let isRenewed = eventually {
            number += 1
            #expect(service.refusal("a\(number)") == .unauthenticated)
            return keystone.logins.count == 3
        }
        #expect(isRenewed)
    }

    @Test func `is done again, once, when Keystone does not know its token any more`() throws {
        let service = Service(keystone)
        keystone.knows("a")
        keystone.knows("b")
        #expect(service.refusal("a") == nil)
        keystone.revokesOwnTokens()
        #expect(service.refusal("b") == nil)
        #expect(keystone.logins.count == 2)
        #expect(keystone.validations(of: "b") == 2)
    }

    @Test func `is done again once for many that meet its end`() throws {
        let service = Service(keystone)
        #expect(service.refusal("a") == .unauthenticated)
        keystone.revokesOwnTokens()
        #expect(service.refusals((1...50).map { "token-\($0)" }).allSatisfy { $0 == .unauthenticated })
        #expect(keystone.logins.count == 2)
    }

    @Test func `that brings tokens which Keystone does not take ends in 503`() throws {
        keystone.answersLogins(
            "HTTP/1.1 201 Created\r\nX-Subject-Token: wrong\r\nContent-Length: \(Self.stray.utf8.count)\r\n\r\n\(Self.stray)")
        let service = Service(keystone)
        #expect(service.refusal("a") == .unavailable)
        #expect(keystone.logins.count == 2)
    }

    private static let stray = #"{"token": {"issued_at": "\#(keystoneTime(0))", "expires_at": "\#(keystoneTime(600))"}}"#

    static let badLogins: [String] = [
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 300 Multiple Choices\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 201 Created\r\nX-Subject-Token: a\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 201 Created\r\nX-Subject-Token: a\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 201 Created\r\nX-Subject-Token: a b\r\nContent-Length: \(stray.utf8.count)\r\n\r\n\(stray)",
        "HTTP/1.1 201 Created\r\nContent-Length: \(stray.utf8.count)\r\n\r\n\(stray)",
    ]

    @Test(arguments: badLogins) func `that fails makes every token uncheckable, not invalid`(_ answer: String) throws {
        keystone.answersLogins(answer)
        let service = Service(keystone)
        keystone.knows("a")
        #expect(service.refusal("a") == .unavailable)
        keystone.answersLogins(nil)
        #expect(service.refusal("a") == nil)
    }

    @Test func `that cannot be renewed yet leaves the token of before in use`() throws {
        keystone.givesOwnTokens(lasting: 8)
        let service = Service(keystone)
        keystone.knows("a")
        #expect(service.refusal("a") == nil)
        keystone.answersLogins("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        var number = 0
        // After half of its life, renewing is tried, and the checks continue.
        let isTried = eventually {
            number += 1
            keystone.knows("b\(number)")
            #expect(service.refusal("b\(number)") == nil)
            return keystone.logins.count > 1
        }
        #expect(isTried)
        #expect(service.log.text.contains("the service's own token cannot be renewed yet"))
    }
}

@Suite struct `Keystone's certificate` {
    @Test func `must be its host's, and signed by an authority that the operator trusts`() throws {
        let keystone = try FakeKeystone()
        keystone.knows("a")
        let pair = try SelfSigned(for: "localhost")
        let port = try freePort()
        let nginx = try Nginx(
            """
            \(pair.listening(on: port))
            ssl_client_certificate \(pair.certificate); ssl_verify_client optional;
            location / { proxy_pass \(keystone.address); }
            location /strict/ {
                if ($ssl_client_verify != SUCCESS) { return 403; }
                proxy_pass \(keystone.address)/;
            }
            """)
        func refusal(_ host: String, _ path: String = "", _ alter: (inout TLSSettings) -> Void) -> Fault.Kind? {
            Service(keystone, address: "https://\(host):\(port)\(path)", access: { alter(&$0.trust) }).refusal("a")
        }
        let own = pair.certificate
        #expect(refusal("localhost") { $0.certificateAuthority = own } == nil)
        #expect(refusal("localhost") { _ in } == .unavailable)
        #expect(refusal("127.0.0.1") { $0.certificateAuthority = own } == .unavailable)
        #expect(refusal("127.0.0.1") { $0.isBlind = true } == nil)
        // The credentials of the service itself.
        #expect(refusal("localhost", "/strict") { $0.certificateAuthority = own } == .unavailable)
        #expect(
            refusal("localhost", "/strict") {
                $0.certificateAuthority = own
                ($0.certificate, $0.key) = (own, pair.key)
            } == nil)
        #expect(try eventually { try nginx.accessLines() > 0 })
    }
}
