import Domain
import Foundation
import MariaDB
import Persistence
import TestSupport
import Testing
import Threading

/// Events in the database: moved from the notifications once, and removed after their days.
@Suite struct `Events` {
    /// - Parameter command: SQL that each connection begins with.
    private func catalog(of database: ReportDatabase, _ command: String? = nil) throws -> MariaDBCatalog {
        var address = try Address(url: database.server.url(of: database.name))
        address.initCommand = command
        return MariaDBCatalog(
            Database(Pool(address)), outbox: Outbox(publisher: "test", disabled: DisabledNotifications([])), keepsEvents: true)
    }

    @Test func `are moved once, however often and by however many they are completed`() async throws {
        let database = try ReportDatabase.synced()
        let catalog = try catalog(of: database)
        let author = Author(project: "acme", user: "alice")
        for _ in 0..<250 {
            let draft = ImageDraft(id: .fresh(), owner: "acme")
            _ = try Author.following(author) { () throws(Fault) in try catalog.insert(draft) }
        }
        let waiting = try catalog.waitingNotifications(atMost: 250)
        #expect(waiting.count == 250)
        _ = try await atOnce(4) { _ in try catalog.complete(waiting) }
        try catalog.complete(waiting)
        try catalog.complete([OutgoingNotification]())
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_notifications") == ["0"])
        #expect(try database.rows("SELECT COUNT(*), COUNT(DISTINCT image_id) FROM vitrine_events", columns: 2) == [["250", "250"]])
        #expect(try database.rows("SELECT DISTINCT project, user FROM report_events", columns: 2) == [["acme", "alice"]])
    }

    @Test func `are not written of what another process is moving just now`() throws {
        let database = try ReportDatabase.synced()
        // At this level a plain INSERT … SELECT locks nothing that it reads.
        let catalog = try catalog(of: database, "SET SESSION tx_isolation = 'READ-COMMITTED'")
        for _ in 0..<5 { _ = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")) }
        let waiting = try catalog.waitingNotifications(atMost: 10)
        let other = try database.server.connect(to: database.name)
        try other.execute("SET SESSION idle_transaction_timeout = 600")
        try other.execute("START TRANSACTION")
        try other.execute("DELETE FROM vitrine_notifications")
        let isWaiting = """
            SELECT COUNT(*) FROM information_schema.processlist
             WHERE db = '\(database.name)' AND time_ms > 100 AND info LIKE '%vitrine_notifications%' AND id <> CONNECTION_ID()
            """
        let end = Monitor(Result<Void, any Error>?.none)
        Thread.detachNewThread {
            let result = Result { try catalog.complete(waiting) }
            end.with { $0 = result }
        }
        #expect(try eventually { try database.texts(isWaiting) != ["0"] })
        try other.execute("COMMIT")
        try end.wait { $0 }.get()
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_events") == ["0"])
    }

    @Test func `are kept also of notifications that are dropped`() throws {
        let database = try ReportDatabase.synced()
        let catalog = try catalog(of: database)
        for _ in 0..<230 { _ = try catalog.insert(ImageDraft(id: .fresh(), owner: "acme")) }
        #expect(try catalog.dropNotifications(keeping: 10) == 220)
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_events") == ["220"])
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_notifications") == ["10"])
    }

    @Test func `are removed after their days, some at a time`() throws {
        let database = try ReportDatabase.synced()
        let catalog = try catalog(of: database)
        for (days, count) in [(8, 2500), (6, 3)] {
            try database.execute(
                """
                INSERT INTO vitrine_events (happened_at, event_type, priority, payload)
                SELECT UTC_TIMESTAMP(6) - INTERVAL \(days) DAY, 'image.create', 'INFO', '{}' FROM seq_1_to_\(count)
                """)
        }
        #expect(try catalog.forgetEvents(olderThan: 7))
        #expect(try catalog.forgetEvents(olderThan: 7))
        #expect(try !catalog.forgetEvents(olderThan: 7))
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_events") == ["3"])
        #expect(try !catalog.forgetEvents(olderThan: 0))
        #expect(try database.texts("SELECT COUNT(*) FROM vitrine_events") == ["0"])
    }
}
