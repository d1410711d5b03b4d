package import Domain
package import HTTP

/// What the client gets.
package struct Response {
    package enum Body {
        case empty
        case bytes([UInt8])
        /// Bytes read piece by piece from a store: the first `length` of them. Fewer break the answer off.
        case stream(any ByteStream, length: Int64)
        /// nginx sends the file itself: the path of an internal location, and how long the file is.
        case file(internalPath: String, length: Int64)
        /// Written while it is sent, of a length that nobody knows before. What it throws breaks the answer off.
        case written(by: (any ByteSink) throws(StreamError) -> Void)
    }

    package var status: Status
    package var headers = Headers()
    package var body: Body

    package init(_ status: Status, body: Body = .empty) {
        self.status = status
        self.body = body
    }

    package static func json(_ document: [UInt8], _ status: Status = .ok) -> Response {
        var response = Response(status, body: .bytes(document))
        response.headers["Content-Type"] = "application/json"
        return response
    }

    /// Bytes of the body, as `Content-Length` says; nil where nobody knows before it is written.
    package var contentLength: Int64? {
        switch body {
        case .empty: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(_, let length), .file(_, let length): length
        case .written: nil
        }
    }
}
