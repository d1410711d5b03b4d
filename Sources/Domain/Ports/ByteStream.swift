/// A stream of bytes that one thread at a time reads from front to back: a request's body, or the data in a store or a source.
package protocol ByteStream: AnyObject {
    /// Reads the bytes that are available now, as many as fit into the buffer. Blocks until there is at least one.
    ///
    /// - Returns: the number of bytes; 0 at the end of the stream.
    /// - Throws: when the stream ends early. A truncated stream never ends with 0.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int

    /// Reads like `read(into:)`, but waits for a limited number of seconds, so that the caller can check whether to go on.
    ///
    /// - Returns: nil when no byte arrived in time.
    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int?

    /// Reads like `read(into:)`, but lends the bytes where they lie, until the stream's next call.
    ///
    /// - Parameter most: the largest number of bytes that is wanted.
    /// - Returns: no bytes at the end of the stream; nil from a stream that can only copy.
    func lend(atMost most: Int) throws(StreamError) -> UnsafeRawBufferPointer?
}

/// Takes the bytes of an answer while it is written.
package protocol ByteSink: AnyObject {
    /// Writes a piece of the body.
    ///
    /// - Returns: false when no more bytes are needed, because the client asked for the header only.
    /// - Throws: `.cut` when the client accepts no more bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Bool
}

/// The reason why a stream of bytes ended early.
package enum StreamError: Error {
    /// The client closed the connection, or sent fewer bytes than it announced. The cause is the connection's error; nil when there is
    /// none.
    case cut(cause: (any Error)?)
    /// The sender of the bytes failed, or a reader of them refuses to go on.
    case failed(Fault)
}

extension StreamError {
    /// The fault that an operation throws for this error. A cut body is an invalid request; the client is told, since it may have closed
    /// only its sending side.
    package var fault: Fault {
        switch self {
        case .cut: Fault(.invalid, "The request body ended before all of it was there.")
        case .failed(let fault): fault
        }
    }

    /// Runs a step of a stream's work and turns its fault into `.failed`.
    package static func failing<Value>(_ body: () throws(Fault) -> Value) throws(StreamError) -> Value {
        do throws(Fault) {
            return try body()
        } catch {
            throw .failed(error)
        }
    }
}

extension ByteStream {
    /// The default ignores the limit and waits as long as the stream itself does: sources and stores have limits of their own.
    package func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int? {
        try read(into: buffer)
    }

    /// The default lends nothing.
    package func lend(atMost most: Int) throws(StreamError) -> UnsafeRawBufferPointer? { nil }

    /// Reads a short stream to its end.
    ///
    /// - Parameters:
    ///   - limit: the largest number of bytes that is accepted.
    ///   - announced: the number of bytes that will come; nil when it is unknown.
    ///   - seconds: the time that reading all of it may take; nil for as long as the stream itself allows.
    /// - Returns: nil when there are more than `limit` bytes.
    /// - Throws: `.failed` with `.tooSlow` when the time is over.
    package func readAll(atMost limit: Int, announced: Int64? = nil, within seconds: Double?) throws(StreamError) -> [UInt8]? {
        if let announced, announced > limit { return nil }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(announced ?? 4096, 65_536)) + 1, alignment: 16)
        defer { piece.deallocate() }
        var bytes: [UInt8] = []
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        while true {
            var count: Int?
            if let end {
                let left = (end - .now) / .seconds(1)
                if left > 0 { count = try read(into: piece, waitingAtMost: left) }
            } else {
                count = try read(into: piece)
            }
            guard let count else {
                throw .failed(
                    Fault(.tooSlow, "The request body did not arrive within \(Int(seconds ?? 0)) seconds. Send it without pauses."))
            }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            if bytes.count > limit { return nil }
        }
    }
}

/// An empty stream.
package final class NoBytes: ByteStream {
    /// Makes an empty stream.
    package init() {}
    /// Returns 0.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
}
