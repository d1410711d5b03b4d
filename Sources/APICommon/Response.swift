package import Domain
package import HTTP

/// The answer to a client.
package struct Response {
    /// The forms of an answer's body.
    package enum Body {
        case empty
        case bytes([UInt8])
        /// The first `length` bytes of a stream, sent piece by piece. If the stream has fewer, the answer is cut off.
        case stream(any ByteStream, length: Int64)
        /// nginx sends the file itself. The path is that of an internal location; the length is the file's, in bytes.
        case file(internalPath: String, length: Int64)
        /// nginx fetches the data from a server and sends them; the length is theirs, in bytes.
        case remote(RemoteFetch, length: Int64)
        /// Written while it is sent, without a known length. An error from the closure cuts the answer off.
        case written(by: (any ByteSink) throws(StreamError) -> Void)
    }

    package var status: Status
    package var headers = Headers()
    package var body: Body

    package init(_ status: Status, body: Body = .empty) {
        self.status = status
        self.body = body
    }

    /// An answer with a JSON document.
    package static func json(_ document: [UInt8], _ status: Status = .ok) -> Response {
        var response = Response(status, body: .bytes(document))
        response.headers["Content-Type"] = "application/json"
        return response
    }

    /// Bytes of the body, for `Content-Length`; nil if the length is not known before the body is written.
    package var contentLength: Int64? {
        switch body {
        case .empty: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(_, let length), .file(_, let length), .remote(_, let length): length
        case .written: nil
        }
    }
}
