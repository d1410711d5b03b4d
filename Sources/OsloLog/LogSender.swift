package import Domain
internal import JSONDocument
internal import Logging
internal import NotificationWire

/// Writes notifications into the log. Source: oslo.messaging, `notify/_impl_log.py`.
package final class LogSender: NotificationSender {
    private let log: OsloLog

    package init(_ log: OsloLog) { self.log = log }

    package func send(_ notifications: [OutgoingNotification]) throws(Fault) {
        for notification in notifications {
            let message = Self.masked(.object(notification.message))
            log.write(
                notification.priority == Notification.Priority.error.rawValue ? .error : .info,
                "oslo.messaging.notification.\(notification.event)", String(decoding: message.text, as: UTF8.self),
                OsloLog.Context(notification.trace))
        }
    }

    /// Source: oslo.utils, `strutils.mask_dict_password`.
    private static let secretWords = [
        "adminpass", "admin_pass", "new_pass", "passphrase", "password", "private_key", "secret", "sslkey", "sys_pswd", "token",
    ]

    /// The message, with `***` for values whose names say that they are secret.
    private static func masked(_ json: JSON) -> JSON {
        guard case .object(let object) = json else { return json }
        var shown = JSONObject()
        object.forEach { name, value in
            let isSecret = value.string != nil && secretWords.contains { name.lowercased().contains($0) }
            shown[name] = isSecret ? "***" : masked(value)
        }
        return .object(shown)
    }
}
