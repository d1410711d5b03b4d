internal import Domain
internal import FastCGI

/// Sends one answer: its header and its body. If the body is written while it is sent, a short one goes out whole and with its length, a
/// longer one in pieces.
final class AnswerSink: ByteSink {
    private let exchange: Exchange
    private let isHead: Bool
    /// The header's fields, each with the end of its line.
    private var head: [UInt8]
    /// Whether something was sent, so that the client has the status.
    private(set) var hasBegun = false
    /// Bytes of the body that were sent.
    private(set) var sent: Int64 = 0
    private var waiting: [UInt8] = []

    /// Bytes that are collected before they are sent; a longer body has no `Content-Length`.
    private static let piece = 256 * 1024

    init(_ head: [UInt8], _ exchange: Exchange, isHead: Bool) {
        (self.head, self.exchange, self.isHead) = (head, exchange, isHead)
    }

    func begin() throws(StreamError) {
        hasBegun = true
        head += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        try put(head)
    }

    /// Sends the header and a body.
    func send(_ body: [UInt8]) throws(StreamError) {
        try begin()
        guard !isHead else { return }
        try put(body)
        sent = Int64(body.count)
    }

    /// Sends the header and the first `length` bytes of a body. If the source breaks off, the body is shorter than announced, so that no
    /// client takes it for whole.
    func send(_ source: any ByteStream, _ length: Int64) throws(StreamError) {
        try begin()
        guard !isHead else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
        defer { buffer.deallocate() }
        while sent < length {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), length - sent))])
            let count = try source.read(into: piece)
            guard count > 0 else {
                throw .failed(Fault(.unavailable, "The image's data end \(length - sent) bytes before they should."))
            }
            try put(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            sent += Int64(count)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Bool {
        guard !(isHead && hasBegun) else { return false }
        waiting.append(contentsOf: bytes)
        if waiting.count > Self.piece { try sendWaiting() }
        return true
    }

    /// Sends the bytes that are still collected.
    func end() throws(StreamError) {
        if !hasBegun { head += Array("Content-Length: \(waiting.count)\r\n".utf8) }
        try sendWaiting()
    }

    private func sendWaiting() throws(StreamError) {
        if !hasBegun { try begin() }
        if !isHead {
            try put(waiting)
            sent += Int64(waiting.count)
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private func put(_ bytes: [UInt8]) throws(StreamError) {
        // The error is a value, since a throwing closure crashes the compiler here (Swift 6.3.1).
        if let error = bytes.withUnsafeBytes({ refusal(of: $0) }) { throw error }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        if let error = refusal(of: bytes) { throw error }
    }

    /// Writes bytes.
    ///
    /// - Returns: why the client did not take them; nil if they did.
    private func refusal(of bytes: UnsafeRawBufferPointer) -> StreamError? {
        do throws(FastCGIError) {
            try exchange.write(bytes)
            return nil
        } catch {
            return .cut(cause: error)
        }
    }
}
