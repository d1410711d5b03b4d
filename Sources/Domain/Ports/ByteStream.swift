/// Bytes on their way in, read from front to back by one thread at a time: what a client sends, what a store or a source has.
package protocol ByteStream: AnyObject {
    /// Reads the next bytes, as many as are there and fit.
    ///
    /// - Returns: 0 at the end.
    /// - Throws: when the end came too early. Bytes that are not whole never end like whole ones.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int

    /// The same, and waits for some seconds at most, so that the caller can ask themselves whether to wait on.
    ///
    /// - Returns: nil when nothing came in time.
    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int?
}

/// Takes bytes on their way out: the body of an answer while it is written.
package protocol ByteSink: AnyObject {
    /// - Returns: false when nothing further is wanted, since the client asked for the header alone.
    /// - Throws: `.cut` when the client takes nothing any more.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Bool
}

/// Why bytes on their way did not come to their end.
package enum StreamError: Error {
    /// The client went away, or sent less than it promised. The cause is what the connection told; nil where it told nothing.
    case cut(cause: (any Error)?)
    /// Whoever has the bytes broke off, or refuses to go on.
    case failed(Fault)
}

extension StreamError {
    /// What a use case fails with when its bytes do not come to their end. A client that broke off has made a bad request; it is told so,
    /// as it may have closed only its own side.
    package var fault: Fault {
        switch self {
        case .cut: Fault(.invalid, "The request body ended before all of it was there.")
        case .failed(let fault): fault
        }
    }

    /// Does a part of a stream's work whose fault ends the stream.
    package static func failing<Value>(_ body: () throws(Fault) -> Value) throws(StreamError) -> Value {
        do throws(Fault) {
            return try body()
        } catch {
            throw .failed(error)
        }
    }
}

extension ByteStream {
    /// Waits as long as the stream itself does: sources and stores have limits of their own.
    package func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int? {
        try read(into: buffer)
    }

    /// Reads all of a short stream.
    ///
    /// - Parameters:
    ///   - announced: bytes that will come; nil where nobody knows.
    ///   - seconds: that all of it may take; nil for as long as the stream itself allows.
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
            guard let count else { throw .failed(Fault(.tooSlow, "The request body does not come in within a minute.")) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            if bytes.count > limit { return nil }
        }
    }
}

/// A stream without a byte.
package final class NoBytes: ByteStream {
    package init() {}
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
}
