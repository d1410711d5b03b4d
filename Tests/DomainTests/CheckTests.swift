import Domain
import Testing

/// The language of rules. Source: oslo.policy, "Policy Rule Expressions".
@Suite struct `A rule's text` {
    private static let owner = Check.Pattern([.attribute("owner")])

    static let readable: [(String, Check)] = [
        ("", .always), ("@", .always), ("!", .never), ("  @  ", .always), ("role:Admin", .role("admin")), ("rule:x", .rule("x")),
        ("project_id:%(owner)s", .caller("project_id", is: owner)), ("is_admin:True", .caller("is_admin", is: .init([.text("True")]))),
        ("'public':%(visibility)s", .text("public", is: .init([.attribute("visibility")]))),
        ("\"two words\":%(name)s", .text("two words", is: .init([.attribute("name")]))),
        ("user_id:a%(owner)sb", .caller("user_id", is: .init([.text("a"), .attribute("owner"), .text("b")]))),
        ("project_id:'a b'", .caller("project_id", is: .init([.text("a b")]))), ("True:%(x)s", .text("True", is: .init([.attribute("x")]))),
        ("role:a and role:b", .all([.role("a"), .role("b")])), ("role:a OR role:b", .any([.role("a"), .role("b")])),
        ("role:a or role:b and role:c", .any([.role("a"), .all([.role("b"), .role("c")])])),
        ("(role:a or role:b) and role:c", .all([.any([.role("a"), .role("b")]), .role("c")])),
        ("not role:a and role:b", .all([.not(.role("a")), .role("b")])), ("not (role:a and role:b)", .not(.all([.role("a"), .role("b")]))),
        ("((role:a))", .role("a")), ("not not @", .not(.not(.always))),
    ]

    @Test(arguments: readable) func `is read`(_ text: String, _ check: Check) throws {
        #expect(try Check(text) == check)
    }

    @Test(arguments: readable) func `is written as it is read`(_ text: String, _ check: Check) throws {
        #expect(try Check(check.description) == check, "\(check)")
    }

    static let broken: [(String, Int)] = [
        ("role", 0), ("role:", 0), ("role:a and", 10), ("role:a role:b", 7), ("(role:a", 0), ("role:a)", 6), ("and role:a", 0),
        ("role:a or or role:b", 10),
        ("()", 1), ("not", 3), ("'x:%(y)s", 0), ("project_id:%(owner", 0), ("project_id:%()s", 0), (":x", 0), ("rule:", 0),
        ("http://example.org/%(id)s", 0), ("role:a and https://example.org", 11), ("role:%(x)s", 0),
    ]

    @Test(arguments: broken) func `is refused where it is wrong`(_ text: String, _ offset: Int) {
        do throws(PolicySyntaxError) {
            Issue.record("\(text) was read as \(try Check(text))")
        } catch {
            #expect(error.offset == offset, "\(text): \(error.reason)")
        }
    }

    @Test func `is refused when it is nested too deep, however deep`() {
        for depth in [100, 100_000] {
            #expect(throws: PolicySyntaxError.self) {
                try Check(String(repeating: "(", count: depth) + "@" + String(repeating: ")", count: depth))
            }
        }
    }
}

@Suite struct `Rules of files` {
    private let alice = Caller(user: "alice", project: "acme", roles: ["member", "builder"], isAdmin: false)
    private let target = AttributeTarget(["project_id": "acme", "owner": "acme", "visibility": "private", "user": "alice"])

    private func policy(_ rules: [String: String], isOld: Bool = false) throws -> Policy {
        try Policy(overrides: rules.map { .init(name: $0, check: try Check($1), origin: "policy.yaml:1") }, isOld: isOld)
    }

    static let answers: [(String, Bool)] = [
        ("role:BUILDER", true), ("role:other", false), ("not role:other", true), ("user_id:alice", true), ("user_id:%(user)s", true),
        ("user_id:%(missing)s", false), ("not user_id:%(missing)s", true), ("'private':%(visibility)s", true),
        ("'public':%(visibility)s", false),
        ("tenant:%(owner)s", true), ("is_admin:False", true), ("is_admin:True", false), ("nonsense:x", false), ("@", true), ("!", false),
        ("role:other or (role:builder and project_id:%(owner)s)", true), ("rule:mine", true), ("not rule:mine", false),
    ]

    @Test(arguments: answers) func `stand in place of the code's`(_ text: String, _ allows: Bool) throws {
        let policy = try policy(["delete_image": text, "mine": "role:builder"])
        #expect(policy.allows(.deleteImage, alice, on: target) == allows)
    }

    @Test func `that ask what there is not, or themselves, are refused`() throws {
        let refused: [([String: String], String)] = [
            (["delete_image": "rule:nothing"], "delete_image"), (["delete_image": "rule:delete_image"], "delete_image"),
            (["a": "rule:b", "b": "not rule:c", "c": "role:x or rule:a"], "a"),
        ]
        for (rules, name) in refused {
            do {
                _ = try policy(rules)
                Issue.record("\(rules)")
            } catch let error as Policy.Contradiction {
                #expect(error.rule == name && error.origin == "policy.yaml:1", "\(error)")
            }
        }
    }

    @Test func `may leave roles out where new defaults are not enforced`() throws {
        let nobody = Caller(user: "eve", project: "acme", roles: [], isAdmin: false)
        #expect(try policy([:]).allows(.deleteImage, nobody, on: target) == false)
        #expect(try policy([:], isOld: true).allows(.deleteImage, nobody, on: target))
        let other = Caller(user: "bob", project: "bolt", roles: ["member"], isAdmin: false)
        #expect(try policy([:], isOld: true).allows(.deleteImage, other, on: target) == false)
        #expect(try policy([:], isOld: true).allows(.publicizeImage, nobody, on: target) == false)
    }

    @Test func `tell how they come to their answer`() throws {
        let lines = try policy(["delete_image": "role:other or rule:mine", "mine": "role:builder"]).explanation(
            of: "delete_image", alice, on: target)
        #expect(
            lines == [
                "yes  rule:delete_image", "  yes  role:other or rule:mine", "    no   role:other", "    yes  rule:mine",
                "      yes  role:builder",
            ])
    }
}
