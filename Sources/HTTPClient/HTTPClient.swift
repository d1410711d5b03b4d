internal import CCurl
internal import Threading

/// Sends short requests to a service of this installation, over connections that are kept.
///
/// Any number of threads may send at once; each takes a handle with its own connection for that time.
///
/// **A kept connection that the server closed.** libcurl checks a connection before it uses it again, and drops one whose other end is
/// closed (`extract_if_dead`). If the server closes it just after that check, libcurl sees the end of a reused connection without a
/// byte of an answer, and sends the request again on a new connection, *whatever its method* (`Curl_retry_request`, libcurl 7.88): a
/// POST whose server took it and died would be done twice. Therefore only GET and HEAD are sent a second time here; any other request
/// fails with `mayHaveArrived`. To keep that rare, a connection that was idle for longer than `Timeouts.idle` is not used again. That
/// must be less than the server's `keepalive_timeout` (nginx: 75 s).
package final class HTTPClient: Sendable {
    /// Limits in seconds.
    package struct Timeouts: Sendable {
        /// To resolve a name and to make a connection.
        package var connect: Double
        /// For the whole exchange.
        package var exchange: Double
        /// The longest time that a kept connection may have been idle.
        package var idle: Int
        /// Without a byte in either direction; nil for no limit but that of the exchange.
        package var silence: Int?

        package init(connect: Double = 5, exchange: Double = 60, idle: Int = 30, silence: Int? = nil) {
            (self.connect, self.exchange, self.idle, self.silence) = (connect, exchange, idle, silence)
        }
    }

    /// A whole answer.
    package struct Reply: Sendable {
        package let status: Int
        package let headers: ReplyHeaders
        /// The IP address of the server, or of the proxy; nil if libcurl does not tell it.
        package let address: String?
        private var pieces: ReplyBody

        init(status: Int, headers: ReplyHeaders, address: String?, pieces: ReplyBody) {
            (self.status, self.headers, self.address, self.pieces) = (status, headers, address, pieces)
        }

        /// The body in one array.
        package var body: [UInt8] { pieces.joined }

        /// Takes the body out of the reply, so that the caller can free its pieces while reading.
        package mutating func takeBody() -> ReplyBody {
            defer { pieces = ReplyBody() }
            return pieces
        }
    }

    private let timeouts: Timeouts
    private let trust: TLSSettings
    private let proxies: Proxies
    private let idle = Monitor<[Correspondent]>([])

    /// The number of handles that are kept; each may hold `Correspondent.connections`.
    private static let kept = 64

    /// - Parameter proxies: connected to instead of the hosts.
    package init(timeouts: Timeouts = .init(), trust: TLSSettings = .init(), proxies: Proxies = Proxies()) {
        (self.timeouts, self.trust, self.proxies) = (timeouts, trust, proxies)
    }

    /// - Parameter certificateAuthority: a PEM file that replaces the system's certificates.
    package convenience init(timeouts: Timeouts = .init(), certificateAuthority: String?) {
        self.init(timeouts: timeouts, trust: TLSSettings(certificateAuthority: certificateAuthority))
    }

    /// Sends a request and reads the whole answer, whatever its status. Redirects are not followed.
    ///
    /// - Parameters:
    ///   - method: in capital letters.
    ///   - url: `http` or `https`, ASCII.
    ///   - body: nil for none; GET and HEAD are sent without one.
    ///   - longest: bytes that the answer's body may have.
    /// - Throws: if the answer is not complete in time, or is too long. `mayHaveArrived` tells whether the server may have acted on the
    ///   request.
    package func send(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil, longest: Int
    ) throws(HTTPClientError) -> Reply {
        guard let body else {
            return try send(method, url, headers: headers, body: UnsafeRawBufferPointer?.none, longest: longest)
        }
        return try body.withUnsafeBufferPointer { bytes throws(HTTPClientError) in
            try send(method, url, headers: headers, body: UnsafeRawBufferPointer(bytes), longest: longest)
        }
    }

    /// As above, with a body in any memory, which must stay where it is until the answer is there.
    package func send(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: UnsafeRawBufferPointer?, longest: Int
    ) throws(HTTPClientError) -> Reply {
        let correspondent =
            idle.with { $0.popLast() } ?? Correspondent(timeouts: timeouts, trust: trust)
        defer { idle.with { if $0.count < Self.kept { $0.append(correspondent) } } }
        if !proxies.isEmpty { correspondent.go(by: try proxies.proxy(for: url)) }
        return try correspondent.send(method, url, headers: headers, body: body, longest: longest)
    }
}

