import Foundation
import JSONDocument
import Messaging
import Stack
import TestSupport
import Testing

/// Notifications in a real RabbitMQ, read by oslo.messaging's listener or directly from the queue.
@Suite(.serialized) struct `Notifications on RabbitMQ` {
    let broker: TestSupport.RabbitMQ
    init() throws { broker = try .running() }

    @Test func `are heard by oslo.messaging in the order of what happened`() throws {
        let listening = try Listening(broker: broker)
        let reply = try listening.glance.send(
            "POST", "/v2/images", as: .alice, ["X-Openstack-Request-Id": "req-heard", "Content-Type": "application/json"],
            body: Array(#"{"name": "Übung", "disk_format": "raw", "container_format": "bare"}"#.utf8))
        let id = try #require(reply.json["id"]?.string)
        #expect(try listening.glance.upload(Array("hello".utf8), to: id).status == 204)
        #expect(try listening.glance.send("DELETE", "/v2/images/\(id)").status == 204)
        let heard = try listening.heard(7, from: broker)
        #expect(
            heard.map { $0["event"]?.string } == [
                "image.create", "image.update", "image.prepare", "image.upload", "image.activate", "image.update", "image.delete",
            ])
        #expect(heard.allSatisfy { $0["priority"] == "info" && $0["publisher"] == "image.localhost" && $0["payload"]?["id"]?.string == id })
        #expect(heard.first?["payload"]?["name"] == "Übung")
        #expect(heard.first?["context"]?["request_id"] == "req-heard")
        #expect(heard.first?["context"]?["global_request_id"] == "req-heard")
        #expect(heard.last?["context"]?["global_request_id"] == nil)
        #expect(Set(heard.map { $0["metadata"]?["message_id"]?.string }).count == 7)
        let times = heard.compactMap { $0["metadata"]?["timestamp"]?.string }
        #expect(times == times.sorted() && times.count == 7)
        #expect(try Regex(#"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$"#).firstMatch(in: times[0]) != nil)
        #expect(try eventually { try listening.waiting().isEmpty })
    }

    @Test func `look as oslo.messaging makes them`() throws {
        let listening = try Listening(["messagingv2", "messaging"], broker: broker)
        let id = try listening.glance.hasImage()
        let messages = try listening.taken(2, from: broker)
        #expect(messages.map(\.exchange) == ["glance", "glance"])
        #expect(messages.map(\.key) == ["\(listening.topic).info", "\(listening.topic).info"])
        for message in messages {
            #expect(message.properties["content_type"] == "application/json")
            #expect(message.properties["content_encoding"] == "utf-8")
            #expect(message.properties["delivery_mode"] == 2)
            #expect(message.event == "image.create" && message.payload["id"]?.string == id)
            #expect(message.message["priority"] == "INFO")
            #expect(message.message["_context_request_id"]?.string?.hasPrefix("req-") == true)
        }
        let enveloped = try #require(messages.first { $0.body["oslo.version"] != nil })
        #expect(enveloped.body.object?.keys.sorted() == ["oslo.message", "oslo.version"])
        #expect(enveloped.body["oslo.version"] == "2.0")
        #expect(messages.filter { $0.body["oslo.version"] == nil }.count == 1)
        let keys = [
            "_context_request_id", "_unique_id", "event_type", "message_id", "payload", "priority", "publisher_id", "timestamp",
        ]
        #expect(messages.allSatisfy { $0.message.object?.keys.sorted() == keys })
    }

    @Test func `go to every topic, and errors to a queue of their own`() throws {
        let topics = (0..<2).map { _ in "several\(UInt32.random(in: 0 ... .max))" }
        let listening = try Listening(
            broker: broker, ["oslo_messaging_notifications": "topics = \(topics.joined(separator: ", "))"])
        let id = try listening.glance.hasImage()
        #expect(try listening.glance.upload([1], to: id, ["X-OpenStack-Image-Size": "5"]).status == 400)
        for topic in topics {
            #expect(
                try listening.taken(4, from: broker, "\(topic).info").map(\.event) == [
                    "image.create", "image.update", "image.prepare", "image.update",
                ])
            let errors = try listening.taken(1, from: broker, "\(topic).error")
            #expect(errors.map(\.event) == ["image.upload"])
            #expect(errors.first?.payload.string?.contains(id) == true)
        }
    }

