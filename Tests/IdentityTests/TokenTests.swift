import Domain
import Identity
import Synchronization
import TestSupport
import Testing

/// Source: keystonemiddleware, `auth_token`.
@Suite struct `A token of Keystone's` {
    let service: Service
    private var keystone: FakeKeystone { service.keystone }

    init() throws { service = try Service() }

    @Test func `tells user, project and roles`() throws {
        keystone.knows("a", .init(roles: ["Member", "reader"]))
        let caller = try service.caller("a")
        #expect(caller.user == "a-user")
        #expect(caller.project == "acme")
        #expect(caller.roles == ["member", "reader"])
        #expect(caller.scope == .project && !caller.isAdmin && caller.serviceRoles.isEmpty)
    }

    @Test func `is asked for with the service's own, without the catalog`() throws {
        keystone.knows("a")
        _ = try service.caller("a")
        #expect(keystone.queries == ["nocatalog"])
        let head = try #require(keystone.heads.last)
        #expect(head.contains("\r\nX-Auth-Token: own-1\r\n") && head.contains("\r\nX-Subject-Token: a\r\n"))
        #expect(head.contains("\r\nOpenStack-Identity-Access-Rules: 1\r\n"))
    }

    @Test func `is asked for under the name of the request`() throws {
        keystone.knows("a")
        try Trace.$current.withValue(Trace(requestID: "req-1", globalRequestID: nil)) { _ = try service.caller("a") }
        #expect(keystone.heads.allSatisfy { $0.contains("\r\nX-Openstack-Request-Id: req-1\r\n") })
    }

    @Test func `of an administrator is judged by the rules in force at the moment`() throws {
        let rules = Changing()
        let service = Service(keystone, policy: rules)
        keystone.knows("a", .init(roles: ["boss"]))
        #expect(try !service.caller("a").isAdmin)
        rules.policy.withLock {
            $0 = Policy(overrides: [.init(name: "context_is_admin", check: .role("boss"), origin: "here")])
        }
        #expect(try service.caller("a").isAdmin)
        #expect(keystone.validations(of: "a") == 1)
    }

    @Test(arguments: [
        #""domain": {"id": "default", "name": "Default"},"#, #""system": {"all": true},"#,
    ]) func `that is not for a project lets nothing be done, whatever its roles`(_ scope: String) throws {
        keystone.knows("a", .init(roles: ["admin"], scope: scope))
        let caller = try service.caller("a")
        #expect(caller.scope == .other && caller.project == nil && caller.roles.isEmpty && !caller.isAdmin)
        let open = Policy(overrides: [.init(name: "get_images", check: .always, origin: "here")])
        #expect(!open.allows(.getImages, caller, on: AttributeTarget([:])))
    }

    @Test func `for nothing is its user's, without a project`() throws {
        keystone.knows("a", .init(roles: [], scope: ""))
        let caller = try service.caller("a")
        #expect(caller.scope == .project && caller.project == nil && caller.roles.isEmpty && caller.user == "a-user")
    }

    @Test func `that Keystone does not know is nobody's`() throws {
        #expect(service.refusal("a") == .unauthenticated)
        #expect(service.refusal(nil) == .unauthenticated)
        #expect(service.tokens.challenge == #"Keystone uri="http://keystone.example:5000""#)
    }

    static let impossible: [String] = [
        "", " ", "a b", "a\tb", "a\nb", "a\r\nX-Roles: admin", "\u{0}", "\u{7F}", "\u{1}\u{2}", "é", "\u{FEFF}a",
        String(repeating: "a", count: 8001), String(repeating: "a", count: 100_000), String(repeating: "\u{1}", count: 100_000),
    ]

    @Test(arguments: impossible) func `that can be none is refused without a question`(_ token: String) throws {
        #expect(service.refusal(token) == .unauthenticated)
        keystone.knows("a")
        #expect(service.refusal("a", service: token) == nil)
        #expect(keystone.heads.count == 2)
    }

    @Test func `may have as many letters as fit into a line of a web server`() throws {
        let long = String(repeating: "a", count: 8000)
        keystone.knows(long)
        #expect(service.refusal(long) == nil)
    }

