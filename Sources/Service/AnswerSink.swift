internal import FastCGI
internal import HTTP

/// Sends an answer while its body is written: a short one whole and with its length, a longer one in pieces.
final class AnswerSink: BodySink {
    private let exchange: Exchange
    private let isHead: Bool
    /// The header's fields, each with the end of its line.
    private var head: [UInt8]
    /// Something was sent, so the client has the status.
    private(set) var hasBegun = false
    private var waiting: [UInt8] = []
    private var sent: Int64 = 0
    private var failure: (any Error)?

    /// Bytes that wait for others to be sent with; what is no longer has a `Content-Length`.
    private static let piece = 256 * 1024

    init(_ head: [UInt8], _ exchange: Exchange, isHead: Bool) {
        (self.head, self.exchange, self.isHead) = (head, exchange, isHead)
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil, !(isHead && hasBegun) else { return false }
        waiting.append(contentsOf: bytes)
        if waiting.count > Self.piece { send() }
        return failure == nil
    }

    /// Sends what waits.
    ///
    /// - Returns: bytes of the body.
    /// - Throws: when the reader is gone.
    func end() throws -> Int64 {
        if !hasBegun { head += Array("Content-Length: \(waiting.count)\r\n".utf8) }
        send()
        if let failure { throw failure }
        return sent
    }

    private func send() {
        do {
            if !hasBegun {
                hasBegun = true
                head += Array("\r\n".utf8)
                try head.withUnsafeBytes { try exchange.write($0) }
            }
            if isHead { return }
            try waiting.withUnsafeBytes { try exchange.write($0) }
            sent += Int64(waiting.count)
        } catch {
            failure = failure ?? error
        }
        waiting.removeAll(keepingCapacity: true)
    }
}
