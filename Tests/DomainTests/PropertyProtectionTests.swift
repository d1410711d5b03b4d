import Domain
import Testing

@Suite struct `Rules of property protections` {
    /// Matches prefixes of names.
    private struct Prefixes: NamePatterns {
        let prefixes: [String]
        func firstFound(in name: String) -> Int? { prefixes.firstIndex { name.hasPrefix($0) } }
    }

    private func protections(_ rules: [(String, PropertyProtections.Permission)]) -> PropertyProtections {
        PropertyProtections(
            rules.map { rule in Dictionary(uniqueKeysWithValues: PropertyProtections.Operation.allCases.map { ($0, rule.1) }) },
            patterns: Prefixes(prefixes: rules.map(\.0)))
    }

    private func caller(_ roles: String...) -> Caller {
        Caller(user: "u", project: "p", roles: Set(roles), isAdmin: roles.contains("admin"))
    }

    @Test func `count in their order`() {
        let protections = protections([("x_a", .nobody), ("x_", .everybody)])
        for operation in PropertyProtections.Operation.allCases {
            #expect(!protections.allows(operation, on: "x_a1", by: caller("admin"), Policy()))
            #expect(protections.allows(operation, on: "x_b1", by: caller(), Policy()))
            #expect(!protections.allows(operation, on: "y", by: caller("admin"), Policy()))
        }
    }

    @Test func `ask for one of the roles`() {
        let protections = protections([("", .roles(["member", "builder"]))])
        #expect(protections.allows(.read, on: "x", by: caller("builder", "other"), Policy()))
        #expect(!protections.allows(.read, on: "x", by: caller("admin"), Policy()))
        #expect(!protections.allows(.read, on: "x", by: caller(), Policy()))
    }

    @Test func `count the roles of a service that asks for a user as the user's`() {
        let protections = protections([("", .roles(["service"]))])
        func caller(_ serviceRoles: Set<String>) -> Caller {
            Caller(user: "u", project: "p", roles: ["member"], serviceRoles: serviceRoles, isAdmin: false)
        }
        #expect(protections.allows(.read, on: "x", by: caller(["Service"]), Policy()))
        #expect(!protections.allows(.read, on: "x", by: caller([]), Policy()))
    }

    @Test func `ask a rule of the policy, and one that is not there lets nobody`() {
        let policy = Policy(overrides: [.init(name: "builders", check: .role("builder"), origin: "here")])
        let protections = protections([("a", .policy("builders")), ("", .policy("unheard_of"))])
        #expect(protections.allows(.read, on: "a", by: caller("builder"), policy))
        #expect(!protections.allows(.read, on: "a", by: caller("admin"), policy))
        #expect(!protections.allows(.read, on: "b", by: caller("admin", "builder"), policy))
    }

    @Test func `have nothing to say of the service's own`() {
        #expect(protections([("", .nobody)]).allows(.delete, on: "os_glance_x", by: caller(), Policy()))
        #expect(!protections([("", .nobody)]).allows(.delete, on: "xos_glance_x", by: caller(), Policy()))
    }
}
