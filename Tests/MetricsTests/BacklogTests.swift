import BackgroundJobs
import Domain
import Foundation
import MariaDB
import Persistence
import ServiceMetrics
import TestSupport
import Testing

/// The figures of the whole installation, as the database tells them.
@Suite struct `The queues of an installation` {
    let glance: TestGlance
    let catalog: MariaDBCatalog

    init() throws {
        glance = try TestGlance(workers: 1)
        catalog = MariaDBCatalog(Database(Pool(try Address(url: SharedMariaDB.running().url(of: glance.databaseName)))))
    }

    private func has(_ queue: Backlog.Queue, _ count: Int, olderThan seconds: Int = 0) throws {
        let depth = try catalog.backlog()[queue]
        #expect(depth.count == count, "\(queue.rawValue)")
        // A second may be cut off.
        #expect(seconds - 1 <= depth.oldestSeconds && depth.oldestSeconds < seconds + 3600, "\(queue.rawValue): \(depth.oldestSeconds) s")
    }

    @Test func `are empty at first`() throws {
        let backlog = try catalog.backlog()
        for queue in Backlog.Queue.allCases { #expect(backlog[queue] == Backlog.Depth(), "\(queue.rawValue)") }
        #expect(try catalog.surveyImages(atMost: 10) == ImageSurvey(count: 0, newest: []))
    }

    @Test func `are as long and as old as what stands in the tables`() throws {
        func id() -> String { UUID().uuidString.lowercased() }
        for (task, lease) in [("a", "- INTERVAL 1 MINUTE"), ("b", "- INTERVAL 1 SECOND"), ("c", "+ INTERVAL 1 DAY")] {
            try glance.execute(
                """
                INSERT INTO tasks (id, type, status, owner, created_at, deleted)
                VALUES ('\(task)', 'api_image_import', 'pending', 'acme', UTC_TIMESTAMP() - INTERVAL 2 DAY, 0)
                """)
            try glance.execute(
                """
                INSERT INTO vitrine_jobs (task_id, details, pending, lease_until)
                VALUES ('\(task)', '{}', '[]', UTC_TIMESTAMP(6) \(lease))
                """)
        }
        // A job whose task is gone has no age.
        try glance.execute("INSERT INTO vitrine_jobs (task_id, details, pending, lease_until) VALUES ('d', '{}', '[]', '2020-01-01')")
        try has(.jobsWaiting, 3, olderThan: 172_800)
        try has(.jobsRunning, 1, olderThan: 172_800)

        try glance.execute(
            "INSERT INTO vitrine_copies (image_id, url, ordered_at) VALUES ('x', 'http://x', UTC_TIMESTAMP(6) - INTERVAL 3 HOUR)")
        try has(.copies, 1, olderThan: 10_800)

        for (number, lease) in ["- INTERVAL 4 HOUR", "+ INTERVAL 1 HOUR", "+ INTERVAL 1 HOUR"].enumerated() {
            try glance.execute(
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
                VALUES ('u\(number)', 'u\(number)', 'file:///x', 'w', UTC_TIMESTAMP(6) \(lease))
                """)
        }
        try has(.uploads, 2)
        try has(.uploadsAbandoned, 1, olderThan: 14_400)

        try glance.execute(
            "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('r', 'file:///x', UTC_TIMESTAMP(6) - INTERVAL 5 HOUR)")
        try has(.removals, 1, olderThan: 18_000)

        for (status, deleted) in [
            ("saving", 0), ("uploading", 0), ("importing", 0), ("importing", 0), ("active", 0), ("pending_delete", 1),
        ] {
            for visibility in ["public", "community"] {
                try glance.execute(
                    """
                    INSERT INTO images (id, status, created_at, updated_at, deleted, deleted_at, min_disk, min_ram, visibility, os_hidden)
                    VALUES ('\(id())', '\(status)', '2020-01-01', UTC_TIMESTAMP() - INTERVAL 6 HOUR, \(deleted),
                            IF(\(deleted), UTC_TIMESTAMP(), NULL), 0, 0, '\(visibility)', \(visibility == "public" ? 1 : 0))
                    """)
            }
        }
        try has(.imagesSaving, 2, olderThan: 21_600)
        try has(.imagesUploading, 2, olderThan: 21_600)
        try has(.imagesImporting, 4, olderThan: 21_600)
        try has(.imagesPendingDelete, 2)
    }

    @Test func `are asked for without a look at images that are deleted`() throws {
        // The newest of all.
        try glance.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, deleted_at, min_disk, min_ram, visibility, os_hidden)
            SELECT UUID(), IF(seq < 40, 'active', 'deleted'), '2020-01-01' + INTERVAL seq MINUTE, seq >= 40, IF(seq < 40, NULL, NOW()), 0, 0,
                   ELT(1 + seq % 4, 'public', 'private', 'shared', 'community'), seq % 8 DIV 4
              FROM seq_1_to_3000
            """)
        var survey: ImageSurvey?
        let read = try RowsRead.of("images", in: glance.databaseName) { survey = try catalog.surveyImages(atMost: 10) }
        #expect(survey?.count == 39)
        #expect(
            survey?.newest.map(\.createdAt) == (30...39).reversed().map { Int64(Timestamp(year: 2020, month: 1, day: 1).seconds + $0 * 60) }
        )
        #expect(read < 500, "\(read)")
        #expect(try RowsRead.of("images", in: glance.databaseName) { _ = try catalog.backlog() } < 500)
    }

    @Test func `have findings of the last whole verification, and of those since`() throws {
        #expect(try catalog.verifiedStores() == [])
        /// A run that has ended, of some stores.
        func run(_ number: Int, quick: Bool = false, of store: String? = nil, image: String? = nil, _ stores: [String]) throws {
            func text(_ value: String?) -> String { value.map { "'\($0)'" } ?? "NULL" }
            try glance.execute(
                """
                INSERT INTO vitrine_verifications (id, kind, store, image_id, is_quick, started_at, ended_at, worker, token, lease_until)
                VALUES (\(number), 'command', \(text(store)), \(text(image)), \(quick ? 1 : 0), '2026-01-01', '2026-01-0\(number)', 'w', 't',
                        '2026-01-01')
                """)
            for store in stores {
                try glance.execute(
                    "INSERT INTO vitrine_verification_stores (run, store, ended_at) VALUES (\(number), '\(store)', '2026-01-0\(number)')")
            }
        }
        func finding(_ run: Int, _ kind: FindingKind, _ store: String, _ object: String, repaired: Bool = false) throws {
            try glance.execute(
                """
                INSERT INTO vitrine_verification_findings (run, kind, store, object, object_key, detail, found_at, repaired_at)
                VALUES (\(run), '\(kind.rawValue)', '\(store)', '\(object)', UNHEX(SHA2('\(kind.rawValue)\(store)\(object)', 256)), '',
                        '2026-01-01', \(repaired ? "'2026-01-02'" : "NULL"))
                """)
        }
        try run(1, ["fast", "cheap"])
        try finding(1, .orphanFile, "fast", "old")
        try finding(1, .missingFile, "cheap", "a")
        try finding(1, .missingFile, "cheap", "b", repaired: true)
        try finding(1, .noLocation, "", "c")
        try run(2, of: "fast", ["fast"])
        try finding(2, .orphanFile, "fast", "new")
        try run(3, quick: true, ["fast", "cheap"])
        try finding(3, .missingFile, "cheap", "a")
        try finding(3, .orphanFile, "cheap", "d")
        try finding(3, .noLocation, "", "c")
        try run(4, image: "x", ["cheap"])
        try finding(4, .hashMismatch, "cheap", "e")
        let stores = try catalog.verifiedStores().sorted { $0.store < $1.store }
        #expect(
            stores == [
                VerifiedStore(store: "", endedAt: nil, findings: [.noLocation: 1]),
                VerifiedStore(
                    store: "cheap", endedAt: 1_767_225_600, findings: [.missingFile: 1, .orphanFile: 1, .hashMismatch: 1]),
                VerifiedStore(store: "fast", endedAt: 1_767_312_000, findings: [.orphanFile: 1]),
            ])
    }

