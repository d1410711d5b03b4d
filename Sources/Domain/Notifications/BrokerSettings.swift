/// How notifications go to a message broker. Names in parentheses are oslo.messaging's.
package struct BrokerSettings: Sendable {
    /// Holds a password (`transport_url`).
    package var url = "rabbit://"
    /// (`control_exchange`)
    package var exchange = "glance"
    package var topics = ["notifications"]
    package var formats: [Format] = []
    /// (`amqp_durable_queues`)
    package var isDurable = false
    /// (`amqp_auto_delete`)
    package var isAutoDeleted = false
    /// (`rabbit_quorum_queue`)
    package var isQuorum = false
    /// (`ssl`)
    package var isEncrypted = false
    /// A file (`ssl_ca_file`).
    package var certificateAuthority: String?

    /// Whether a message stands in an envelope with its version (driver `messagingv2`) or by itself (`messaging`).
    package enum Format: Sendable, CaseIterable { case bare, enveloped }

    package init() {}
}
