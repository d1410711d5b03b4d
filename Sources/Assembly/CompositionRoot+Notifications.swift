internal import BackgroundJobs
package import Domain
internal import Glibc
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence

/// Makes the sender to a message broker; gives nil for a URL that is not valid. `glance-tasks` alone has it and the library that it needs.
package typealias MakeBrokerSender = (BrokerSettings) -> (any NotificationSender)?

extension CompositionRoot {
    private enum Driver: String {
        case noop, log, messaging, messagingv2
    }

    /// The ways by which notifications are sent; none if there are no notifications.
    private var notificationDrivers: Set<Driver> {
        get throws {
            let named = try configuration(options.notifications.drivers).map { name in
                guard let driver = Driver(rawValue: name) else {
                    throw ConfigurationError(
                        place: "[oslo_messaging_notifications] driver",
                        reason: "'\(name)' is none of messagingv2, messaging, log and noop")
                }
                return driver
            }
            return Set(named).subtracting([.noop])
        }
    }

    /// Whether notifications are kept after they were sent.
    var keepsEvents: Bool {
        get throws { try configuration(options.notifications.eventsKept) > 0 }
    }

    /// Whether notifications are written at all.
    private var hasNotifications: Bool {
        get throws { try keepsEvents || !notificationDrivers.isEmpty }
    }

    /// The periodic job that removes old events.
    func makeEventKeeping() throws -> EventKeeping {
        EventKeeping(try catalog, days: try configuration(options.notifications.eventsKept))
    }

    func makeOutbox() throws -> Outbox? {
        guard try hasNotifications else { return nil }
        let publisher = try configuration(options.notifications.publisherID)
        guard publisher.unicodeScalars.count <= 255 else {
            throw ConfigurationError(place: "[DEFAULT] default_publisher_id", reason: "is longer than 255 characters")
        }
        return Outbox(publisher: publisher, disabled: try disabledNotifications)
    }

    private var disabledNotifications: DisabledNotifications {
        get throws { DisabledNotifications(try configuration(options.notifications.disabled)) }
    }

    /// Whether answers tell nginx whose data it sends.
    var notesSends: Bool {
        get throws {
            guard try configuration(options.notifications.sendLog) != nil else { return false }
            return try recordsUse || hasNotifications && !disabledNotifications.contains(.imageSend)
        }
    }

    /// Whether what nginx sent is recorded as the use of images.
    private var recordsUse: Bool {
        get throws { try configuration(options.use.recordUse) && configuration(options.notifications.sendLog) != nil }
    }

    /// The outbox relay; nil if there are no notifications.
    func makeOutboxRelay(_ makeBrokerSender: MakeBrokerSender) throws -> OutboxRelay? {
        let drivers = try notificationDrivers
        guard try hasNotifications else { return nil }
        var senders: [any NotificationSender] = []
        let settings = try brokerSettings(drivers)
        var isLogged = drivers.contains(.log)
        if !settings.formats.isEmpty, let transport = otherTransport(of: settings.url) {
            log.logger("glance.notifications").warning(
                """
                [oslo_messaging_notifications] transport_url: the transport '\(transport)' is not here, only rabbit is; notifications go to \
                this log
                """)
            isLogged = true
        } else if !settings.formats.isEmpty {
            guard let sender = makeBrokerSender(settings) else {
                // The URL holds a password, so the message does not show it.
                throw ConfigurationError(
                    place: "[oslo_messaging_notifications] transport_url",
                    reason:
                        "is no URL of the form rabbit://user:password@host:port/virtual_host, with names or addresses of hosts and ports "
                        + "from 1 to 65535")
            }
            senders.append(sender)
        }
        if isLogged { senders.append(LogSender(log)) }
        let retry = try configuration(options.notifications.retry)
        return OutboxRelay(
            queue: try catalog, senders: senders, worker: worker,
            kept: try configuration(options.notifications.kept),
            tries: retry < 0 ? nil : retry + 1, logger: log.logger("glance.notifications"))
    }

    /// The transport of a URL if only Glance has it; nil for the one that is supported here, and for a text that is no URL.
    private func otherTransport(of url: String) -> String? {
        guard let end = url.firstRange(of: "://")?.lowerBound else { return nil }
        let scheme = url[..<end].lowercased()
        let isName = !scheme.isEmpty && scheme.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || "+-.".utf8.contains($0) }
        return isName && scheme != "rabbit" && scheme != "kombu" ? scheme : nil
    }

    private func brokerSettings(_ drivers: Set<Driver>) throws -> BrokerSettings {
        var settings = BrokerSettings()
        settings.url = try configuration(options.notifications.url) ?? configuration(options.notifications.transportURL)
        settings.exchange = try configuration(options.notifications.controlExchange)
        settings.topics = try configuration(options.notifications.topics)
        settings.formats = (drivers.contains(.messaging) ? [.bare] : []) + (drivers.contains(.messagingv2) ? [.enveloped] : [])
        settings.isDurable = try configuration(options.notifications.durableQueues)
        settings.isAutoDeleted = try configuration(options.notifications.autoDeletedQueues)
        settings.isQuorum = try configuration(options.notifications.quorumQueue)
        settings.isEncrypted = try configuration(options.notifications.brokerTLS)
        settings.certificateAuthority = try configuration(options.notifications.brokerCA)
        // AMQP's short strings have 255 bytes. `.critical` is the longest text that is put behind a topic.
        guard !settings.topics.isEmpty,
            (settings.topics.map { $0 + ".critical" } + [settings.exchange]).allSatisfy({ $0.utf8.count <= 255 })
        else {
            throw ConfigurationError(
                place: "[oslo_messaging_notifications] topics", reason: "is empty, or has a name longer than 246 bytes")
        }
        return settings
    }

    /// The periodic job that removes old records of use. It runs also where no more are made.
    func makeUsePurging() throws -> UsePurging { UsePurging(try catalog, keeping: try configuration(options.use.kept)) }

    /// The periodic job that reads nginx's log of what it sent; nil if there is no such log, or nothing is made of it.
    func makeSendLog() throws -> SendLog? {
        guard try notesSends, let path = try configuration(options.notifications.sendLog) else { return nil }
        let (catalog, recordsUse) = (try catalog, try recordsUse)
        do throws(Fault) {
            return try SendLog(
                path: path, on: hostName(), recordsUse: recordsUse, catalog: catalog, worker: worker, meter: .metrics,
                logger: log.logger("glance.notifications"))
        } catch {
            throw ConfigurationError(place: "[vitrine] send_log", reason: error.message)
        }
    }
}
