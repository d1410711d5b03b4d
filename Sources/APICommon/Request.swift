package import Domain
package import HTTP

/// A request as the client sent it, before anything is decoded.
package struct Request {
    package var method: Method
    /// Percent-encoded, as sent, without the service's path prefix and without the query.
    package var path: String
    /// Nil if the query does not decode as UTF-8.
    package var query: Query?
    package var headers: Headers
    package var body: any ByteStream
    /// Bytes of the body, as the client or the web server says; nil if neither does (a chunked body).
    package var announced: Int64?
    /// The address at which the client reached the service; the base of links in answers.
    package var baseURL: BaseURL
    /// The port that the web server listens on.
    package var serverPort: Int?
    /// The address of the web server's peer: the client or a proxy.
    package var remoteAddress: String
    /// The states of the answers that nginx got when it could not fetch this request's data from a server; nil if it did not try.
    package var failedFetch: String?
    /// Whether nginx says that it fetches data only if they have the tag that it is told.
    package var fetchesByTag = false

    package init(
        method: Method, path: String, query: Query?, headers: Headers, body: any ByteStream, announced: Int64?,
        baseURL: BaseURL, serverPort: Int?, remoteAddress: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.announced = announced
        self.baseURL = baseURL
        self.serverPort = serverPort
        self.remoteAddress = remoteAddress
    }

    /// Whether the client sent the body in chunks. The web server tells the length of a chunked body too, if it has read all of it, so
    /// a check of the length would depend on how the bytes arrived; see `promised`.
    package var isChunked: Bool { headers["Transfer-Encoding"] != nil }

    /// Bytes that the client said it would send; nil if it did not say.
    package var promised: Int64? { isChunked ? nil : announced }

    /// Whether the request has a body: a length above zero, or a transfer coding.
    package var hasBody: Bool {
        if let announced { return announced > 0 }
        return isChunked
    }
}
