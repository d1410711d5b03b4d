internal import APICommon
internal import Domain
internal import FastCGI
internal import HTTP
internal import Logging
internal import ServiceMetrics
internal import Text

/// Translates between libfcgi's exchanges and the requests and responses of the handlers.
enum Gateway {
    // MARK: in

    /// The request as the client sent it. Method, path and length come from the web server's own parameters, never from headers with such
    /// names.
    ///
    /// - Parameter meter: counts the bytes of the body that are read.
    /// - Returns: nil if the exchange holds no request, which no HTTP server passes on.
    static func request(of exchange: Exchange, meter: CounterSeries) -> Request? {
        guard let method = exchange.parameter("REQUEST_METHOD"), let target = target(of: exchange) else { return nil }
        let question = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let prefix = exchange.parameter("SCRIPT_NAME") ?? ""
        var path = target[..<question]
        if !prefix.isEmpty, path.hasPrefix(prefix) { path = path.dropFirst(prefix.count) }

        var headers = Headers()
        exchange.forEachHeader { headers.add($0, $1) }
        if let type = exchange.parameter("CONTENT_TYPE"), !type.isEmpty { headers["Content-Type"] = type }
        // A chunked body has no length unless the web server read it first. A request with neither has no body.
        let announced = exchange.parameter("CONTENT_LENGTH").flatMap { Int64($0) } ?? (headers["Transfer-Encoding"] != nil ? nil : 0)
        var request = Request(
            method: Method(method), path: String(path), query: Query(target[question...].dropFirst()), headers: headers,
            body: RequestBody(exchange, announced: announced, meter), announced: announced,
            baseURL: baseURL(of: exchange, headers["Host"], prefix: prefix),
            serverPort: exchange.parameter("SERVER_PORT").flatMap { Int($0) }, remoteAddress: exchange.parameter("REMOTE_ADDR") ?? "-")
        request.failedFetch = exchange.parameter("VITRINE_FETCH_FAILED")
        request.fetchesByTag = exchange.parameter("VITRINE_FETCHES_BY_TAG") != nil
        return request
    }

    /// The target of the request: `REQUEST_URI`, raw. If a plain CGI server does not set it, the decoded path is encoded again.
    private static func target(of exchange: Exchange) -> String? {
        if let uri = exchange.parameter("REQUEST_URI"), !uri.isEmpty { return uri }
        guard let path = exchange.parameter("PATH_INFO") else { return nil }
        let encoded = path.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }
        let query = exchange.parameter("QUERY_STRING") ?? ""
        return (exchange.parameter("SCRIPT_NAME") ?? "") + encoded.joined(separator: "/") + (query.isEmpty ? "" : "?\(query)")
    }

    /// The address by which the client reached the service. It comes from `Host` if that is valid; HTTP/1.0 need not send one.
    private static func baseURL(of exchange: Exchange, _ host: String?, prefix: String) -> BaseURL {
        let scheme = exchange.parameter("REQUEST_SCHEME") ?? (exchange.parameter("HTTPS") == "on" ? "https" : "http")
        if let host, BaseURL.isHost(host) { return BaseURL(scheme: scheme, host: host, prefix: prefix) }
        let server = BaseURL.server(
            name: exchange.parameter("SERVER_NAME"), address: exchange.parameter("SERVER_ADDR"), port: exchange.parameter("SERVER_PORT"),
            scheme: scheme)
        return BaseURL(scheme: scheme, host: server, prefix: prefix)
    }

    // MARK: out

    /// An answer did not go out whole.
    struct Broken: Error {
        let reason: StreamError
        /// Something was sent, so the client has the status.
        let hasBegun: Bool
        /// Bytes of the body that were sent.
        let sent: Int64
    }

    /// Sends a response.
    ///
    /// - Parameter meter: counts the bytes of the body.
    /// - Returns: bytes of the body that went through this process.
    @discardableResult
    static func send(_ response: Response, to exchange: Exchange, isHead: Bool, meter: CounterSeries) throws(Broken) -> Int64 {
        let sink = AnswerSink(head(of: response), exchange, isHead: isHead, meter: meter)
        do throws(StreamError) {
            switch response.body {
            case .empty, .file, .remote: try sink.begin()
            case .bytes(let bytes): try sink.send(bytes)
            case .stream(let source, let length): try sink.send(source, length)
            case .written(let write):
                try write(sink)
                try sink.end()
            }
        } catch {
            throw Broken(reason: error, hasBegun: sink.hasBegun, sent: sink.sent)
        }
        return sink.sent
    }

    /// The fields of a response's header, each with the end of its line.
    private static func head(of response: Response) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(512)
        func add(_ name: String, _ value: String) {
            head.append(contentsOf: name.utf8)
            head.append(contentsOf: ": ".utf8)
            head.append(contentsOf: value.utf8)
            head.append(contentsOf: "\r\n".utf8)
        }
        add("Status", "\(response.status.code) \(response.status.title)")
        for field in response.headers.fields { add(field.name, field.value) }
        switch response.body {
        case .file(let path, _): add("X-Accel-Redirect", path)
        case .remote(let fetch, _):
            add("X-Accel-Redirect", fetch.internalPath)
            for field in fetch.fields { add(field.name, field.value) }
        case _ where response.status == .noContent || response.status == .notModified: break
        default:
            if let length = response.contentLength { add("Content-Length", String(length)) }
        }
        return head
    }

    /// Ends an answer that did not go out whole, and logs why: as information if the client hung up, as an error if a store or a source broke
    /// off. If the header had a length, the client sees that the answer is short, and the rest of what there is still goes out. If it had
    /// none, the connection ends without the sign that the answer is whole.
    static func end(_ exchange: Exchange, brokenBy reason: StreamError, _ body: Response.Body, keepsConnection: Bool, _ logger: Logger) {
        switch reason {
        case .cut(let cause): logger.info("the client is gone\(cause.map { ": \($0)" } ?? "")")
        case .failed(let fault): logger.error("the answer broke off: \(fault)")
        }
        if case .written = body { exchange.breakOff() } else { exchange.finish(keepsConnection: keepsConnection) }
    }
}

/// The body of the request that an exchange holds.
final class RequestBody: ByteStream {
    private let exchange: Exchange
    /// Bytes that the body is to have; nil if unknown.
    private let announced: Int64?
    /// Bytes that were read.
    private(set) var received: Int64 = 0
    private let meter: CounterSeries

    init(_ exchange: Exchange, announced: Int64?, _ meter: CounterSeries) {
        (self.exchange, self.announced, self.meter) = (exchange, announced, meter)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        while true { if let count = try read(into: buffer, waitingAtMost: 60) { return count } }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int? {
        guard !buffer.isEmpty, announced != 0 else { return 0 }
        guard let count = exchange.read(into: buffer, waitingAtMost: seconds) else { return nil }
        received += Int64(count)
        meter.add(Int64(count))
        if count == 0, exchange.bodyEnd == .cut || announced ?? received != received { throw .cut(cause: nil) }
        return count
    }
}
