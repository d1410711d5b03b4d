import Foundation
import TestSupport
import Testing

/// Two services on one database and one folder of images. The clock of one is an hour ahead and that of the other an hour behind, so that
/// each time which one of them takes from its own clock is an hour off. `glance-tasks` runs at the second alone.
@Suite(.enabled(if: WrongClock.isThere, "Debian's faketime is not installed"))
struct `Nodes whose clocks are wrong` {
    private static let options = [
        "DEFAULT": "delayed_delete = true\nscrub_time = 1800\nwakeup_time = 1", "vitrine": "events_kept = 5",
    ]

    private struct Nodes {
        let first, second: TestGlance
        private let clock: String

        init(_ clock: String) throws {
            self.clock = clock
            let other = clock.hasPrefix("+") ? "-1h" : "+1h"
            first = try TestGlance(
                `Nodes whose clocks are wrong`.options, workers: 1, runsRegistry: true, environment: WrongClock.environment(other))
            let staging = "filesystem_store_datadir = \(first.folder)/staging"
            var options = `Nodes whose clocks are wrong`.options
            options["DEFAULT"]! += "\nnode_staging_uri = file://\(first.folder)/staging"
            options["os_glance_staging_store"] = staging
            second = try TestGlance(
                options, workers: 1, storeFolder: first.storeFolder, runsTasks: true, runsRegistry: true, database: first.databaseName,
                environment: WrongClock.environment(clock))
        }

        var both: [TestGlance] { [first, second] }

        func manage(_ words: String...) throws {
            let environment = WrongClock.environment(clock).merging(["PATH": "/usr/bin:/bin"]) { $1 }
            let words = words + ["--config-file", second.configurationFile]
            try Command("\(TestGlance.programs)glance-manage", words, environment: environment).succeeded()
        }

        func count(_ table: String, _ condition: String) throws -> Int {
            Int(try first.rows("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)")[0][0] ?? "") ?? -1
        }

        /// Columns of any table with a time that is about an hour from now, by the database's clock.
        func wrongTimes() throws -> [String] {
            let columns = try first.rows(
                """
                SELECT table_name, column_name FROM information_schema.columns NATURAL JOIN information_schema.tables
                 WHERE table_schema = '\(first.databaseName)' AND data_type IN ('datetime', 'timestamp') AND table_type = 'BASE TABLE'
                """, columns: 2)
            return try columns.compactMap { row in
                guard let table = row[0], let column = row[1] else { return nil }
                let found = try count("`\(table)`", "ABS(TIMESTAMPDIFF(SECOND, `\(column)`, UTC_TIMESTAMP())) BETWEEN 2700 AND 4500")
                return found == 0 ? nil : "\(table).\(column): \(found)"
            }
        }

        /// Waits for the next second of the database's clock, so that changes have an order.
        func awaitNextSecond() throws {
            let now = try first.rows("SELECT CAST(UTC_TIMESTAMP() AS CHAR)")[0][0]
            #expect(try eventually { try first.rows("SELECT CAST(UTC_TIMESTAMP() AS CHAR)")[0][0] != now })
        }
    }

    @Test(arguments: ["+1h", "-1h"]) func `change nothing`(_ clock: String) throws {
        let nodes = try Nodes(clock)
        let upload = try beginUpload(at: nodes.first)
        try checkOrder(nodes)
        try useEverything(nodes)
        #expect(try nodes.wrongTimes() == [])
        try checkUpkeep(nodes)
        try checkPurge(nodes)
        // It was under way all the time, with a lease and an unfinished file.
        try upload.connection.send([UInt8](repeating: 7, count: 100_000))
        #expect(try upload.connection.receive().status == 204)
        #expect(try nodes.second.status(of: upload.image) == "active")
        #expect(try nodes.wrongTimes() == [])
    }

