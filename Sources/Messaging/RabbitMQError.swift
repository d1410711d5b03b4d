internal import CRabbitMQ

/// An error of a broker.
package struct RabbitMQError: Error, CustomStringConvertible {
    /// A code of the broker's (positive) or of librabbitmq's (negative); 0 for others.
    package let code: Int32
    package let description: String

    static let notFound: Int32 = 404

    private init(code: Int32, description: String) {
        self.code = code
        self.description = description
    }

    init(_ call: String, _ code: Int32) {
        self.init(code: code, description: "\(call): \(String(cString: amqp_error_string2(code)))")
    }

    init(_ call: String, _ reply: amqp_rpc_reply_t) {
        let code = vitrine_amqp_code(reply)
        let text = vitrine_amqp_text(reply)
        guard let bytes = text.bytes else {
            self.init(call, code)
            return
        }
        let said = String(decoding: UnsafeRawBufferPointer(start: bytes, count: text.len), as: UTF8.self)
        self.init(code: code, description: "\(call): \(said)")
    }

    init(_ description: String) { self.init(code: 0, description: description) }
}
