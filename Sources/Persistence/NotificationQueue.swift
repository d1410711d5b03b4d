package import Domain
internal import MariaDB

extension MariaDBCatalog: NotificationCatalog {
    /// The bytes of payloads that are read at once, not counting the last one.
    private static let mostBytes: Int64 = 4 << 20

    package func waitingNotifications(atMost count: Int) throws(Fault) -> [OutgoingNotification] {
        try database.read("Reading notifications") { connection in
            let sizes = try connection.all(Self.oldest, .int(Int64(count)))
            guard let first = sizes.first else { return [] }
            var (last, bytes, taken) = (first.number, first.bytes, 1)
            for next in sizes.dropFirst() {
                bytes += next.bytes
                guard bytes <= Self.mostBytes else { break }
                (last, taken) = (next.number, taken + 1)
            }
            return try connection.all(Self.inRange, .int(first.number), .int(last), .int(Int64(taken)))
        }
    }

    /// Deletes by exact numbers, because a smaller number may be committed later.
    package func complete(_ notifications: [OutgoingNotification]) throws(Fault) {
        guard keepsEvents else {
            _ = try database.run("Settling notifications") { connection in
                try remove(notifications.map(\.number), on: connection)
            }
            return
        }
        try database.transaction("Keeping events") { connection in try keep(notifications.map(\.number), on: connection) }
    }

    /// Moves notifications to the events.
    ///
    /// It locks the rows that it reads, so that of two that move the same one, the second finds nothing.
    private func keep(_ numbers: [Int64], on connection: Connection) throws(MariaDBError) {
        for (list, values) in placeholderLists(of: numbers.map { .int($0) }) {
            try connection.run(
                """
                INSERT INTO vitrine_events (happened_at, event_type, priority, image_id, project, user, request_id, payload)
                SELECT happened_at, event_type, priority, image_id, project, user, request_id, payload
                  FROM vitrine_notifications
                 WHERE id IN \(list)
                 ORDER BY id
                   FOR UPDATE
                """, values)
        }
        try remove(numbers, on: connection)
    }

    private func remove(_ numbers: [Int64], on connection: Connection) throws(MariaDBError) {
        for (list, values) in placeholderLists(of: numbers.map { .int($0) }) {
            try connection.run("DELETE FROM vitrine_notifications WHERE id IN \(list)", values)
        }
    }

    package func dropNotifications(keeping count: Int) throws(Fault) -> Int {
        let newest = try database.read("Looking for notifications to drop") { connection in
            try connection.first(Self.newestBeyond, .int(Int64(count)))
        }
        guard let newest else { return 0 }
        var dropped = 0
        while case let some = try drop(upTo: newest), some > 0 { dropped += some }
        return dropped
    }

    /// Removes some of the notifications up to a number.
    private func drop(upTo newest: Int64) throws(Fault) -> Int {
        guard keepsEvents else {
            return try database.run("Dropping notifications") { connection in
                try connection.run("DELETE FROM vitrine_notifications WHERE id <= ? LIMIT 1000", .int(newest))
            }
        }
        let numbers = try database.read("Looking for notifications to drop") { connection in
            try connection.all(Self.upTo, .int(newest))
        }
        if !numbers.isEmpty {
            try database.transaction("Keeping events") { connection in try keep(numbers, on: connection) }
        }
        return numbers.count
    }

    private static let upTo = Query(
        "SELECT id FROM vitrine_notifications WHERE id <= ? ORDER BY id LIMIT 100"
    ) { row throws(MariaDBError) in try row.int(0) }

    private static let oldest = Query(
        "SELECT id, LENGTH(payload) FROM vitrine_notifications ORDER BY id LIMIT ?"
    ) { row throws(MariaDBError) in (number: try row.int(0), bytes: try row.int(1)) }

    private static let inRange = Query(
        """
        SELECT id, message_id, publisher_id, event_type, priority, payload, request_id, global_request_id, CAST(happened_at AS CHAR)
          FROM vitrine_notifications
         WHERE id BETWEEN ? AND ?
         ORDER BY id
         LIMIT ?
        """
    ) { row throws(MariaDBError) in
        let global = try row.textOrNil(7)
        let trace = try row.textOrNil(6).map { Trace(requestID: $0, globalRequestID: global) }
        return OutgoingNotification(
            number: try row.int(0), messageID: try row.text(1), publisher: try row.text(2), event: try row.text(3),
            priority: try row.text(4), payload: try row.text(5), trace: trace, moment: try row.text(8))
    }

    private static let newestBeyond = Query(
        "SELECT id FROM vitrine_notifications ORDER BY id DESC LIMIT 1 OFFSET ?"
    ) { row throws(MariaDBError) in try row.int(0) }
}
