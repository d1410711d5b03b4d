import Foundation
import TestSupport
import Testing

/// The images that each caller sees.
@Suite(.sharesServices) struct `What lists of V1 show` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, runsRegistry: true)
        try Self.stock.of(glance)
    }

    /// Images of every kind, inserted once.
    private static let stock = Stock()

    private final class Stock: @unchecked Sendable {
        private let lock = NSLock()
        private var isFull = false

        func of(_ glance: TestGlance) throws {
            lock.lock()
            defer { lock.unlock() }
            guard !isFull else { return }
            isFull = true
            for (owner, other) in [("acme", "bolt"), ("bolt", "acme"), ("cloud", "acme")] {
                for visibility in ["private", "shared", "community", "public"] {
                    try glance.shelve("\(owner) \(visibility)", ["owner": "'\(owner)'", "visibility": "'\(visibility)'"])
                }
                for answer in ["pending", "accepted", "rejected"] {
                    let id = try glance.shelve("\(owner) for \(other) \(answer)", ["owner": "'\(owner)'"])
                    try glance.execute(
                        """
                        INSERT INTO image_members (image_id, member, status, can_share, created_at, deleted)
                        VALUES ('\(id)', '\(other)', '\(answer)', 0, UTC_TIMESTAMP(), 0)
                        """)
                }
            }
            let old = "'2026-01-01 00:00:00'"
            try glance.shelve("deleted", ["status": "'deleted'", "deleted": "1", "deleted_at": old, "updated_at": "'2026-03-01 00:00:00'"])
            try glance.shelve("killed", ["status": "'killed'", "updated_at": "'2026-03-01 00:00:00'"])
            try glance.shelve("changed", ["updated_at": "'2026-03-01 00:00:01'"])
            try glance.shelve("bolt deleted", ["owner": "'bolt'", "status": "'deleted'", "deleted": "1", "deleted_at": old])
        }
    }

    private func names(_ query: String = "", as person: TestGlance.Person) throws -> Set<String> {
        let names = try glance.listedNames("?limit=1000\(query)", as: person)
        #expect(Set(names).count == names.count, "each once")
        return Set(names)
    }

    private static func own(_ project: String) -> Set<String> {
        let other = project == "acme" ? "bolt" : "acme"
        return Set(["private", "shared", "community", "public"].map { "\(project) \($0)" })
            .union(["pending", "accepted", "rejected"].map { "\(project) for \(other) \($0)" })
    }

    static let visibleToAcme = own("acme").union([
        "bolt public", "cloud public", "bolt for acme pending", "bolt for acme accepted", "bolt for acme rejected",
        "cloud for acme pending",
        "cloud for acme accepted", "cloud for acme rejected", "changed",
    ])

    @Test(arguments: ["", "&is_public=True", "&is_public=False", "&is_public=None", "&is_public=nonsense", "&deleted=True"])
    func `to users is their own, what is public, and what is shared with them whatever their answer`(_ query: String) throws {
        #expect(try names(query, as: .alice) == Self.visibleToAcme)
        #expect(
            try names(query, as: .bob)
                == Self.own("bolt").union([
                    "acme public", "cloud public", "acme for bolt pending", "acme for bolt accepted", "acme for bolt rejected",
                ]))
    }

    @Test(arguments: ["", "&is_public=True", "&is_public=true", "&is_public=1"])
    func `to administrators is what a user of their project sees`(_ query: String) throws {
        #expect(try names(query, as: .admin) == Self.own("cloud").union(["acme public", "bolt public"]))
    }

    @Test(arguments: ["False", "false", "0"])
    func `to administrators who ask for it is all that is not public`(_ value: String) throws {
        let all = ["acme", "bolt", "cloud"].reduce(into: Set(["changed"])) { $0.formUnion(Self.own($1)) }
        #expect(try names("&is_public=\(value)", as: .admin) == all.filter { !$0.hasSuffix(" public") })
    }

    @Test(arguments: ["None", "none"])
    func `to administrators who ask for it is everything`(_ value: String) throws {
        #expect(
            try names("&is_public=\(value)", as: .admin)
                == ["acme", "bolt", "cloud"].reduce(into: ["changed"]) { $0.formUnion(Self.own($1)) })
    }

    @Test func `of what changed since some time holds deleted and killed images too`() throws {
        #expect(try names("&changes-since=2026-02-01T00:00:00Z", as: .alice) == ["deleted", "killed", "changed"])
        for form in ["2026-02-01T00:00:00", "20260201T000000Z", "2026-02-01T01%2B01", "2026-2-1", "2026-02", "2026-02-01T00:00:00,25"] {
            #expect(try names("&changes-since=\(form)", as: .alice) == ["deleted", "killed", "changed"], "\(form)")
        }
        #expect(try names("&changes-since=2026-02-28T22:00:00-02:00", as: .alice) == ["changed"])
        #expect(try names("&changes-since=2026-03-02T00:00:00Z", as: .alice).isEmpty)
        #expect(try names("&changes-since=2026-02-01T00:00:00Z&is_public=None", as: .admin) == ["deleted", "killed", "changed"])
        #expect(try names("&changes-since=2026-02-01T00:00:00Z", as: .bob).isEmpty)
        let deleted = try #require(
            try glance.listed("?changes-since=2026-02-01T00:00:00Z&status=deleted").first { $0["name"]?.string == "deleted" })
        #expect(deleted["deleted"]?.bool == true)
        #expect(deleted["deleted_at"]?.string == "2026-01-01T00:00:00.000000")
    }

    @Test func `of deleted images is an administrator's`() throws {
        #expect(try names("&deleted=True&is_public=None", as: .admin) == ["deleted", "bolt deleted"])
        #expect(try names("&deleted=False&is_public=None", as: .admin).isDisjoint(with: ["deleted", "bolt deleted"]))
    }

    @Test func `has is_public by what is public alone`() throws {
        for image in try glance.listed("?limit=1000&is_public=None", as: .admin) {
            #expect(image["is_public"]?.bool == image["name"]?.string?.hasSuffix(" public"), "\(image["name"]?.string ?? "")")
        }
    }
}