    private func beginUpload(at glance: TestGlance) throws -> (image: String, connection: HTTPConnection) {
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let type = ["Content-Type": "application/octet-stream"]
        try connection.send(glance.head("PUT", "/v2/images/\(image)/file", .alice, type, length: 200_000))
        try connection.send([UInt8](repeating: 7, count: 100_000))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        return (image, connection)
    }

    /// Changes at the nodes by turns have the order in which they were made.
    private func checkOrder(_ nodes: Nodes) throws {
        let images = try (0..<3).map { _ in try nodes.first.hasImage(as: .bob) }
        for (image, glance) in zip([images[2], images[0], images[1]], [nodes.first, nodes.second, nodes.first]) {
            try nodes.awaitNextSecond()
            #expect(try glance.send("PUT", "/v2/images/\(image)/tags/changed", as: .bob).status == 204)
        }
        for glance in nodes.both {
            let listed = try glance.send("GET", "/v2/images?sort_key=updated_at&sort_dir=asc&owner=bolt", as: .bob).json["images"]?.array
            #expect(listed?.map { $0["id"]?.string } == [images[2], images[0], images[1]])
            let moment = try nodes.first.rows("SELECT DATE_FORMAT(updated_at, '%Y-%m-%dT%TZ') FROM images WHERE id = '\(images[0])'")[0][0]
            let later = try glance.send("GET", "/v2/images?updated_at=gt:\(moment ?? "")", as: .bob).json["images"]?.array
            #expect(later?.map { $0["id"]?.string } == [images[1]])
        }
    }

    private func useEverything(_ nodes: Nodes) throws {
        for glance in nodes.both {
            let image = try glance.hasActiveImage()
            #expect(try glance.patch(image, #"[{"op": "add", "path": "/colour", "value": "blue"}]"#).status == 200)
            #expect(try glance.send("POST", "/v2/images/\(image)/members", json: #"{"member": "bolt"}"#).status == 200)
            #expect(try glance.send("PUT", "/v2/images/\(image)/members/bolt", as: .bob, json: #"{"status": "accepted"}"#).status == 200)
            #expect(try glance.send("DELETE", "/v2/images/\(image)/members/bolt").status == 204)
            let space = #"{"namespace": "space-\#(glance.port)"}"#
            #expect(try glance.send("POST", "/v2/metadefs/namespaces", as: .admin, json: space).status == 201)
            for version in ["v1", "v2"] {
                let path = version == "v1" ? "/v1/images/\(image)" : "/v2/images/\(image)/file"
                #expect(try glance.send("GET", path).text == "hello")
            }
            let classic = v1Headers.merging(["x-image-meta-name": "classic-\(glance.port)"]) { $1 }
            #expect(try glance.send("POST", "/v1/images", as: .alice, classic, body: Array("classic".utf8)).status == 201)
            let id = try #require(try glance.id(named: "classic-\(glance.port)"))
            #expect(try glance.send("PUT", "/v1/images/\(id)", as: .alice, ["x-image-meta-property-colour": "red"]).status == 200)
            #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
            try checkImport(at: glance)
        }
        #expect(try eventually { try nodes.count("vitrine_image_use", "downloads = 2") == 1 })
        #expect(try eventually { try nodes.count("vitrine_notifications", "TRUE") == 0 })
        #expect(try nodes.count("vitrine_events", "event_type = 'image.send'") == 2)
    }

    private func checkImport(at glance: TestGlance) throws {
        let id = try glance.hasImage()
        let type = ["Content-Type": "application/octet-stream"]
        #expect(try glance.send("PUT", "/v2/images/\(id)/stage", as: .alice, type, body: Array("staged".utf8)).status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
    }

    // MARK: upkeep

    private static let unfinished = "0123456789abcdef0123456789abcdef"

