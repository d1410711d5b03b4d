/// Settings of the message broker for notifications. oslo.messaging's names are in parentheses.
package struct BrokerSettings: Sendable {
    /// The broker's URL, which contains a password (`transport_url`).
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

    /// Whether a message is wrapped in an envelope with its version (driver `messagingv2`) or not (`messaging`).
    package enum Format: Sendable, CaseIterable { case bare, enveloped }

    package init() {}
}
