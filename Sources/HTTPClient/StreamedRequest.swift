internal import CCurl

/// One request whose body is read piece by piece from a closure, and its whole answer.
///
/// Each request has a new connection, which ends with it, so nothing is sent twice. The memory does not grow with the body.
package struct StreamedRequest {
    /// Limits in seconds.
    package struct Limits: Sendable {
        /// To resolve a name and to make a connection.
        package var connect: Double
        /// Without a byte in either direction; this includes the time in which the server stores what it received.
        package var silence: Int

        package init(connect: Double = 10, silence: Int = 900) { (self.connect, self.silence) = (connect, silence) }
    }

    /// Writes the next bytes into a buffer and returns their number: 0 at the end, nil to cancel.
    package typealias Source = (_ buffer: UnsafeMutableRawBufferPointer) -> Int?

    private let url: String
    private let limits: Limits
    private let trust: TLSSettings

    package init(to url: String, limits: Limits = .init(), trust: TLSSettings = .init()) {
        (self.url, self.limits, self.trust) = (url, limits, trust)
    }

    /// Sends the request and reads the answer.
    ///
    /// - Parameters:
    ///   - length: bytes of the body.
    ///   - longest: bytes that the answer's body may have.
    /// - Throws: `.cancelled` if the source cancelled; the server then received a cut body.
    package func send(
        _ method: String, headers: [(name: String, value: String)], length: Int64, longest: Int, from source: @escaping Source
    ) throws(HTTPClientError) -> HTTPClient.Reply {
        try Sending(limits, trust, source, longest: longest).send(method, url, headers, length: length)
    }
}

/// The handle of the request, the body that goes out, and the answer that arrives.
private final class Sending {
    private let handle: EasyHandle
    private let source: StreamedRequest.Source
    private let incoming: IncomingReply

    /// Bytes that libcurl asks for at once; its default is 64 KiB, its maximum 2 MiB.
    private static let piece = 256 * 1024

    init(_ limits: StreamedRequest.Limits, _ trust: TLSSettings, _ source: @escaping StreamedRequest.Source, longest: Int) {
        (handle, self.source) = (EasyHandle(trust), source)
        incoming = IncomingReply(of: handle)
        incoming.begin(longest: longest)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(limits.connect * 1000))
        handle.set(CURLOPT_LOW_SPEED_LIMIT, 1)
        handle.set(CURLOPT_LOW_SPEED_TIME, limits.silence)
        handle.set(CURLOPT_UPLOAD_BUFFERSIZE, Self.piece)
        handle.set(CURLOPT_READDATA, pointer: UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()))
        // The C type is that of the write callback, although this callback reads.
        handle.set(
            CURLOPT_READFUNCTION,
            writer: { bytes, size, count, context in
                Sending.of(context).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            })
    }

    /// The object that `init` gave to libcurl. libcurl calls back only during `send`, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> Sending {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    func send(
        _ method: String, _ url: String, _ headers: [(name: String, value: String)], length: Int64
    ) throws(HTTPClientError) -> HTTPClient.Reply {
        try handle.ask(method, url, headers: headers)
        handle.set(CURLOPT_UPLOAD, 1)
        handle.set(CURLOPT_INFILESIZE_LARGE, offset: Int(length))
        let code = curl_easy_perform(handle.raw)
        if let failure = incoming.failure { throw failure }
        guard code == CURLE_OK else { throw handle.error(code, mayHaveArrived: true) }
        return try incoming.reply(of: handle)
    }

    private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let count = source(buffer) { return count }
        incoming.failure = HTTPClientError(.cancelled, "the source of the body gave up", mayHaveArrived: true)
        return Int(CURL_READFUNC_ABORT)
    }
}
