package import OsloConfig

/// Who is told what happens to images, and how.
extension Options {
    package static let notificationDrivers = Option<[String]>.many("oslo_messaging_notifications", "driver")
        .formerly("notification_driver", in: "DEFAULT")
        .help("How notifications are sent: messagingv2, messaging, log, noop; may come many times. Without one there are none.")
    package static let notificationTopics = Option<[String]>.list("oslo_messaging_notifications", "topics", default: ["notifications"])
        .formerly("topics", in: "rpc_notifier2").formerly("notification_topics", in: "DEFAULT")
        .help("Topics of the notifications; each has a queue for each priority.")
    package static let notificationURL = Option<String?>.optionalText("oslo_messaging_notifications", "transport_url")
        .formerly("notification_transport_url", in: "DEFAULT")
        .help("Broker of the notifications: rabbit://user:password@host:port/virtual_host; without it, [DEFAULT] transport_url.")
    package static let notificationRetry = Option<Int>.int("oslo_messaging_notifications", "retry", default: -1, in: -1...Int.max - 1)
        .help("Further tries to send a notification before it is dropped; -1 is without an end.")
    package static let transportURL = Option<String>.text("DEFAULT", "transport_url", default: "rabbit://")
        .help("Broker, where [oslo_messaging_notifications] transport_url is not set.")
    package static let controlExchange = Option<String>.text("DEFAULT", "control_exchange", default: "glance")
        .help("Exchange of the broker that notifications go to.")
    package static let publisherID = Option<String>.text("DEFAULT", "default_publisher_id", default: "image.localhost")
        .help("Name of the publisher in every notification, 255 characters at most.")
    package static let disabledNotifications = Option<[String]>.list("DEFAULT", "disabled_notifications", default: [])
        .help("Events that nobody is told of, such as image.send, or groups such as image.")
    package static let durableQueues = Option<Bool>.flag("oslo_messaging_rabbit", "amqp_durable_queues", default: false)
        .formerly("amqp_durable_queues", in: "DEFAULT").formerly("rabbit_durable_queues", in: "DEFAULT")
        .help("Whether exchanges and queues survive a restart of the broker; must be as the listeners have it.")
    package static let autoDeletedQueues = Option<Bool>.flag("oslo_messaging_rabbit", "amqp_auto_delete", default: false)
        .formerly("amqp_auto_delete", in: "DEFAULT")
        .help("Whether exchanges and queues go when nobody uses them; must be as the listeners have it.")
    package static let quorumQueue = Option<Bool>.flag("oslo_messaging_rabbit", "rabbit_quorum_queue", default: false)
        .help("Whether queues are quorum queues; must be as the listeners have it.")
    package static let brokerTLS = Option<Bool>.flag("oslo_messaging_rabbit", "ssl", default: false).formerly("rabbit_use_ssl")
        .help("Whether the connection to the broker is encrypted.")
    package static let brokerCA = Option<String?>.optionalText("oslo_messaging_rabbit", "ssl_ca_file").formerly("kombu_ssl_ca_certs")
        .help("File of the certificate authority of the broker's certificate.")
    package static let notificationsKept = Option<Int>.int("vitrine", "notifications_kept", default: 100_000, in: 1...Int.max)
        .help("Notifications that wait in the database for a broker that is away; beyond it the oldest are dropped.")
    package static let sendLog = Option<String?>.optionalText("vitrine", "send_log")
        .help("Log of nginx by nginx/glance-sends.conf, which image.send is made of; without it there is no image.send.")

    package static let notifications: [OptionKey] = [
        notificationDrivers.key, notificationTopics.key, notificationURL.key, notificationRetry.key, transportURL.key, controlExchange.key,
        publisherID.key, disabledNotifications.key, durableQueues.key, autoDeletedQueues.key, quorumQueue.key, brokerTLS.key, brokerCA.key,
        notificationsKept.key, sendLog.key,
    ]
}
