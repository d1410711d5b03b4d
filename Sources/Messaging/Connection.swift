internal import CRabbitMQ
internal import Glibc
internal import Threading

/// A connection to a broker that confirms messages. One thread at a time uses it; after an error it must be dropped.
package final class Connection {
    private let raw: amqp_connection_state_t
    private let watchdog: Watchdog
    /// The channel on which messages are published. Other channels are used for one call, since an error closes a channel.
    private static let publishing: amqp_channel_t = 1
    private var nextChannel: amqp_channel_t = 2
    /// The numbers of messages that are not confirmed yet. The broker counts them too, from 1.
    private var unconfirmed: Set<UInt64> = []
    private var published: UInt64 = 0

    /// The settings of TLS.
    package struct TLS: Sendable {
        /// A file of CA certificates; nil for the system's.
        package var authority: String?
        package init(authority: String?) { self.authority = authority }
    }

    /// Connects and logs in.
    ///
    /// - Parameter patience: the time limit in seconds.
    package init(to host: BrokerAddress.Host, virtualHost: String, tls: TLS?, patience: Int) throws(RabbitMQError) {
        guard let raw = amqp_new_connection() else { fatalError("out of memory") }
        guard let socket = tls == nil ? amqp_tcp_socket_new(raw) : amqp_ssl_socket_new(raw) else { fatalError("out of memory") }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        var opened = CInt(0)
        if let tls {
            amqp_ssl_socket_set_verify_peer(socket, 1)
            amqp_ssl_socket_set_verify_hostname(socket, 1)
            opened = amqp_ssl_socket_set_cacert(socket, tls.authority ?? Self.systemCertificates)
        }
        if opened == 0 { opened = amqp_socket_open_noblock(socket, host.name, host.port, &limit) }
        guard opened == 0 else {
            amqp_destroy_connection(raw)
            throw RabbitMQError("connecting to \(host.name):\(host.port)", opened)
        }
        do throws(ThreadUnavailable) {
            watchdog = try Watchdog(over: amqp_get_sockfd(raw))
        } catch {
            amqp_destroy_connection(raw)
            throw RabbitMQError("connecting to \(host.name):\(host.port): \(error)")
        }
        self.raw = raw
        watchdog.allow(seconds: Double(patience))
        amqp_set_handshake_timeout(raw, &limit)
        amqp_set_rpc_timeout(raw, &limit)
        try check("logging in at \(host.name):\(host.port)", vitrine_amqp_login(raw, virtualHost, host.user, host.password))
        amqp_channel_open(raw, Self.publishing)
        try check("opening a channel")
        amqp_confirm_select(raw, Self.publishing)
        try check("asking for confirmations")
        watchdog.disarm()
    }

    deinit {
        watchdog.end()
        amqp_destroy_connection(raw)
    }

    private static let systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

    /// The attributes of exchanges and queues that are created.
    package struct Making: Sendable {
        /// Whether they survive a restart of the broker.
        package var isDurable: Bool
        /// Whether they are deleted when nothing uses them.
        package var isAutoDeleted: Bool
        /// Whether a queue is a quorum queue.
        package var isQuorum: Bool

        package init(isDurable: Bool, isAutoDeleted: Bool, isQuorum: Bool) {
            (self.isDurable, self.isAutoDeleted, self.isQuorum) = (isDurable, isAutoDeleted, isQuorum)
        }
    }

    /// Makes messages of a key go to a queue of that name, whether or not a client reads it already. Existing exchanges and queues stay as
    /// they are: a broker refuses to declare them with other attributes.
    package func route(_ key: String, through exchange: String, _ making: Making) throws(RabbitMQError) {
        try withStrings(exchange, key) { (exchange, key) throws(RabbitMQError) in
            let durable: amqp_boolean_t = making.isDurable ? 1 : 0
            let autoDelete: amqp_boolean_t = making.isAutoDeleted ? 1 : 0
            let topic = vitrine_amqp_topic()
            try unlessThere("looking for an exchange") { channel in
                amqp_exchange_declare(raw, channel, exchange, topic, 1, 0, 0, 0, amqp_empty_table)
            } make: { channel in
                amqp_exchange_declare(raw, channel, exchange, topic, 0, durable, autoDelete, 0, amqp_empty_table)
            }
            let arguments = making.isQuorum ? vitrine_amqp_quorum() : amqp_empty_table
            try unlessThere("looking for a queue") { channel in
                amqp_queue_declare(raw, channel, key, 1, 0, 0, 0, amqp_empty_table)
            } make: { channel in
                amqp_queue_declare(raw, channel, key, 0, durable, 0, autoDelete, arguments)
            }
            try onChannel("binding a queue") { amqp_queue_bind(raw, $0, key, exchange, key, amqp_empty_table) }
        }
    }

    /// Publishes a JSON message, which the broker stores on its disk.
    package func publish(_ body: [UInt8], to exchange: String, key: String) throws(RabbitMQError) {
        var code = CInt(0)
        try withStrings(exchange, key) { (exchange, key) throws(RabbitMQError) in
            var properties = vitrine_amqp_json_properties()
            code = body.withUnsafeBytes { bytes in
                let body = amqp_bytes_t(len: bytes.count, bytes: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
                return amqp_basic_publish(raw, Self.publishing, exchange, key, 1, 0, &properties, body)
            }
        }
        guard code == 0 else { throw RabbitMQError("publishing", code) }
        published += 1
        unconfirmed.insert(published)
    }

    /// Waits until the broker has confirmed all published messages.
    package func waitForConfirmations(seconds: Int) throws(RabbitMQError) {
        while !unconfirmed.isEmpty {
            var frame = amqp_frame_t()
            var limit = timeval(tv_sec: seconds, tv_usec: 0)
            amqp_maybe_release_buffers(raw)
            let code = amqp_simple_wait_frame_noblock(raw, &frame, &limit)
            guard code == 0 else { throw RabbitMQError("waiting for confirmations", code) }
            switch vitrine_amqp_frame_kind(&frame) {
            case VITRINE_AMQP_ACK:
                let ack = vitrine_amqp_ack(&frame)!.pointee
                if ack.multiple == 0 {
                    unconfirmed.remove(ack.delivery_tag)
                } else {
                    unconfirmed = unconfirmed.filter { $0 > ack.delivery_tag }
                }
            case VITRINE_AMQP_REFUSAL: throw RabbitMQError("the broker refused a message, or no queue takes it")
            case VITRINE_AMQP_CLOSED: throw RabbitMQError("the broker closed the connection")
            default: break
            }
        }
    }

    /// Sets a deadline for all following calls: the connection is cut after these seconds, unless `disarm` is called before.
    package func allow(seconds: Double) { watchdog.allow(seconds: seconds) }
    /// Removes the deadline.
    package func disarm() { watchdog.disarm() }

    // MARK: calls

    private func unlessThere<Answer>(
        _ doing: String, _ look: (amqp_channel_t) -> Answer, make: (amqp_channel_t) -> Answer
    ) throws(RabbitMQError) {
        do throws(RabbitMQError) {
            try onChannel(doing, look)
        } catch {
            guard error.code == RabbitMQError.notFound else { throw error }
            try onChannel("declaring an exchange or a queue", make)
        }
    }

    private func onChannel<Answer>(_ doing: String, _ call: (amqp_channel_t) -> Answer) throws(RabbitMQError) {
        let channel = nextChannel
        nextChannel += 1
        amqp_channel_open(raw, channel)
        try check("opening a channel")
        _ = call(channel)
        do throws(RabbitMQError) {
            try check(doing)
        } catch {
            if error.code == RabbitMQError.notFound { _ = vitrine_amqp_channel_closed(raw, channel) }
            throw error
        }
        try check("closing a channel", amqp_channel_close(raw, channel, 200))
    }

    private func check(_ doing: String) throws(RabbitMQError) { try check(doing, amqp_get_rpc_reply(raw)) }

    private func check(_ doing: String, _ reply: amqp_rpc_reply_t) throws(RabbitMQError) {
        guard vitrine_amqp_code(reply) == 0 else { throw RabbitMQError(doing, reply) }
    }

    private func withStrings(
        _ first: String, _ second: String, _ body: (amqp_bytes_t, amqp_bytes_t) throws(RabbitMQError) -> Void
    ) throws(RabbitMQError) {
        let (one, two) = (strdup(first)!, strdup(second)!)
        defer {
            free(one)
            free(two)
        }
        try body(amqp_cstring_bytes(one), amqp_cstring_bytes(two))
    }
}