    @Test func `count notifications exactly up to a thousand, and nearly beyond`() throws {
        func add(_ count: Int) throws {
            try glance.execute(
                """
                INSERT INTO vitrine_notifications (message_id, publisher_id, event_type, priority, payload, happened_at)
                SELECT UUID(), 'p', 'image.update', 'INFO', '{}', UTC_TIMESTAMP(6) - INTERVAL 7 HOUR FROM seq_1_to_\(count)
                """)
        }
        try add(1000)
        // A number that is missing does not count.
        try glance.execute("DELETE FROM vitrine_notifications ORDER BY id LIMIT 1")
        try has(.notifications, 999, olderThan: 25_200)
        try add(4000)
        let depth = try catalog.backlog()[.notifications]
        #expect(4999 <= depth.count && depth.count < 8000, "numbers are given out in blocks")
    }

    @Test func `name the newest images alone, as many as are wanted`() throws {
        for number in 0..<5 {
            try glance.execute(
                """
                INSERT INTO images (id, name, size, status, created_at, deleted, min_disk, min_ram, visibility, os_hidden, owner)
                VALUES ('image-\(number)', \(number == 4 ? "NULL" : "'image \(number)'"), \(number == 4 ? "NULL" : "\(number)"),
                        'active', '2024-02-29 00:00:0\(number)', 0, 0, 0, 'public', \(number % 2), \(number == 4 ? "NULL" : "'acme'"))
                """)
        }
        try glance.execute(
            """
            INSERT INTO images (id, status, created_at, deleted, deleted_at, min_disk, min_ram)
            VALUES ('gone', 'deleted', '2025-01-01', 1, '2025-01-02', 0, 0)
            """)
        let survey = try catalog.surveyImages(atMost: 2)
        #expect(survey.count == 5)
        #expect(
            survey.newest == [
                .init(
                    id: "image-4", name: "", size: 0, project: "", createdAt: 1_709_164_804, isHidden: false, status: "active",
                    visibility: "public"),
                .init(
                    id: "image-3", name: "image 3", size: 3, project: "acme", createdAt: 1_709_164_803, isHidden: true, status: "active",
                    visibility: "public"),
            ])
        #expect(try catalog.surveyImages(atMost: 0) == ImageSurvey(count: 5, newest: []))

        let surveying = Surveying(catalog, atMost: 3)
        #expect(surveying.readings().map(\.family.name) == ["openstack_glance_up"])
        #expect(surveying.readings()[0].rows[0].cells == [0], "nothing was read yet")
        #expect(try surveying.run([]) != nil)
        let readings = surveying.readings()
        #expect(readings.map(\.family) == ServiceMetrics.openStack.families)
        #expect(readings.map(\.rows.count) == [1, 1, 3, 3])
        #expect(readings[1].rows[0].cells == [5])
    }
}