    /// What is due by the database's clock and by that of the files is done, and nothing else.
    private func checkUpkeep(_ nodes: Nodes) throws {
        let glance = nodes.first
        func file(_ path: String, age: Double) throws -> String {
            try "data".write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: path)
            return path
        }
        func id() -> String { UUID().uuidString.lowercased() }
        func strays(age: Double) throws -> [String] {
            let (images, staging) = (glance.storeFolder, "\(glance.folder)/staging")
            return [
                try file("\(images)/.incoming/\(id()).\(Self.unfinished)", age: age),
                try file("\(staging)/.incoming/\(id()).\(Self.unfinished)", age: age), try file("\(staging)/\(id())", age: age),
            ]
        }
        func deleted(minutes: Int) throws -> String {
            let image = try glance.hasActiveImage()
            #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
            try glance.execute("UPDATE images SET deleted_at = deleted_at - INTERVAL \(minutes) MINUTE WHERE id = '\(image)'")
            return image
        }
        func task(minutes: Int) throws -> String {
            let task = id()
            try glance.execute(
                """
                INSERT INTO tasks (id, type, status, owner, expires_at, created_at, updated_at, deleted)
                VALUES ('\(task)', 'import', 'success', 'acme', UTC_TIMESTAMP() + INTERVAL \(minutes) MINUTE, '2025-01-01', '2025-01-01', 0)
                """)
            return task
        }
        func abandoned(minutes: Int) throws -> String {
            let image = try glance.hasImage()
            try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(image)'")
            try glance.execute(
                """
                INSERT INTO vitrine_uploads (image_id, token, pending_url, worker, lease_until)
                VALUES ('\(image)', '\(image)', 'file://\(glance.storeFolder)/.incoming/\(image).7', 'nobody',
                        UTC_TIMESTAMP(6) + INTERVAL \(minutes) MINUTE)
                """)
            return image
        }
        let (early, due) = (try strays(age: 100), try strays(age: 700))
        let (kept, scrubbed) = (try deleted(minutes: 0), try deleted(minutes: 38))
        let (held, expired) = (try abandoned(minutes: 10), try abandoned(minutes: -2))
        let (lasting, ended) = (try task(minutes: 30), try task(minutes: -30))
        // The second sweep of a process is a thorough one.
        let former = try #require(nodes.second.site.tasksID)
        kill(former, SIGTERM)
        #expect(
            try eventually {
                try nodes.second.site.revive()
                return nodes.second.site.tasksID != former
            })

        #expect(try eventually { try nodes.count("images", "id = '\(scrubbed)' AND status = 'deleted'") == 1 })
        #expect(try eventually { try glance.status(of: expired) == "queued" })
        #expect(eventually { !due.contains { FileManager.default.fileExists(atPath: $0) } })
        // It comes last in a sweep.
        #expect(try eventually { try nodes.count("tasks", "id = '\(ended)' AND deleted = 0") == 0 })
        #expect(early.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        #expect(try nodes.count("images", "id = '\(kept)' AND status = 'pending_delete'") == 1)
        #expect(try glance.status(of: held) == "saving")
        #expect(try nodes.count("tasks", "id = '\(lasting)' AND deleted = 0") == 1)
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 DAY WHERE token = '\(held)'")
    }

    private func checkPurge(_ nodes: Nodes) throws {
        func deleted(_ change: String) throws -> String {
            let image = try nodes.first.hasImage()
            #expect(try nodes.first.send("DELETE", "/v2/images/\(image)").status == 204)
            try nodes.first.execute(
                "UPDATE images SET deleted_at = UTC_TIMESTAMP() - INTERVAL 1 DAY \(change) INTERVAL 30 MINUTE WHERE id = '\(image)'")
            return image
        }
        let (kept, purged) = (try deleted("+"), try deleted("-"))
        try nodes.manage("db", "purge_images_table", "--age_in_days", "1", "--max_rows", "-1")
        #expect(try nodes.count("images", "id = '\(kept)'") == 1)
        #expect(try nodes.count("images", "id = '\(purged)'") == 0)
    }
}
