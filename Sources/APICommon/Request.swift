package import Domain
package import HTTP

/// A request as it came from the client, before anything is decoded.
package struct Request {
    package var method: Method
    /// Percent-encoded, as sent; without the prefix that the site gives the service, and without the query.
    package var path: String
    /// Nil when it does not decode.
    package var query: Query?
    package var headers: Headers
    package var body: any ByteStream
    /// Bytes of the body, as the client or the web server says; nil where neither does (a chunked body).
    package var announced: Int64?
    /// How the client reached the service; links lead there.
    package var baseURL: BaseURL
    /// Where the web server listens.
    package var serverPort: Int?
    package var remoteAddress: String

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

    /// Whether a body comes in chunks. Of one that the web server had as a whole it tells the length nevertheless, so that what is said
    /// of a length would depend on how the bytes arrived.
    package var isChunked: Bool { headers["Transfer-Encoding"] != nil }

    /// Bytes that the client said it would send; nil where it did not say.
    package var promised: Int64? { isChunked ? nil : announced }

    /// Whether a body was sent: a length above zero, or a transfer coding.
    package var hasBody: Bool {
        if let announced { return announced > 0 }
        return isChunked
    }
}
