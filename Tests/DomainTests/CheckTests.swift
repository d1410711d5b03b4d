import Domain
import Testing

/// The language of policy rules. Source: oslo.policy, "Policy Rule Expressions".
@Suite struct `A rule's text` {
    private static let owner = Check.Pattern([.attribute("owner")])

    static let readable: [(String, Check)] = [
        ("", .always), ("@", .always), ("!", .never), ("  @  ", .always), ("role:%(owner)s", .role(owner)), ("role:", .role("")),
        ("rule:", .rule("")), ("http://example.org/%(owner)s", .remote(.init([.text("http://example.org/"), .attribute("owner")]))),
        ("role:Admin", .role("Admin")), ("rule:x", .rule("x")),
        ("project_id:%(owner)s", .caller("project_id", is: owner)), ("is_admin:True", .caller("is_admin", is: .init([.text("True")]))),
        ("'public':%(visibility)s", .text("public", is: .init([.attribute("visibility")]))),
        ("None:%(owner)s", .text("None", is: owner)), ("5:100%%", .text("5", is: "100%")),
        ("project_id:'a'", .caller("project_id", is: "'a'")), ("Role:a", .caller("Role", is: "a")),
        ("user_id:a%(owner)sb", .caller("user_id", is: .init([.text("a"), .attribute("owner"), .text("b")]))),
        ("True:%(x)s", .text("True", is: .init([.attribute("x")]))),
        ("role:a and role:b", .all([.role("a"), .role("b")])), ("role:a OR role:b", .any([.role("a"), .role("b")])),
        ("role:a or role:b and role:c", .any([.role("a"), .all([.role("b"), .role("c")])])),
        ("(role:a or role:b) and role:c", .all([.any([.role("a"), .role("b")]), .role("c")])),
        ("not role:a and role:b", .all([.not(.role("a")), .role("b")])), ("not (role:a and role:b)", .not(.all([.role("a"), .role("b")]))),
        ("((role:a))", .role("a")), ("not not @", .not(.not(.always))),
    ]

    @Test(arguments: readable) func `is read`(_ text: String, _ check: Check) {
        #expect(Check(text) == check && check.mistakes.isEmpty)
    }

    @Test(arguments: readable) func `is written as it is read`(_ text: String, _ check: Check) {
        #expect(Check(check.description) == check, "\(check)")
    }

    static let broken: [(String, Int)] = [
        (" ", 1), ("role", 0), ("role:a and", 10), ("role:a role:b", 7), ("(role:a", 0), ("role:a)", 6), ("and role:a", 0),
        ("role:a or or role:b", 10), ("()", 1), ("not", 3), ("'x:%(y)s", 0), ("'x'", 0), ("'a b':%(y)s", 3), ("project_id:%(owner", 0),
        ("project_id:%(owner)d", 0), ("role:100%", 0), (":x", 0), ("role:a or junk and role:b", 10), ("not(role:a", 0), ("a-b:c", 0),
    ]

    @Test(arguments: broken) func `is not understood where it is wrong`(_ text: String, _ offset: Int) {
        #expect(Check(text).mistakes.first?.offset == offset, "\(text): \(Check(text).mistakes)")
    }

    @Test func `is not understood when it is nested too deep, however deep`() {
        for depth in [100, 100_000] {
            #expect(Check(String(repeating: "(", count: depth) + "@" + String(repeating: ")", count: depth)).mistakes.count == 1)
        }
    }
}

@Suite struct `Rules of files` {
    private let alice = Caller(user: "alice", project: "acme", roles: ["member", "builder"], isAdmin: false)
    private let target = AttributeTarget(["project_id": "acme", "owner": "acme", "visibility": "private", "user": "alice"])

    private func policy(_ rules: [String: String], isOld: Bool = false, remote: (any RemotePolicy)? = nil) -> Policy {
        Policy(overrides: rules.map { .init(name: $0, check: Check($1), origin: "policy.yaml:1") }, isOld: isOld, remote: remote)
    }

    static let answers: [(String, Bool)] = [
        ("role:BUILDER", true), ("role:other", false), ("not role:other", true), ("user_id:alice", true), ("user_id:%(user)s", true),
        ("user_id:%(missing)s", false), ("not user_id:%(missing)s", true), ("'private':%(visibility)s", true),
        ("'public':%(visibility)s", false),
        ("tenant:%(owner)s", true), ("is_admin:False", true), ("is_admin:True", false), ("nonsense:x", false), ("@", true), ("!", false),
        ("role:other or (role:builder and project_id:%(owner)s)", true), ("rule:mine", true), ("not rule:mine", false),
    ]

    @Test(arguments: answers) func `stand in place of the code's`(_ text: String, _ allows: Bool) {
        let policy = policy(["delete_image": text, "mine": "role:builder"])
        #expect(policy.allows(.deleteImage, alice, on: target) == allows)
    }

    @Test func `that ask what there is not have the default rule for an answer`() throws {
        let rules = ["delete_image": "rule:nothing", "modify_image": "not rule:nothing", "default": "role:builder"]
        #expect(policy(rules).allows(.deleteImage, alice, on: target) && !policy(rules).allows(.modifyImage, alice, on: target))
        let bolted = policy(rules.merging(["default": "!"]) { $1 })
        #expect(!bolted.allows(.deleteImage, alice, on: target) && bolted.allows(.modifyImage, alice, on: target))
        let none = Policy(overrides: [.init(name: "delete_image", check: Check("rule:nothing"), origin: "p:1")], fallback: "absent")
        #expect(!none.allows(.deleteImage, alice, on: target))
        let listed = try #require(policy(rules).listing.first { $0.name == "delete_image" })
        #expect(listed.isWrong && listed.notes == ["it asks the rule 'nothing', which there is not, in whose place 'default' answers"])
    }

