import Foundation
import JSONDocument
import TestSupport
import Testing

/// The driver `log`. Source: oslo.messaging, `notify/_impl_log.py`.
@Suite struct `Notifications in the log` {
    @Test func `are lines of a logger of their event, with the message as JSON`() throws {
        let listening = try Listening(["log"])
        let reply = try listening.glance.send(
            "POST", "/v2/images", as: .alice, ["X-Openstack-Request-Id": "req-logged", "Content-Type": "application/json"],
            body: Array(#"{"disk_format": "raw", "container_format": "bare", "os_admin_password": "hunter2"}"#.utf8))
        let id = try #require(reply.json["id"]?.string)
        #expect(try listening.glance.upload([1], to: id, ["X-OpenStack-Image-Size": "5"]).status == 400)
        #expect(try eventually { try listening.waiting().isEmpty })
        let lines = try listening.tasksLog().split(separator: "\n").filter { $0.contains("oslo.messaging.notification.") }
        #expect(
            lines.map { $0.split(separator: " ")[4] }
                == ["create", "update", "prepare", "upload", "update"].map { "oslo.messaging.notification.image.\($0)" })
        #expect(lines.map { $0.split(separator: " ")[3] } == ["INFO", "INFO", "INFO", "ERROR", "INFO"])
        #expect(lines[0].contains(" req-logged "))
        let brace = try #require(lines[0].firstIndex(of: "{"))
        let message = try JSONValue(parsing: Array(lines[0][brace...].utf8))
        #expect(message.object?.keys == ["message_id", "publisher_id", "event_type", "priority", "payload", "timestamp"])
        #expect(message["payload"]?["id"]?.string == id)
        #expect(message["payload"]?["properties"]?["os_admin_password"] == "***")
        #expect(try !listening.tasksLog().contains("hunter2"))
    }
}
