internal import APICommon
internal import Domain
internal import FastCGI
internal import HTTP
internal import Logging
internal import Text

/// Between libfcgi's exchanges and the requests and responses of the handlers.
enum Gateway {
    // MARK: in

    /// The request as the client sent it. Method, path and length come from what the web server says itself, never from
    /// headers that look like it.
    ///
    /// - Returns: nil for what is no request at all, which no HTTP server sends on.
    static func request(of exchange: Exchange) -> Request? {
        guard let method = exchange.parameter("REQUEST_METHOD"), let target = target(of: exchange) else { return nil }
        let question = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let prefix = exchange.parameter("SCRIPT_NAME") ?? ""
        var path = target[..<question]
        if !prefix.isEmpty, path.hasPrefix(prefix) { path = path.dropFirst(prefix.count) }

        var headers = Headers()
        exchange.forEachHeader { headers.add($0, $1) }
        if let type = exchange.parameter("CONTENT_TYPE"), !type.isEmpty { headers["Content-Type"] = type }
        // A chunked body has no length, unless the web server took it in first; and without either there is no body.
        let announced = exchange.parameter("CONTENT_LENGTH").flatMap { Int64($0) } ?? (headers["Transfer-Encoding"] != nil ? nil : 0)
        return Request(
            method: Method(method), path: String(path), query: Query(target[question...].dropFirst()), headers: headers,
            body: RequestBody(exchange, announced: announced), announced: announced,
            baseURL: baseURL(of: exchange, headers["Host"], prefix: prefix),
            serverPort: exchange.parameter("SERVER_PORT").flatMap { Int($0) }, remoteAddress: exchange.parameter("REMOTE_ADDR") ?? "-")
    }

    /// `REQUEST_URI`, raw; where a plain CGI server does not have it, what it decoded, encoded again.
    private static func target(of exchange: Exchange) -> String? {
        if let uri = exchange.parameter("REQUEST_URI"), !uri.isEmpty { return uri }
        guard let path = exchange.parameter("PATH_INFO") else { return nil }
        let encoded = path.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }
        let query = exchange.parameter("QUERY_STRING") ?? ""
        return (exchange.parameter("SCRIPT_NAME") ?? "") + encoded.joined(separator: "/") + (query.isEmpty ? "" : "?\(query)")
    }

    /// How the client reached us, by its `Host` if that is one; HTTP/1.0 need not have any.
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
    }

    /// - Returns: bytes of the body, as far as they go through this process.
    @discardableResult
    static func send(_ response: Response, to exchange: Exchange, isHead: Bool) throws(Broken) -> Int64 {
        let sink = AnswerSink(head(of: response), exchange, isHead: isHead)
        do throws(StreamError) {
            switch response.body {
            case .empty, .file: try sink.begin()
            case .bytes(let bytes): try sink.send(bytes)
            case .stream(let source, let length): try sink.send(source, length)
            case .written(let write):
                try write(sink)
                try sink.end()
            }
        } catch {
            throw Broken(reason: error, hasBegun: sink.hasBegun)
        }
        return sink.sent
    }

    /// The fields of the header, each with the end of its line.
    private static func head(of response: Response) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(512)
        func add(_ name: String, _ value: String) {
            for text in [name, ": ", value, "\r\n"] { head.append(contentsOf: text.utf8) }
        }
        add("Status", "\(response.status.code) \(response.status.title)")
        for field in response.headers.fields { add(field.name, field.value) }
        switch response.body {
        case .file(let path, _): add("X-Accel-Redirect", path)
        case _ where response.status == .noContent || response.status == .notModified: break
        default:
            if let length = response.contentLength { add("Content-Length", String(length)) }
        }
        return head
    }

    /// Ends an answer that did not go out whole, and says why. That a client hangs up is nothing out of the ordinary; that a store or a
    /// source breaks off is. Where a length was told, the answer is seen to be short, and what there is of it still goes out; where none
    /// was, the web server is not told that the answer is whole.
    static func end(_ exchange: Exchange, brokenBy reason: StreamError, _ body: Response.Body, keepsConnection: Bool, _ logger: Logger) {
        switch reason {
        case .cut(let cause): logger.info("the client is gone\(cause.map { ": \($0)" } ?? "")")
        case .failed(let fault): logger.error("the answer broke off: \(fault)")
        }
        if case .written = body { exchange.breakOff() } else { exchange.finish(keepsConnection: keepsConnection) }
    }
}

/// The body of the request that an exchange holds.
private final class RequestBody: ByteStream {
    private let exchange: Exchange
    /// Bytes that the body is to have; nil where nobody knows.
    private let announced: Int64?
    private var received: Int64 = 0

    init(_ exchange: Exchange, announced: Int64?) { (self.exchange, self.announced) = (exchange, announced) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        while true { if let count = try read(into: buffer, waitingAtMost: 60) { return count } }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(StreamError) -> Int? {
        guard !buffer.isEmpty, announced != 0 else { return 0 }
        guard let count = exchange.read(into: buffer, waitingAtMost: seconds) else { return nil }
        received += Int64(count)
        if count == 0, exchange.bodyEnd == .cut || announced ?? received != received { throw .cut(cause: nil) }
        return count
    }
}