/// A handle, its kept connections, and the answer that is arriving.
///
/// It moves between threads only through the monitor of `HTTPClient`, whose lock makes one thread's writes visible to the next.
private final class Correspondent: @unchecked Sendable {
    private let handle: EasyHandle
    private let incoming: IncomingReply
    /// How often the request was sent, or was about to be.
    private var attempts = 0
    private var mayRepeat = false

    static let connections = 4
    /// The bytes of a body that libcurl copies and sends at a time, by default and of a long body. For each it polls the socket twice.
    private static let (usualPiece, piece) = (64 * 1024, 512 * 1024)

    init(timeouts: HTTPClient.Timeouts, trust: TLSSettings) {
        handle = EasyHandle(trust)
        incoming = IncomingReply(of: handle)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(timeouts.connect * 1000))
        handle.set(CURLOPT_TIMEOUT_MS, Int(timeouts.exchange * 1000))
        if let silence = timeouts.silence {
            handle.set(CURLOPT_LOW_SPEED_LIMIT, 1)
            handle.set(CURLOPT_LOW_SPEED_TIME, silence)
        }
        handle.set(CURLOPT_MAXAGE_CONN, timeouts.idle)
        handle.set(CURLOPT_MAXCONNECTS, Self.connections)
        handle.set(CURLOPT_PREREQDATA, pointer: UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()))
        vitrine_curl_set_before_request(handle.raw) { context, _, _, _, _ in
            Correspondent.of(context).goesOut() ? CInt(CURL_PREREQFUNC_OK) : CInt(CURL_PREREQFUNC_ABORT)
        }
    }

    /// The object that `init` gave to libcurl. libcurl calls back only during `send`, while `self` lives.
    private static func of(_ context: UnsafeMutableRawPointer?) -> Correspondent {
        Unmanaged.fromOpaque(context!).takeUnretainedValue()
    }

    /// Sends the following requests through a proxy; nil for none.
    func go(by proxy: Proxy?) {
        if let proxy { handle.go(by: proxy) } else { handle.set(CURLOPT_NOPROXY, "*") }
    }

    func send(
        _ method: String, _ url: String, headers: [(name: String, value: String)], body: UnsafeRawBufferPointer?, longest: Int
    ) throws(HTTPClientError) -> HTTPClient.Reply {
        try handle.ask(method, url, headers: headers)
        incoming.begin(longest: longest)
        attempts = 0
        mayRepeat = method == "GET" || method == "HEAD"
        let code: CURLcode
        switch (method, body) {
        case ("HEAD", _):
            handle.set(CURLOPT_NOBODY, 1)
            code = curl_easy_perform(handle.raw)
        case ("GET", _), (_, nil):
            handle.set(CURLOPT_HTTPGET, 1)
            code = curl_easy_perform(handle.raw)
        case (_, let body?):
            handle.set(CURLOPT_POST, 1)
            handle.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: body.count)
            // An empty body may have no address, and without one libcurl would ask a callback for it.
            handle.set(CURLOPT_POSTFIELDS, pointer: body.baseAddress ?? UnsafeRawPointer(handle.raw))
            defer { handle.set(CURLOPT_POSTFIELDS, pointer: nil) }
            // A kept handle does not keep the memory: another size frees it.
            let isLong = body.count > Self.piece
            if isLong { handle.set(CURLOPT_UPLOAD_BUFFERSIZE, Self.piece) }
            defer { if isLong { handle.set(CURLOPT_UPLOAD_BUFFERSIZE, Self.usualPiece) } }
            code = curl_easy_perform(handle.raw)
        }
        defer { incoming.end() }
        if let failure = incoming.failure { throw failure }
        if attempts > 1 && !mayRepeat {
            throw HTTPClientError(.broken, "the kept connection ended before an answer came", mayHaveArrived: true)
        }
        guard code == CURLE_OK else { throw handle.error(code, mayHaveArrived: attempts > 0) }
        return try incoming.reply(of: handle)
    }

    private func goesOut() -> Bool {
        attempts += 1
        return attempts == 1 || mayRepeat
    }
}
