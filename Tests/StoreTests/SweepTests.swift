import Foundation
import TestSupport
import Testing

extension TestGlance {
    /// An upload whose worker is gone.
    ///
    /// - Parameters:
    ///   - minutes: since its lease expired.
    ///   - isDirectory: whether a folder has the place of its unfinished file, so that it cannot be removed.
    fileprivate func hasAbandonedUpload(in store: String, minutes: Int, isDirectory: Bool = false) throws -> String {
        let id = try hasImage()
        let path = "\(folder)/\(store)/.incoming/\(id).77"
        try execute("UPDATE images SET status = 'saving' WHERE id = '\(id)'")
        try execute(
            """
            INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
            VALUES ('\(id)', '\(id)', 'file://\(path)', 'nobody', UTC_TIMESTAMP(6) - INTERVAL \(minutes) MINUTE)
            """)
        if isDirectory {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } else if FileManager.default.fileExists(atPath: "\(folder)/\(store)/.incoming/") {
            try "pending".write(toFile: path, atomically: true, encoding: .utf8)
        }
        return id
    }

    /// An owed removal.
    fileprivate func owes(_ path: String, minutes: Int) throws {
        try execute(
            """
            INSERT INTO vitrine_removals (image_id, url, owed_since)
            VALUES ('\(newID())', 'file://\(path)', UTC_TIMESTAMP(6) - INTERVAL \(minutes) MINUTE)
            """)
    }

    /// Many at once.
    fileprivate func owes(_ paths: [String], minutes: Int) throws {
        for start in stride(from: 0, to: paths.count, by: 1000) {
            let rows = paths[start..<min(start + 1000, paths.count)].map {
                "('\(newID())', 'file://\($0)', UTC_TIMESTAMP(6) - INTERVAL \(minutes) MINUTE)"
            }
            try execute("INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES \(rows.joined(separator: ","))")
        }
    }

    /// A file in place of the folder for incoming files: every operation on it fails.
    fileprivate func ruinIncoming(of store: String) throws {
        let path = "\(folder)/\(store)/.incoming"
        try FileManager.default.removeItem(atPath: path)
        try "no folder".write(toFile: path, atomically: true, encoding: .utf8)
    }

    fileprivate func restoreIncoming(of store: String) throws {
        let path = "\(folder)/\(store)/.incoming"
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
}

/// An error about one image does not stop the work on others.
@Suite struct `The sweep` {
    @Test func `goes on past uploads whose bytes cannot be removed, and past a store that cannot be read`() throws {
        let glance = try TestGlance(workers: 1, stores: ["fast", "cheap"], runsTasks: true)
        for store in ["fast", "cheap"] { _ = try glance.hasImage(in: store) }
        try glance.ruinIncoming(of: "fast")
        // Those that fail come first.
        let stuck =
            try (0..<5).map { _ in try glance.hasAbandonedUpload(in: "fast", minutes: 9) } + [
                glance.hasAbandonedUpload(in: "cheap", minutes: 8, isDirectory: true)
            ]
        let lucky = try (0..<2).map { _ in try glance.hasAbandonedUpload(in: "cheap", minutes: 2) }
        let stray = "\(glance.folder)/cheap/.incoming/\(newID()).0123456789abcdef"
        try "stray".write(toFile: stray, atomically: true, encoding: .utf8)
        let stagedStray = "\(glance.folder)/staging/.incoming/\(newID()).0123456789abcdef"
        try "stray".write(toFile: stagedStray, atomically: true, encoding: .utf8)
        for path in [stray, stagedStray] {
            try FileManager.default.setAttributes([.modificationDate: Date().addingTimeInterval(-3600)], ofItemAtPath: path)
        }
        let owed = "\(glance.folder)/cheap/\(newID())"
        try "owed".write(toFile: owed, atomically: true, encoding: .utf8)
        try glance.owes(owed, minutes: 5)

        for id in lucky { #expect(try eventually { try glance.status(of: id) == "queued" }) }
        for path in [stray, stagedStray, owed] {
            #expect(eventually { !FileManager.default.fileExists(atPath: path) }, "\(path)")
        }
        for id in stuck { #expect(try glance.status(of: id) == "saving") }
        #expect(try eventually { try glance.tasksLog.contains("abandoned uploads stay until a later try: ") })
        // It is done as soon as that is possible.
        try glance.restoreIncoming(of: "fast")
        try FileManager.default.removeItem(atPath: "\(glance.folder)/cheap/.incoming/\(stuck[5]).77")
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
        for id in stuck { #expect(try eventually { try glance.status(of: id) == "queued" }) }
    }

    @Test func `pays thousands of debts in one go, and those of a store that works beside one that fails`() throws {
        let glance = try TestGlance(workers: 1, stores: ["fast", "cheap"], runsTasks: true)
        for store in ["fast", "cheap"] { _ = try glance.hasImage(in: store) }
        // Folders in place of files cannot be removed; there are more of them than in one batch, and all are older.
        let stuck = (0..<300).map { _ in "\(glance.folder)/fast/\(newID())" }
        for path in stuck { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        // VITRINE_DEBTS=20000 measures the speed.
        let number = ProcessInfo.processInfo.environment["VITRINE_DEBTS"].flatMap(Int.init) ?? 3000
        let files = (0..<number).map { _ in "\(glance.folder)/cheap/\(newID())" }
        for path in files { #expect(FileManager.default.createFile(atPath: path, contents: Data("x".utf8))) }
        try glance.owes(stuck, minutes: 9)
        try glance.owes(files, minutes: 5)
        let start = ContinuousClock.now
        // 100 in a sweep every ten seconds would take five minutes.
        #expect(try eventually { try glance.count("vitrine_removals", where: "url LIKE '%/cheap/%'") == 0 })
        print("\(number) debts were paid within \(ContinuousClock.now - start)")
        #expect(!files.contains { FileManager.default.fileExists(atPath: $0) })
        #expect(try glance.count("vitrine_removals", where: "TRUE") == 300)
        // Those of the two stores are paid side by side.
        #expect(try eventually { try glance.count("vitrine_removals", where: "next_try > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE") == 300 })
        // One line for each sweep, not for each removal.
        #expect(try eventually { try glance.tasksLog.contains("removals wait for a later try: ") })
        #expect(try glance.tasksLog.components(separatedBy: "stay until a later try").count < 10)

        for path in stuck { try FileManager.default.removeItem(atPath: path) }
        try glance.execute("UPDATE vitrine_removals SET next_try = UTC_TIMESTAMP(6)")
        #expect(try eventually { try glance.count("vitrine_removals", where: "TRUE") == 0 })
    }

    @Test func `reads debts by their index`() throws {
        let glance = try TestGlance(workers: 1)
        try glance.owes((0..<2000).map { "/nowhere/\($0)" }, minutes: 1)
        try glance.execute("UPDATE vitrine_removals SET next_try = '2099-01-01' WHERE id % 20 <> 0")
        try glance.execute("ANALYZE TABLE vitrine_removals")
        let plan = try glance.rows(
            """
            EXPLAIN SELECT id, image_id, url FROM vitrine_removals
             WHERE next_try <= UTC_TIMESTAMP(6) AND owed_since < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
             ORDER BY next_try, owed_since LIMIT 200
            """, columns: 10
        )[0]
        #expect(plan[5] == "vitrine_removals_next_try")
        #expect(plan[9]?.contains("filesort") == false)
    }
}
