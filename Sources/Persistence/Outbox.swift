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
        let trace = Trace.current
        try write(told.map { Entry(Notification($0, .info, payload), of: payload.image, trace) }, on: connection)
    }

    func tell(_ event: Notification.Event, of image: ImageID, failedBecause reason: String, on connection: Connection) throws {
        guard !disabled.contains(event) else { return }
        try write([Entry(Notification(event, .error, .text(reason)), of: image, Trace.current)], on: connection)
    }

    /// Writes notifications of sent bytes, in their order.
    func tell(_ sent: [SentBytes], on connection: Connection) throws {
        guard !disabled.contains(.imageSend) else { return }
        // Two numbers of rows only: a statement for each would crowd out the cache of statements.
        let whole = sent.count - sent.count % Self.rowsAtOnce
        for start in stride(from: 0, to: whole, by: Self.rowsAtOnce) {
            try write(sent[start..<(start + Self.rowsAtOnce)].map(Entry.init), on: connection)
        }
        for one in sent[whole...] { try write([Entry(one)], on: connection) }
    }

    private static let rowsAtOnce = 32

    /// A notification to be written.
    private struct Entry {
        let notification: Notification
        /// Nil when it is about no image.
        let image: ImageID?
        let trace: Trace?
        /// Seconds since 1970; nil for now.
        var moment: Double?

        init(_ notification: Notification, of image: ImageID?, _ trace: Trace?) {
            (self.notification, self.image, self.trace) = (notification, image, trace)
        }

        init(_ sent: SentBytes) {
            notification = Notification(.imageSend, sent.isWhole ? .info : .error, .sent(sent))
            (image, trace, moment) = (sent.image, sent.trace, sent.moment)
        }
    }

    private func write(_ entries: [Entry], on connection: Connection) throws {
        var random = SystemRandomNumberGenerator()
        var values: [SQLValue] = []
        for entry in entries {
            let notification = entry.notification
            values += [
                .text(ImageID.random(using: &random).text), .text(publisher), .text(notification.event.rawValue),
                .text(notification.priority.rawValue), .text(notification.payloadText), .text(entry.trace?.requestID),
                .text(entry.trace?.globalRequestID),
                .text(entry.moment.map { String($0) }), .text(entry.image?.text),
            ]
            // The task or transfer itself says whose it is, whoever reports on it.
            let author = notification.payload.author ?? Author.current
            values += [Self.name(author?.project), Self.name(author?.user)]
        }
        let row = "(?, ?, ?, ?, ?, ?, ?, COALESCE(FROM_UNIXTIME(?), UTC_TIMESTAMP(6)), ?, ?, ?)"
        try connection.run(
            """
            INSERT INTO vitrine_notifications
              (message_id, publisher_id, event_type, priority, payload, request_id, global_request_id, happened_at, image_id,
               project, user)
            VALUES \(entries.map { _ in row }.joined(separator: ", "))
            """, values)
    }

    /// A name of the identity service in the form that the column can hold.
    private static func name(_ text: String?) -> SQLValue {
        .text(text.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(255))) })
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
