package import Domain
internal import MariaDB
internal import NotificationWire

/// Writes notifications in the transaction of the change that they report, so that neither exists without the other.
package struct Outbox: Sendable {
    private let publisher: String
    private let disabled: DisabledNotifications

    package init(publisher: String, disabled: DisabledNotifications) {
        self.publisher = publisher
        self.disabled = disabled
    }

    /// - Parameter payload: called once, and only if one of the events is enabled.
    func tell(
        _ events: Notification.Event..., of payload: @autoclosure () throws -> Notification.Payload?, on connection: Connection
    ) throws {
        let told = events.filter { !disabled.contains($0) }
        guard !told.isEmpty, let payload = try payload() else { return }
        try write(told.map { Notification($0, .info, payload) }, Trace.current, at: nil, on: connection)
    }

    func tell(_ event: Notification.Event, failedBecause reason: String, on connection: Connection) throws {
        guard !disabled.contains(event) else { return }
        try write([Notification(event, .error, .text(reason))], Trace.current, at: nil, on: connection)
    }

    func tell(_ sent: SentBytes, on connection: Connection) throws {
        guard !disabled.contains(.imageSend) else { return }
        let notification = Notification(.imageSend, sent.isWhole ? .info : .error, .sent(sent))
        try write([notification], sent.trace, at: sent.moment, on: connection)
    }

    /// - Parameter moment: seconds since 1970; nil for now.
    private func write(_ notifications: [Notification], _ trace: Trace?, at moment: Double?, on connection: Connection) throws {
        var random = SystemRandomNumberGenerator()
        var values: [SQLValue] = []
        for notification in notifications {
            values += [
                .text(ImageID.random(using: &random).text), .text(publisher), .text(notification.event.rawValue),
                .text(notification.priority.rawValue), .text(notification.payloadText), .text(trace?.requestID),
                .text(trace?.globalRequestID),
                .text(moment.map { String($0) }),
            ]
        }
        let row = "(?, ?, ?, ?, ?, ?, ?, COALESCE(FROM_UNIXTIME(?), UTC_TIMESTAMP(6)))"
        try connection.run(
            """
            INSERT INTO vitrine_notifications
              (message_id, publisher_id, event_type, priority, payload, request_id, global_request_id, happened_at)
            VALUES \(notifications.map { _ in row }.joined(separator: ", "))
            """, values)
    }
}

extension MariaDBCatalog {
    /// An image as it is within a transaction, for its notification.
    func payload(of image: ImageID, on connection: Connection) throws(MariaDBError) -> Notification.Payload? {
        try ImageRows.load([image.text], locations: false, on: connection).first.map { .image($0) }
    }

    /// The time of a deletion, for a notification of it.
    func deletionTime(on connection: Connection) throws(MariaDBError) -> Timestamp? {
        try connection.first(Self.now).map { Timestamp($0) }
    }

    private static let now = Query("SELECT UTC_TIMESTAMP()") { row throws(MariaDBError) in try row.time(0) }
}
