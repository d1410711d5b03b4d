package import Domain
internal import NotificationWire

/// Sends notifications to a broker as oslo.messaging does: to a topic exchange, with the routing key `<topic>.<priority>`, into a queue of
/// that name.
///
/// Source: oslo.messaging, `notify/messaging.py` and `_drivers/impl_rabbit.py`.
package final class MessagingSender: NotificationSender {
    private let address: BrokerAddress
    private let settings: BrokerSettings
    private var connection: Connection?
    private var routed: Set<String> = []
    /// The index of the host that is asked next; counts on past the last one.
    private var hostIndex = 0

    /// The time limits in seconds of connecting, and of sending a batch.
    private static let (connecting, sending) = (5, 15.0)

    /// - Returns: nil when the URL in the settings is invalid.
    package init?(_ settings: BrokerSettings) {
        guard let address = BrokerAddress(url: settings.url) else { return nil }
        self.address = address
        self.settings = settings
    }

    package func send(_ notifications: [OutgoingNotification]) throws(Fault) {
        do throws(RabbitMQError) {
            let connection = try connected()
            connection.allow(seconds: Self.sending)
            for notification in notifications {
                for isEnveloped in settings.formats.map({ $0 == .enveloped }) {
                    try publish(notification.carried(isEnveloped: isEnveloped), notification.priority.lowercased(), on: connection)
                }
            }
            try connection.waitForConfirmations(seconds: Int(Self.sending))
            connection.disarm()
        } catch {
            (connection, routed) = (nil, [])
            hostIndex += 1
            throw Fault(.unavailable, "The message broker takes no notifications now.", cause: error)
        }
    }

    private func publish(_ body: [UInt8], _ priority: String, on connection: Connection) throws(RabbitMQError) {
        for topic in settings.topics {
            let key = "\(topic).\(priority)"
            if !routed.contains(key) {
                let isDurable = settings.isDurable || settings.isQuorum
                try connection.route(
                    key, through: settings.exchange,
                    .init(isDurable: isDurable, isAutoDeleted: settings.isAutoDeleted, isQuorum: settings.isQuorum))
                routed.insert(key)
            }
            try connection.publish(body, to: settings.exchange, key: key)
        }
    }

    private func connected() throws(RabbitMQError) -> Connection {
        if let connection { return connection }
        // Each host once, beginning with the one after the last that failed.
        for _ in 1..<address.hosts.count {
            do throws(RabbitMQError) {
                return try connect()
            } catch {
                hostIndex += 1
            }
        }
        return try connect()
    }

    private func connect() throws(RabbitMQError) -> Connection {
        let isEncrypted = address.isEncrypted || settings.isEncrypted
        let fresh = try Connection(
            to: address.hosts[hostIndex % address.hosts.count], virtualHost: address.virtualHost,
            tls: isEncrypted ? .init(authority: settings.certificateAuthority) : nil, patience: Self.connecting)
        connection = fresh
        return fresh
    }
}