    /// `not` of a check that cannot be answered cannot be answered either.
    @Test(arguments: [
        ["delete_image": "rule:delete_image"], ["delete_image": "not rule:delete_image"],
        ["delete_image": "rule:b", "b": "not rule:c", "c": "role:x or rule:delete_image"], ["delete_image": "not junk"],
        ["delete_image": "not (role:other or junk)"], ["delete_image": "rule:a", "default": "rule:b"], ["delete_image": "not http://x/"],
    ])
    func `that ask themselves, or that nobody understands, let nobody`(_ rules: [String: String]) {
        #expect(!policy(rules).allows(.deleteImage, alice, on: target))
        #expect(policy(rules).listing.contains { $0.isWrong || !$0.notes.isEmpty })
    }

    @Test func `let by what is understood beside what is not`() {
        #expect(policy(["delete_image": "junk or role:builder"]).allows(.deleteImage, alice, on: target))
        #expect(!policy(["delete_image": "junk and role:builder"]).allows(.deleteImage, alice, on: target))
        #expect(policy(["delete_image": "not (junk and role:other)"]).allows(.deleteImage, alice, on: target))
    }

    /// A caller without a project does not match a target without an owner, however the rule says it.
    @Test(arguments: ["project_id:%(owner)s", "not project_id:%(owner)s"])
    func `do not take nothing for nothing`(_ text: String) {
        let nobody = Caller(user: nil, project: nil, roles: [], isAdmin: false)
        let ownerless = AttributeTarget(values: ["owner": .nothing])
        #expect(!policy(["delete_image": text]).allows(.deleteImage, nobody, on: ownerless))
        #expect(policy(["delete_image": "None:%(owner)s and project_id:None"]).allows(.deleteImage, nobody, on: ownerless))
    }

    /// A server whose answers the test sets.
    private final class Server: RemotePolicy {
        let answer: Bool?
        init(_ answer: Bool?) { self.answer = answer }

        func lets(_ question: PolicyQuestion) throws(Fault) -> Bool {
            guard question.url == "http://rules/acme", question.rule == "delete_image", let answer else {
                throw Fault(.unavailable, "away")
            }
            return answer
        }
    }

    @Test func `leave to servers what they say, and take silence for neither yes nor no`() throws {
        let rules = ["delete_image": "rule:far", "far": "http://rules/%(owner)s"]
        #expect(try policy(rules, remote: Server(true)).decides(.deleteImage, alice, on: target))
        #expect(try !policy(rules, remote: Server(false)).decides(.deleteImage, alice, on: target))
        for text in ["rule:far", "not rule:far", "rule:far or role:other", "rule:far and role:builder"] {
            let policy = policy(rules.merging(["delete_image": text]) { $1 }, remote: Server(nil))
            let fault = #expect(throws: Fault.self) { try policy.decides(.deleteImage, alice, on: target) }
            #expect(fault?.kind == .unavailable && !policy.allows(.deleteImage, alice, on: target))
            let required = #expect(throws: Fault.self) { try policy.require(.deleteImage, on: target, by: alice) }
            #expect(required?.kind == .unavailable)
        }
        for text in ["rule:far or role:builder", "rule:far and role:other"] {
            let policy = policy(rules.merging(["delete_image": text]) { $1 }, remote: Server(nil))
            #expect(try policy.decides(.deleteImage, alice, on: target) == text.contains("builder"))
        }
    }

    @Test func `may leave roles out where new defaults are not enforced`() {
        let nobody = Caller(user: "eve", project: "acme", roles: [], isAdmin: false)
        #expect(policy([:]).allows(.deleteImage, nobody, on: target) == false)
        #expect(policy([:], isOld: true).allows(.deleteImage, nobody, on: target))
        let other = Caller(user: "bob", project: "bolt", roles: ["member"], isAdmin: false)
        #expect(policy([:], isOld: true).allows(.deleteImage, other, on: target) == false)
        #expect(policy([:], isOld: true).allows(.publicizeImage, nobody, on: target) == false)
        // As before roles, an unknown rule is answered by `default`; a site that denies it opens nothing.
        #expect(!policy(["default": "role:admin"], isOld: true).allows(.deleteImage, nobody, on: target))
        #expect(policy(["default": "role:admin"], isOld: true).allows(.deleteImage, alice, on: target))
        #expect(policy(["manage_image_cache": "role:builder"], isOld: true).allows(.cacheList, alice, on: target))
        #expect(!policy(["manage_image_cache": "role:builder"]).allows(.cacheList, alice, on: target))
    }

    @Test func `tell how they come to their answer`() {
        let lines = policy(["delete_image": "role:other or rule:mine", "mine": "role:builder"]).explanation(
            of: "delete_image", alice, on: target)
        #expect(
            lines == [
                "yes  rule:delete_image", "  yes  role:other or rule:mine", "    no   role:other", "    yes  rule:mine",
                "      yes  role:builder",
            ])
    }
}
