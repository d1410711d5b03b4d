import Domain
import TestSupport
import Testing

/// A policy of an old site: Glance once checked the owner in addition to the rules.
@Suite(.sharesServices) struct `An image whose rules are all open` {
    /// Every change of an image.
    private static let changes = Ask.all.filter(\.isChange)

    private static let site = Shared {
        var policy = Dictionary(uniqueKeysWithValues: PolicyRule.allCases.map { ($0.rawValue, "") })
        policy["context_is_admin"] = "role:admin"
        return try AskedSite(
            policy: policy,
            tokens: [("nova", "service", ["service"]), ("root", "cloud", ["admin"]), ("reader", "acme", ["reader"])])
    }

    let site: AskedSite
    init() throws { site = try Self.site.get() }

    @Test(arguments: changes.indices, ["public", "community", "shared", "ownerless"])
    func `is changed by its project and administrators alone`(_ number: Int, _ kind: String) throws {
        let ask = Self.changes[number]
        let id = try site.prepared(ask.need)
        let columns = kind == "ownerless" ? "owner = NULL, visibility = 'public'" : "visibility = '\(kind)'"
        try site.glance.execute("UPDATE images SET \(columns) WHERE id = '\(id)'")
        let before = try site.state(of: id)
        // V1 does not show that there are members.
        let status = ask.path.hasPrefix("/v1/") && ask.path.contains("/members") ? 404 : 403
        for stranger in kind == "ownerless" ? ["bob", "alice", "nova"] : ["bob"] {
            if stranger == "nova" && ask.path.hasSuffix("/locations") { continue }
            let reply = try site.answer(ask, stranger, id)
            #expect(reply.status == status, "\(ask.testDescription), \(kind), \(stranger): \(reply.text)")
            #expect(try site.state(of: id) == before, "\(ask.testDescription), \(kind), \(stranger)")
        }
        #expect(!site.source.heads.contains { $0.contains(id) }, "nobody is asked over the network for a stranger")
        // In V2 only shared images have members.
        if ask.path.hasPrefix("/v2/") && ask.path.contains("/members") && kind != "shared" { return }
        let reply = try site.answer(ask, kind == "ownerless" ? "root" : "alice", id)
        #expect(reply.status == ask.done, "\(ask.testDescription), \(kind), its own: \(reply.text)")
    }

    /// A member changes its own membership, and no other.
    @Test func `is accepted by its member all the same`() throws {
        let id = try site.prepared(.active)
        let own = Ask.reads("PUT", "/v2/images/{image}/members/bolt", json: #"{"status": "accepted"}"#)
        let other = Ask.reads("PUT", "/v2/images/{image}/members/cord", json: #"{"status": "accepted"}"#)
        #expect(try site.answer(own, "bob", id).status == 200)
        #expect([403, 404].contains(try site.answer(other, "bob", id).status))
        let statuses = try site.glance.rows(
            "SELECT member, status FROM image_members WHERE image_id = '\(id)' ORDER BY member", columns: 2)
        #expect(statuses == [["bolt", "accepted"], ["cord", "pending"]])
    }

    @Test(arguments: ["public", "community"])
    func `gets locations from services of the cloud all the same`(_ visibility: String) throws {
        let id = try site.prepared(.queued)
        try site.glance.execute("UPDATE images SET visibility = '\(visibility)' WHERE id = '\(id)'")
        let ask = Ask.reads("POST", "/v2/images/{image}/locations", json: #"{"url": "{source}"}"#)
        #expect(try site.answer(ask, "bob", id).status == 403)
        #expect(try site.answer(ask, "nova", id).status == 202)
    }

    @Test func `is shared further by members who may, in V1`() throws {
        let id = try site.prepared(.queued)
        try site.glance.execute("UPDATE image_members SET can_share = 1 WHERE image_id = '\(id)' AND member = 'bolt'")
        let share = Ask.reads("PUT", "/v1/images/{image}/members/dock")
        #expect(try site.answer(share, "bob", id).status == 204)
        #expect(
            try site.glance.rows("SELECT member FROM image_members WHERE image_id = '\(id)' ORDER BY member") == [
                ["bolt"], ["cord"], ["dock"],
            ])
        let newer = Ask.reads("POST", "/v2/images/{image}/members", json: #"{"member": "edge"}"#)
        #expect(try site.answer(newer, "bob", id).status == 403)
    }

    @Test(arguments: [#"{"owner": "acme"}"#, #"{"owner": null}"#])
    func `is not made for others`(_ json: String) throws {
        #expect(try site.answer(.reads("POST", "/v2/images", json: json), "bob", "").status == 403)
    }
}

/// The registry is told who makes a change.
@Suite(.sharesServices) struct `The registry, asked for a change` {
    @Test func `hears who wants it, and judges that again`() throws {
        let glance = try TestGlance.of(Self.self, runsRegistry: true)
        let id = try glance.hasV1Image(["name": "n"])
        let before = try String(contentsOfFile: "\(glance.folder)/log/glance-registry.log", encoding: .utf8).utf8.count
        #expect(try glance.update(id, ["name": "m"]).status == 200)
        #expect(try glance.share(id, with: "bolt").status == 204)
        #expect(try glance.askV1("DELETE", "/images/\(id)/members/bolt").status == 204)
        #expect(try glance.delete(id).status == 200)
        let asked = [
            "PUT /images/{image} 200", "PUT /images/{image}/members/{member} 204", "DELETE /images/{image}/members/{member} 204",
            "DELETE /images/{image} 200",
        ]
        #expect(
            try eventually {
                let log = try String(contentsOfFile: "\(glance.folder)/log/glance-registry.log", encoding: .utf8).utf8.dropFirst(before)
                let lines = String(decoding: Array(log), as: UTF8.self).split(separator: "\n")
                return asked.allSatisfy { words in lines.contains { $0.contains(" alice acme ") && $0.contains(words) } }
            })
    }
}