    @Test func `wait for a broker that is away, and delay nobody`() throws {
        let broker = try TestSupport.RabbitMQ()
        let listening = try Listening(broker: broker)
        let first = try listening.glance.hasImage()
        #expect(try listening.taken(1, from: broker).first?.payload["id"]?.string == first)
        // The broker has it before the service knows that.
        #expect(try eventually { try listening.waiting().isEmpty })
        broker.stop()
        let ids = try (0..<30).map { _ in try listening.glance.hasImage() }
        #expect(try eventually { try listening.tasksLog().contains("notifications cannot be sent, and wait") })
        #expect(try listening.waiting().count == 30)
        try broker.start()
        #expect(try listening.taken(30, from: broker).map { $0.payload["id"]?.string } == ids)
        #expect(try eventually { try listening.waiting().isEmpty })
        #expect(try eventually { try listening.tasksLog().contains("notifications are sent again") })
        // Each change of state is logged once, whatever the number of tries. The password is not logged.
        let log = try listening.tasksLog()
        #expect(log.components(separatedBy: "notifications cannot be sent").count == 2, "\(log)")
        #expect(log.components(separatedBy: "notifications are sent again").count == 2)
        #expect(!log.contains("w+rd") && !log.contains("p%40ss"))
    }

    @Test(arguments: ["amqp_durable_queues", "rabbit_quorum_queue"])
    func `outlive the broker's restart in queues that do`(_ option: String) throws {
        let broker = try TestSupport.RabbitMQ()
        let listening = try Listening(broker: broker, ["oslo_messaging_rabbit": "\(option) = true"])
        let id = try listening.glance.hasImage()
        #expect(try eventually { try listening.waiting().isEmpty })
        broker.stop()
        try broker.start()
        #expect(try listening.taken(1, from: broker).first?.payload["id"]?.string == id)
    }

    /// A broker that accepts connections and sends nothing, or nonsense, counts as unreachable.
    @Test(arguments: ["", "HTTP/1.1 400 Bad Request\r\n\r\n", String(repeating: "\u{1}", count: 70_000)])
    func `wait for what is no broker`(_ answer: String) throws {
        let server = try RawServer { connection, _ in
            connection.send(answer)
            connection.readBody(1 << 20)
        }
        let listening = try Listening(["messagingv2"], ["DEFAULT": "transport_url = rabbit://a:b@127.0.0.1:\(server.port)/"])
        _ = try listening.glance.hasImage()
        #expect(try eventually { try listening.tasksLog().contains("notifications cannot be sent, and wait") })
        #expect(try listening.waiting().map(\.event) == ["image.create"])
    }

