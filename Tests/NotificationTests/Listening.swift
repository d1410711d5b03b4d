import Foundation
import JSONDocument
import TestSupport

/// A service that sends notifications, and their listener.
struct Listening {
    let glance: TestGlance
    let topic: String

    /// - Parameter drivers: `messagingv2` and the like.
    init(
        _ drivers: [String] = ["messagingv2"], broker: RabbitMQ? = nil, _ options: [String: String] = [:], runsTasks: Bool = true,
        runsRegistry: Bool = true
    ) throws {
        topic = "t\(UInt32.random(in: 0 ... .max))"
        var groups = options
        func add(_ group: String, _ line: String) { groups[group] = (groups[group].map { $0 + "\n" } ?? "") + line }
        for driver in drivers { add("oslo_messaging_notifications", "driver = \(driver)") }
        if options["oslo_messaging_notifications"]?.contains("topics") != true { add("oslo_messaging_notifications", "topics = \(topic)") }
        if let broker { add("DEFAULT", "transport_url = \(broker.url)") }
        glance = try TestGlance(groups, runsTasks: runsTasks, runsRegistry: runsRegistry)
    }

    /// Reads messages directly from a queue.
    ///
    /// - Parameter count: the number of messages to wait for; nil reads what is there.
    func taken(_ count: Int?, from broker: RabbitMQ, _ queue: String? = nil) throws -> [Message] {
        try listen("queue", broker, queue ?? "\(topic).info", count ?? 1_000_000).map(Message.init)
    }

    /// The messages as oslo.messaging's own listener reads them.
    func heard(_ count: Int, from broker: RabbitMQ) throws -> [JSONValue] { try listen("listener", broker, topic, count) }

    private func listen(_ how: String, _ broker: RabbitMQ, _ topic: String, _ count: Int) throws -> [JSONValue] {
        let script = "\(TestGlance.repository)Tests/NotificationTests/listen.py"
        return try Clients.run("python3", [script, how, broker.url, "glance", topic, String(count)]).json.array ?? []
    }

    /// The rows of the outbox, the oldest first.
    func waiting(_ condition: String = "TRUE") throws -> [Waiting] {
        try glance.rows(
            "SELECT event_type, priority, payload, request_id FROM vitrine_notifications WHERE \(condition) ORDER BY id", columns: 4
        )
        .map { Waiting(event: $0[0]!, priority: $0[1]!, payload: try JSONValue(parsing: Array($0[2]!.utf8)), request: $0[3]) }
    }

    struct Waiting {
        let event, priority: String
        let payload: JSONValue
        let request: String?
    }

    func tasksLog() throws -> String { try String(contentsOfFile: "\(glance.folder)/log/glance-tasks.log", encoding: .utf8) }
}

/// A message as the broker has it.
struct Message {
    let properties: JSONValue
    let exchange, key: String
    /// With its envelope, and without.
    let body, message: JSONValue

    init(_ value: JSONValue) throws {
        properties = value["properties"] ?? .null
        exchange = value["exchange"]?.string ?? ""
        key = value["key"]?.string ?? ""
        body = value["body"] ?? .null
        message = try body["oslo.message"]?.string.map { try JSONValue(parsing: Array($0.utf8)) } ?? body
    }

    var event: String { message["event_type"]?.string ?? "" }
    var payload: JSONValue { message["payload"] ?? .null }
}