    @Test func `that has expired is nobody's`() throws {
        keystone.knows("a", .init(life: -1))
        #expect(service.refusal("a") == .unauthenticated)
        // Even if Keystone says otherwise.
        keystone.behaves(.raw(answer(#"{"token": {"user": {"id": "x"}, "expires_at": "\#(keystoneTime(-5))", "roles": []}}"#)))
        #expect(service.refusal("b") == .unauthenticated)
    }

    @Test(arguments: [-3600, 3600]) func `ends by Keystone's clock`(_ lead: Int) throws {
        keystone.isAhead(by: lead)
        keystone.knows("a", .init(life: 600))
        #expect(service.refusal("a") == nil)
        let ended = keystoneTime(lead - 5)
        keystone.behaves(.raw(answer(#"{"token": {"user": {"id": "x"}, "expires_at": "\#(ended)", "roles": []}}"#)))
        #expect(service.refusal("b") == .unauthenticated)
    }

    private func answer(_ body: String) -> String { "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" }

    // MARK: services

    @Test func `that has expired is good when a service brings it`() throws {
        keystone.knows("old", .init(life: -10))
        keystone.knows("nova", .init(roles: ["service", "Spare"]))
        #expect(service.refusal("old") == .unauthenticated)
        let caller = try service.caller("old", service: "nova")
        #expect(caller.user == "old-user" && caller.serviceRoles == ["service", "Spare"])
        #expect(keystone.queries.contains("nocatalog&allow_expired=1"))
        // It is cached now, and still for services alone.
        #expect(service.refusal("old") == .unauthenticated)
        #expect(service.refusal("old", service: "nova") == nil)
        #expect(keystone.validations(of: "old") == 2)
    }

    @Test(arguments: ["nobody", "alice"]) func `that has expired is no good with what is no service's token`(_ other: String) throws {
        keystone.knows("old", .init(life: -10))
        keystone.knows("alice")
        keystone.knows("bob")
        #expect(service.refusal("old", service: other) == .unauthenticated)
        // A valid token is then enough by itself.
        #expect(try service.caller("bob", service: other).serviceRoles.isEmpty)
    }

    @Test func `of any user is a service's where no role is required, but lets no expired one through`() throws {
        let service = Service(keystone, rules: { $0.areServiceRolesRequired = false })
        keystone.knows("old", .init(life: -10))
        keystone.knows("alice")
        keystone.knows("bob")
        #expect(try service.caller("bob", service: "alice").serviceRoles == ["member", "reader"])
        #expect(service.refusal("old", service: "alice") == .unauthenticated)
    }

    @Test func `of a service alone is nobody's`() throws {
        keystone.knows("nova", .init(roles: ["service"]))
        #expect(service.refusal(nil, service: "nova") == .unauthenticated)
    }

    @Test func `may be asked for by its service's roles`() throws {
        keystone.knows("a")
        keystone.knows("nova", .init(roles: ["service"]))
        let policy = Policy(overrides: [.init(name: "get_images", check: Check("service_roles:service"), origin: "here")])
        let target = AttributeTarget([:])
        #expect(try policy.allows(.getImages, service.caller("a", service: "nova"), on: target))
        #expect(try !policy.allows(.getImages, service.caller("a"), on: target))
        #expect(try !policy.allows(.getImages, service.caller("nova"), on: target))
    }

    /// Source: oslo.context, `to_policy_values`.
    @Test(arguments: [
        ("project_domain_id:default and user_domain_id:default", true), ("project_domain_id:other", false), ("is_admin_project:True", true),
        ("service_user_id:nova-user and service_project_id:acme", true), ("service_user_id:a-user", false), ("system_scope:all", false),
        ("domain_id:None and system_scope:None", true),
    ]) func `may be asked for by domains, and by who sends on`(_ text: String, _ allows: Bool) throws {
        keystone.knows("a")
        keystone.knows("nova", .init(roles: ["service"]))
        let policy = Policy(overrides: [.init(name: "get_images", check: Check(text), origin: "here")])
        #expect(try policy.allows(.getImages, service.caller("a", service: "nova"), on: AttributeTarget([:])) == allows)
    }

    // MARK: access rules

    private func credential(_ rules: String) -> FakeKeystone.Person {
        .init(more: #""application_credential": {"id": "c", "restricted": true, "access_rules": \#(rules)},"#)
    }

    static let rules: [(rule: String, request: String, isAllowed: Bool)] = [
        ("GET /v2/images", "GET /v2/images", true), ("GET /v2/images", "POST /v2/images", false),
        ("GET /v2/images", "GET /v2/images/1", false), ("GET /v2/images", "GET /v2/image", false),
        ("GET /v2/images/*", "GET /v2/images/1", true),
        ("GET /v2/images/{id}", "GET /v2/images/1", true), ("GET /v2/images/{id}", "GET /v2/images/", false),
        ("GET /v2/images/{id}", "GET /v2/images/1/file", false), ("GET /v2/images/*/file", "GET /v2/images/1/file", true),
        ("GET /v2/**", "GET /v2/images/1/file", true), ("GET /v2/**", "GET /v2/", true), ("GET /v2/**", "GET /v1/images", false),
        ("GET **/file", "GET /v2/images/1/file", true), ("GET /**/1/**", "GET /v2/images/1/file", true),
        ("GET .*", "GET /v2/images", false),
        ("GET /v2/images.", "GET /v2/images1", false), ("GET /v2/{", "GET /v2/{", true), ("GET ", "GET /v2/images", false),
        ("GET " + String(repeating: "*/**", count: 2000), "GET " + String(repeating: "/a", count: 4000), false),
    ]

    @Test(arguments: rules) func `with access rules is good for what they name`(_ rule: String, _ request: String, _ isAllowed: Bool) throws
    {
        let service = Service(keystone, rules: { $0.serviceType = "image" })
        func parts(_ text: String) -> [String] {
            text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let (rule, request) = (parts(rule), parts(request))
        keystone.knows("a", credential(#"[{"id": "1", "service": "image", "method": "\#(rule[0])", "path": "\#(rule[1])"}]"#))
        #expect(service.refusal("a", request[0], request[1]) == (isAllowed ? nil : .unauthenticated))
        // A forwarding service needs the permissions of its work.
        keystone.knows("nova", .init(roles: ["service"]))
        #expect(service.refusal("a", service: "nova", request[0], request[1]) == nil)
        #expect(service.refusal("a", service: "nobody", request[0], request[1]) == (isAllowed ? nil : .unauthenticated))
        // If the service's own name is not known, no permission counts.
        #expect(self.service.refusal("a", request[0], request[1]) == .unauthenticated)
    }

    @Test(arguments: [
        "[]", #"[{"service": "compute", "method": "GET", "path": "/v2/images"}]"#, #"["GET /v2/images"]"#, #"{"service": "image"}"#, "7",
    ]) func `with access rules for other things is good for nothing`(_ rules: String) throws {
        let service = Service(keystone, rules: { $0.serviceType = "image" })
        keystone.knows("a", credential(rules))
        #expect(service.refusal("a") == .unauthenticated)
    }

    @Test func `of an application credential without access rules is good for everything`() throws {
        keystone.knows("a", credential("null"))
        #expect(service.refusal("a") == nil)
    }
}

private final class Changing: PolicySource {
    let policy = Mutex(Policy())
    var current: Policy { policy.withLock { $0 } }
}
