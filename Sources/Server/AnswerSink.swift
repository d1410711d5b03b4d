internal import Domain
internal import FastCGI
internal import ServiceMetrics

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
    private let meter: CounterSeries
    private var waiting: [UInt8] = []

    /// Bytes that are collected before they are sent; a longer body has no `Content-Length`.
    private static let piece = 256 * 1024

    /// - Parameter meter: counts the bytes of the body.
    init(_ head: [UInt8], _ exchange: Exchange, isHead: Bool, meter: CounterSeries) {
        (self.head, self.exchange, self.isHead, self.meter) = (head, exchange, isHead, meter)
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
        note(body.count)
    }

    private func note(_ count: Int) {
        sent += Int64(count)
        meter.add(Int64(count))
    }

    /// Sends the header and the first `length` bytes of a body. If the source breaks off, the body is shorter than announced, so that no
    /// client takes it for whole.
    func send(_ source: any ByteStream, _ length: Int64) throws(StreamError) {
        try begin()
        guard !isHead else { return }
        var copied: UnsafeMutableRawBufferPointer?
        defer { copied?.deallocate() }
        while sent < length {
            let piece = try next(of: source, atMost: Int(clamping: length - sent), &copied)
            guard !piece.isEmpty else {
                throw .failed(Fault(.unavailable, "The image's data end \(length - sent) bytes before they should."))
            }
            try put(piece)
            note(piece.count)
        }
    }

    /// The next bytes of a source: lent, or copied into a buffer.
    private func next(
        of source: any ByteStream, atMost most: Int, _ copied: inout UnsafeMutableRawBufferPointer?
    ) throws(StreamError) -> UnsafeRawBufferPointer {
        if copied == nil, let lent = try source.lend(atMost: most) { return lent }
        let buffer = copied ?? .allocate(byteCount: 64 * 1024, alignment: 64)
        copied = buffer
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(most)))
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
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
            note(waiting.count)
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
