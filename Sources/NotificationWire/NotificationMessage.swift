package import Domain
package import JSONDocument

extension OutgoingNotification {
    /// The message without the additions of its transport. Source: oslo.messaging, `Notifier._notify`.
    package var message: JSONObject {
        [
            "message_id": .string(messageID), "publisher_id": .string(publisher), "event_type": .string(event),
            "priority": .string(priority), "payload": (try? JSON(parsing: Array(payload.utf8))) ?? .null, "timestamp": .string(moment),
        ]
    }

    /// The message as it is sent to a broker. Source: oslo.messaging, `_drivers/amqp.py` and `common.serialize_msg`.
    ///
    /// - Parameter isEnveloped: whether to use format 2.0, which puts the message as a text into an envelope with a version.
    package func carried(isEnveloped: Bool) -> [UInt8] {
        var message = message
        // By this id a listener recognizes a message that comes twice. oslo.messaging makes a new one for each attempt; this one stays the
        // same.
        message["_unique_id"] = .string(messageID.replacing("-", with: ""))
        if let trace { message["_context_request_id"] = .string(trace.requestID) }
        if let id = trace?.globalRequestID { message["_context_global_request_id"] = .string(id) }
        let text = JSON.object(message).text
        guard isEnveloped else { return text }
        return JSON.object(["oslo.version": "2.0", "oslo.message": .string(String(decoding: text, as: UTF8.self))]).text
    }
}