    @Test func `go to the next of several brokers`() throws {
        let listening = try Listening(
            ["messagingv2"],
            ["DEFAULT": "transport_url = rabbit://x:y@127.0.0.1:1,\(broker.url.dropFirst("rabbit://".count))"])
        let id = try listening.glance.hasImage()
        #expect(try listening.taken(1, from: broker).first?.payload["id"]?.string == id)
        // At once, so that the unreachable broker is not noticed.
        #expect(try !listening.tasksLog().contains("notifications cannot be sent"))
    }

    @Test func `are kept in a bounded number, the newest`() throws {
        let listening = try Listening(
            ["messagingv2"], ["DEFAULT": "transport_url = rabbit://x:y@127.0.0.1:1/", "vitrine": "notifications_kept = 5"], runsTasks: false
        )
        let ids = try (0..<12).map { _ in try listening.glance.hasImage() }
        #expect(try listening.waiting().count == 12)
        let tasks = try Tasks(of: listening.glance)
        #expect(try eventually { try listening.waiting().count == 5 })
        #expect(try listening.waiting().map { $0.payload["id"]?.string } == ids.suffix(5))
        #expect(try eventually { try tasks.log().contains("7 notifications, the oldest, are dropped: more than 5 wait") })
    }

    @Test func `are given up after so many tries where that is wished`() throws {
        let listening = try Listening(
            ["messagingv2"], ["DEFAULT": "transport_url = rabbit://x:y@127.0.0.1:1/", "oslo_messaging_notifications": "retry = 1"])
        _ = try listening.glance.hasImage()
        #expect(try eventually { try listening.waiting().isEmpty })
        #expect(try listening.tasksLog().contains("1 notifications that could not be sent in 2 tries are dropped"))
    }

    @Test func `are sent once, and in order, by several processes`() throws {
        let listening = try Listening(broker: broker)
        let others = try (0..<2).map { _ in try Tasks(of: listening.glance) }
        let ids = try (0..<150).map { _ in try listening.glance.hasImage() }
        #expect(try listening.taken(150, from: broker).map { $0.payload["id"]?.string } == ids)
        #expect(try eventually { try listening.waiting().isEmpty })
        #expect(try listening.taken(nil, from: broker).isEmpty)
        withExtendedLifetime(others) {}
    }

    @Test func `are sent by another process when one ends`() throws {
        let listening = try Listening(broker: broker, runsTasks: false)
        var tasks: Tasks? = try Tasks(of: listening.glance)
        _ = try listening.glance.hasImage()
        #expect(try listening.taken(1, from: broker).count == 1)
        #expect(try eventually { try listening.waiting().isEmpty })
        tasks = nil
        let id = try listening.glance.hasImage()
        tasks = try Tasks(of: listening.glance)
        #expect(try listening.taken(1, from: broker).first?.payload["id"]?.string == id)
        withExtendedLifetime(tasks) {}
    }

    @Test(arguments: [
        ("oslo_messaging_notifications", "driver = routing", "'routing' is none of messagingv2, messaging, log and noop"),
        ("DEFAULT", "transport_url = rabbit", "is no URL of the form rabbit://"),
        ("DEFAULT", "transport_url = rabbit://user:p%zz@host:x/", "is no URL of the form rabbit://"),
    ])
    func `are refused at the start where the configuration makes no sense`(_ group: String, _ line: String, _ said: String) throws {
        let listening = try Listening(["noop"], runsTasks: false, runsRegistry: false)
        let path = "\(listening.glance.folder)/wrong.conf"
        let text = try String(contentsOfFile: listening.glance.configurationFile, encoding: .utf8)
        try "\(text)\n[oslo_messaging_notifications]\ndriver = messagingv2\n[\(group)]\n\(line)\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let tasks = try Command("\(TestGlance.programs)/glance-tasks", ["--config-file", path])
        #expect(tasks.status != 0)
        #expect(tasks.errors.contains(said), "\(tasks.errors)")
        #expect(!tasks.errors.contains("p%zz"))
    }

    static let urls: [(String, [String], String)] = [
        ("rabbit://", ["guest:guest@localhost:5672"], "/"),
        ("rabbit://u:p@h", ["u:p@h:5672"], "/"),
        ("rabbit://u:p@h:1/", ["u:p@h:1"], "/"),
        ("rabbit://u:p@a:1,v:q@[::1]:2/%2Fx", ["u:p@a:1", "v:q@::1:2"], "/x"),
        ("rabbit://a%40b:c%3Ad@h/v%20w?ssl=1", ["a@b:c:d@h:5672"], "v w"),
    ]

    @Test(arguments: urls)
    func `go where a transport_url says`(_ url: String, _ hosts: [String], _ virtualHost: String) throws {
        let address = try #require(BrokerAddress(url: url))
        #expect(address.hosts.map { "\($0.user):\($0.password)@\($0.name):\($0.port)" } == hosts)
        #expect(address.virtualHost == virtualHost)
        #expect(address.isEncrypted == url.contains("ssl=1"))
    }

    @Test(arguments: [
        "", "rabbit", "kafka://h", "rabbit://h:0/", "rabbit://h:65536/", "rabbit://h:x/", "rabbit://[::1/",
        "rabbit://u%00:p@h/",
    ])
    func `go nowhere by what is no transport_url`(_ url: String) {
        #expect(BrokerAddress(url: url) == nil)
    }
}

/// A `glance-tasks` of the test, which runs until the object is deallocated.
final class Tasks {
    private let process: ChildProcess
    private let output: String

    init(of glance: TestGlance) throws {
        output = "\(glance.folder)/log/tasks-\(UInt32.random(in: 0 ... .max)).log"
        process = try ChildProcess("\(TestGlance.programs)/glance-tasks", ["--config-file", glance.configurationFile], output: output)
    }

    deinit { process.stop() }

    /// Ends it as a crash would.
    func kill() { process.stop(with: SIGKILL) }

    var isRunning: Bool { process.isRunning }

    func log() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }
}
