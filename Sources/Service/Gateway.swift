internal import Domain
internal import FastCGI
internal import HTTP
internal import Logging

/// Between libfcgi's exchanges and the requests and responses of the doors.
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
        return Request(
            method: Method(method), path: String(path), query: Query(target[question...].dropFirst()), headers: headers,
            body: ExchangeBody(exchange, isChunked: headers["Transfer-Encoding"] != nil),
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

    /// A body could not be written, and nothing of the answer was sent yet.
    struct NotBegun: Error {
        let fault: Fault
    }

    /// - Returns: bytes of the body, as far as they go through this process.
    @discardableResult
    static func send(_ response: Response, to exchange: Exchange, isHead: Bool) throws -> Int64 {
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
        if case .written(let write) = response.body {
            let sink = AnswerSink(head, exchange, isHead: isHead)
            do {
                try write(sink)
            } catch let fault as Fault where !sink.hasBegun {
                throw NotBegun(fault: fault)
            }
            return try sink.end()
        }
        head.append(contentsOf: "\r\n".utf8)
        try head.withUnsafeBytes { try exchange.write($0) }
        guard !isHead else { return 0 }
        switch response.body {
        case .empty, .file, .written: return 0
        case .bytes(let bytes):
            try bytes.withUnsafeBytes { try exchange.write($0) }
            return Int64(bytes.count)
        case .stream(let source, _): return try copy(source, to: exchange)
        }
    }

    /// Says why an answer did not go out whole. That a client hangs up is nothing out of the ordinary; that a store or a source breaks
    /// off is.
    static func log(_ error: any Error, _ logger: Logger) {
        switch error {
        case let cut as BodyCut: logger.error("the answer broke off: \(cut.reason.map { "\($0)" } ?? "its source ended too early")")
        case let fault as Fault: logger.error("the answer broke off: \(fault)")
        default: logger.info("the client is gone: \(error)")
        }
    }

    /// A source that breaks off leaves the body shorter than announced, so no client takes it for whole.
    private static func copy(_ source: any ByteSource, to exchange: Exchange) throws -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
        defer { buffer.deallocate() }
        var sent: Int64 = 0
        while case let count = try source.read(into: buffer), count > 0 {
            try exchange.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            sent += Int64(count)
        }
        return sent
    }
}

/// The body of the request that an exchange holds.
private final class ExchangeBody: ByteSource {
    let announced: Int64?
    private let exchange: Exchange
    private var received: Int64 = 0

    init(_ exchange: Exchange, isChunked: Bool) {
        self.exchange = exchange
        // A chunked body has no length, unless the web server took it in first; and without either there is no body.
        announced = exchange.parameter("CONTENT_LENGTH").flatMap { Int64($0) } ?? (isChunked ? nil : 0)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BodyCut) -> Int {
        while true { if let count = try read(into: buffer, waitingAtMost: 60) { return count } }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMost seconds: Double) throws(BodyCut) -> Int? {
        guard !buffer.isEmpty, announced != 0 else { return 0 }
        guard let count = exchange.read(into: buffer, waitingAtMost: seconds) else { return nil }
        received += Int64(count)
        if count == 0, exchange.bodyEnd == .cut || announced ?? received != received { throw BodyCut() }
        return count
    }
}
