import Domain
import TestSupport
import Testing

/// Each rule × each route of both APIs: a denied rule makes a route fail if the route checks it, and only then.
@Suite(.sharesServices) struct `Each rule` {
    private static func role(closing rule: PolicyRule) -> String { "no_\(rule.rawValue)" }
    private static let rules = PolicyRule.allCases.filter { $0 != .contextIsAdmin }

    /// One service for all tests: a rule is denied to callers with one role, so the policy file is not read again.
    private static let site = Shared {
        var policy: [String: String] = [:]
        for rule in rules { policy[rule.rawValue] = "(\(PolicyRule.defaults[rule.rawValue]!)) and not role:\(role(closing: rule))" }
        var tokens = rules.map { (token: $0.rawValue, project: "acme", roles: ["admin", role(closing: $0)]) }
        tokens += rules.map { (token: "bob \($0.rawValue)", project: "bolt", roles: ["member", role(closing: $0)]) }
        for (number, ask) in Ask.all.enumerated() {
            let closed = rules.filter { ask.rules[$0] == nil }.map(role)
            tokens.append((token: "row \(number)", project: "acme", roles: ["admin"] + closed))
        }
        return try AskedSite(policy: policy, tokens: tokens)
    }

    let site: AskedSite
    init() throws { site = try Self.site.get() }

    @Test(arguments: Ask.all.indices)
    func `refuses the routes that ask it, and no others`(_ number: Int) throws {
        let ask = Ask.all[number]
        let id = try site.prepared(ask.need)
        let before = ask.isChange ? try site.state(of: id) : []
        for (rule, status) in ask.rules {
            let reply = try site.answer(ask, rule.rawValue, id)
            #expect(reply.status == status, "\(ask.testDescription) without \(rule.rawValue): \(reply.text)")
        }
        if ask.isChange { #expect(try site.state(of: id) == before, "\(ask.testDescription)") }
        // Every rule is denied but those that the route checks.
        let reply = try site.answer(ask, "row \(number)", id)
        #expect(reply.status == ask.done, "\(ask.testDescription): \(reply.text)")
    }

    @Test func `that is asked for anything at all stands in the table`() {
        let asked = Set(Ask.all.flatMap(\.rules.keys))
        #expect(Self.rules.filter { !asked.contains($0) } == [])
    }

    /// Members who may share an image further are subject to the policy too.
    @Test(arguments: [
        ("PUT", "/members/dock", "", [PolicyRule.addMember, .modifyMember]),
        ("PUT", "/members", #"{"memberships": [{"member_id": "bolt", "can_share": true}]}"#, [.addMember, .modifyMember, .deleteMember]),
        ("DELETE", "/members/cord", "", [.deleteMember]), ("GET", "/members", "", [.getMembers]),
    ])
    func `refuses members who may share, too`(_ method: String, _ path: String, _ json: String, _ rules: [PolicyRule]) throws {
        let id = try site.prepared(.queued)
        try site.glance.execute("UPDATE image_members SET can_share = 1 WHERE image_id = '\(id)' AND member = 'bolt'")
        let before = try site.state(of: id)
        let ask = Ask.reads(method, "/v1/images/{image}\(path)", rules, json: json.isEmpty ? nil : json)
        for rule in rules { #expect(try site.answer(ask, "bob \(rule.rawValue)", id).status == 403, "\(rule)") }
        #expect(try site.state(of: id) == before)
        #expect(200..<300 ~= (try site.answer(ask, "bob", id)).status)
        #expect(try (site.state(of: id) != before) == (method != "GET"))
    }
}
