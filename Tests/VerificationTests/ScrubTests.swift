import Foundation
import TestSupport
import Testing

/// The continuous verification by `glance-tasks`.
@Suite(.serialized) struct `The continuous verification` {
    @Test func `finds damage without an order, once in a period, and goes on after a restart`() throws {
        let site = try FullSite(300, ["vitrine": "verify_every = 1h\nverify_rate = 20KB"], runsTasks: true)
        let count = "SELECT COUNT(*) FROM vitrine_verification_findings WHERE kind ="
        func number(_ sql: String) throws -> Int { Int(try site.glance.rows(sql)[0][0] ?? "") ?? -1 }
        try site.plantHarmless()
        let planted = try site.plantDamage()
        try site.restartTasks(isFirst: true)
        // What belongs to no store is found too.
        for kind in ["no_location", "unknown_folder"] {
            #expect(try eventually { try number("\(count) '\(kind)'") > 0 }, "\(kind)")
        }
        // At 20 KB a second it takes a while, in which glance-tasks is killed and starts again.
        #expect(try eventually { try site.runs(where: "kind = 'scrub' AND store = 'fast' AND ended_at IS NULL AND position <> ''") == 1 })
        let first = try site.glance.rows("SELECT id FROM vitrine_verifications WHERE store = 'fast'")[0][0]
        try site.restartTasks()
        #expect(try eventually { try site.runs(where: "kind = 'scrub' AND store = 'fast' AND ended_at IS NOT NULL") == 1 })
        #expect(try site.glance.rows("SELECT id FROM vitrine_verifications WHERE store = 'fast'").map { $0[0] } == [first])
        // The sweeper has perhaps removed what an upload left.
        let fast = planted.filter { $0.object.contains("/fast/") && $0.kind != "unfinished_file" }
        let found = try site.found(run: Int64(first ?? ""))
        #expect(fast.subtracting(found).isEmpty)
        // Nothing was repaired.
        #expect(try number("SELECT COUNT(*) FROM vitrine_verification_findings WHERE repaired_at IS NOT NULL") == 0)
        for planted in planted where planted.kind == "orphan_file" { #expect(FileManager.default.fileExists(atPath: planted.object)) }
    }

    @Test func `is off by default, and ends at once with the process`() throws {
        let idle = try FullSite(20, runsTasks: true)
        #expect(try eventually { try idle.glance.tasksLog.contains("looks after") })
        #expect(try !idle.glance.tasksLog.contains("verifications"))

        let site = try FullSite(200, ["vitrine": "verify_every = 30d\nverify_rate = 1KB"], size: 20_000, runsTasks: true)
        try site.restartTasks(isFirst: true)
        #expect(try eventually { try site.runs(where: "kind = 'scrub' AND store = 'fast' AND ended_at IS NULL") == 1 })
        // An operator need not wait for it.
        let end = try site.store("verify", "--quick")
        #expect(end.status == 0, "\(end.errors)\(end.text)")
        site.glance.site.stop()
        // It gave its lease back, so that the next process need not wait.
        #expect(try site.runs(where: "ended_at IS NULL AND lease_until > UTC_TIMESTAMP(6)") == 0)
    }
}

extension FullSite {
    /// Kills `glance-tasks` and starts it again, as if its leases had expired meanwhile.
    ///
    /// - Parameter isFirst: whether the verifications of before, when there were no images, are forgotten.
    fileprivate func restartTasks(isFirst: Bool = false) throws {
        kill(try #require(glance.site.tasksID), SIGKILL)
        if isFirst { try glance.execute("DELETE FROM vitrine_verifications") }
        try glance.execute("UPDATE vitrine_verifications SET lease_until = UTC_TIMESTAMP(6) WHERE ended_at IS NULL")
        try glance.execute("UPDATE vitrine_turns SET lease_until = UTC_TIMESTAMP(6)")
        #expect(
            try eventually {
                try glance.site.revive()
                return try runs(where: "kind = 'scrub' AND store = 'fast' AND lease_until > UTC_TIMESTAMP(6)") == 1
            })
    }
}
