internal import CCurl

/// One request whose body is drawn, piece by piece, from whoever has it, and its whole answer.
///
/// A connection is made for it and ends with it, so nothing is ever sent twice. Memory does not grow with the body.
package struct StreamedRequest {
    package struct Limits: Sendable {
        /// Seconds for a name to be resolved and a connection to be made.
        package var connect: Double
        /// Seconds in which nothing goes out and no answer comes: also those that the server needs to put away what it has got.
        package var silence: Int

        package init(connect: Double = 10, silence: Int = 900) { (self.connect, self.silence) = (connect, silence) }
    }

    /// Puts the next bytes into a buffer, and says how many: 0 at the end, nil to give up.
    package typealias Source = (_ buffer: UnsafeMutableRawBufferPointer) -> Int?

    private let url: String
    private let limits: Limits
    private let trust: TLSSettings

    package init(to url: String, limits: Limits = .init(), trust: TLSSettings = .init()) {
        (self.url, self.limits, self.trust) = (url, limits, trust)
    }

    /// - Parameters:
    ///   - length: bytes of the body.
    ///   - longest: bytes that the answer's body may have.
    /// - Throws: `.cancelled` when the source gave up; the server has got a body that is cut then.
    package func send(
        _ method: String, headers: [(name: String, value: String)], length: Int64, longest: Int, from source: @escaping Source
    ) throws(HTTPClientError) -> HTTPClient.Reply {
        try Sending(limits, trust, source, longest: longest).send(method, url, headers, length: length)
    }
}

/// The handle of such a request, the body that goes out, and the answer that comes in.
private final class Sending {
    private let handle: EasyHandle
    private let source: StreamedRequest.Source
    private let incoming: IncomingReply

    /// Bytes that libcurl asks for at once; 64 KiB by default, 2 MiB at most.
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
        // Of the same C type as what takes an answer, though it is the body that it asks for.
        handle.set(
            CURLOPT_READFUNCTION,
            writer: { bytes, size, count, context in
                Sending.of(context).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            })
    }

    /// libcurl gives back what `init` gave it, and calls only within `send`, while `self` lives.
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
        return incoming.reply(status: handle.status)
    }

    private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let count = source(buffer) { return count }
        incoming.failure = HTTPClientError(.cancelled, "the source of the body gave up", mayHaveArrived: true)
        return Int(CURL_READFUNC_ABORT)
    }
}
