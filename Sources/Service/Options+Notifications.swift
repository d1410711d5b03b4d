internal import OsloConfig

/// Who is told what happens to images, and how.
extension Options {
    /// `messagingv2`, `messaging` and `log`, each as often as it is named; `noop` is none.
    static let notificationDrivers = Option<[String]>.many("oslo_messaging_notifications", "driver")
        .formerly("notification_driver", in: "DEFAULT")
    static let notificationTopics = Option<[String]>.list("oslo_messaging_notifications", "topics", default: ["notifications"])
        .formerly("topics", in: "rpc_notifier2").formerly("notification_topics", in: "DEFAULT")
    static let notificationURL = Option<String?>.optionalText("oslo_messaging_notifications", "transport_url")
        .formerly("notification_transport_url", in: "DEFAULT")
    /// Tries after the first; -1 is without an end.
    static let notificationRetry = Option<Int>.int("oslo_messaging_notifications", "retry", default: -1, in: -1...Int.max - 1)
    static let transportURL = Option<String>.text("DEFAULT", "transport_url", default: "rabbit://")
    static let controlExchange = Option<String>.text("DEFAULT", "control_exchange", default: "glance")
    static let publisherID = Option<String>.text("DEFAULT", "default_publisher_id", default: "image.localhost")
    /// Events and groups of them that nobody is told of.
    static let disabledNotifications = Option<[String]>.list("DEFAULT", "disabled_notifications", default: [])
    static let durableQueues = Option<Bool>.flag("oslo_messaging_rabbit", "amqp_durable_queues", default: false)
        .formerly("amqp_durable_queues", in: "DEFAULT").formerly("rabbit_durable_queues", in: "DEFAULT")
    static let autoDeletedQueues = Option<Bool>.flag("oslo_messaging_rabbit", "amqp_auto_delete", default: false)
        .formerly("amqp_auto_delete", in: "DEFAULT")
    static let quorumQueue = Option<Bool>.flag("oslo_messaging_rabbit", "rabbit_quorum_queue", default: false)
    static let brokerTLS = Option<Bool>.flag("oslo_messaging_rabbit", "ssl", default: false).formerly("rabbit_use_ssl")
    static let brokerCA = Option<String?>.optionalText("oslo_messaging_rabbit", "ssl_ca_file").formerly("kombu_ssl_ca_certs")
    /// Notifications that are kept while none can be sent; beyond it the oldest are dropped.
    static let notificationsKept = Option<Int>.int("vitrine", "notifications_kept", default: 100_000, in: 1...Int.max)
    /// Where nginx tells of the bytes that it sent (`nginx/glance-sends.conf`). Without it there is no `image.send`.
    static let sendLog = Option<String?>.optionalText("vitrine", "send_log")

    static let notifications: [OptionKey] = [
        notificationDrivers.key, notificationTopics.key, notificationURL.key, notificationRetry.key, transportURL.key, controlExchange.key,
        publisherID.key, disabledNotifications.key, durableQueues.key, autoDeletedQueues.key, quorumQueue.key, brokerTLS.key, brokerCA.key,
        notificationsKept.key, sendLog.key,
    ]
}
