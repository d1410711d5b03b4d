package import Domain
package import HTTP
package import JSONDocument

/// A request with its matched route and its authenticated caller.
package struct Call {
    package let request: Request
    /// The values of the `{…}` parts of the route's pattern.
    package let parameters: PathParameters
    package let query: Query
    package let caller: Caller

    /// The value of `{image}` in the path.
    package var imageID: ImageID { ImageID(parameters["image"]) }

    /// Whether the request has a condition that nginx would answer wrongly if it sent the file itself. nginx evaluates `If-Match` before
    /// it knows the worker's `ETag`, and `If-Unmodified-Since` by the age of the file. `If-Match: *` is harmless: it matches any tag.
    package var hasConditionThatNginxRefuses: Bool {
        request.headers["If-Match"].map { $0 != "*" } ?? false || request.headers["If-Unmodified-Since"] != nil
    }
}

/// The function that answers the calls of one route.
package typealias Handler = @Sendable (Call) throws(Fault) -> Response

extension Call {
    /// The largest JSON body, in bytes.
    private static let longestJSON = 8 << 20
    /// Seconds that a client may take to send a body that is read as a whole.
    static let longestBody = 60.0

    /// Reads the body as JSON.
    ///
    /// - Throws: `.invalid` if the body is empty or not JSON, `.tooLarge` if it is longer than 8 MiB, `.tooSlow` if it takes too long.
    package func json() throws(Fault) -> JSON {
        let text: [UInt8]?
        do throws(StreamError) {
            text = try request.body.readAll(atMost: Self.longestJSON, announced: request.announced, within: Self.longestBody)
        } catch {
            throw error.fault
        }
        guard let text else {
            throw Fault(.tooLarge, "The request body is larger than \(Self.longestJSON) bytes.")
        }
        guard !text.isEmpty else { throw Fault(.invalid, "The request must have a body in JSON.") }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: text)
        } catch {
            throw Fault(.invalid, "Malformed JSON in request body: \(error.reason), at byte \(error.offset).")
        }
    }

    /// Reads the body as a JSON object. It throws what `json` throws, and `.invalid` for any other JSON value.
    package func jsonObject() throws(Fault) -> JSONObject {
        guard let object = try json().object else { throw Fault(.invalid, "The request body must be a JSON object.") }
        return object
    }
}

extension JSONSchema {
    /// Checks a value against the schema.
    ///
    /// - Throws: `.invalid`; the message has the schema's name, the value and the rule.
    package func require(_ value: JSON) throws(Fault) {
        do throws(Violation) {
            try check(value)
        } catch {
            throw Fault(.invalid, error.explanation)
        }
    }
}

extension Response {
    /// A JSON document that is sent while it is written, so that it is never in memory as a whole.
    ///
    /// - Parameter write: writes the document. An error from it cuts the answer off, so errors that a client should see must be thrown
    ///   before.
    package static func json(
        _ status: Status = .ok, writing write: @escaping (inout JSONWriter) throws(Fault) -> Void
    ) -> Response {
        var response = Response(
            status,
            body: .written { sink throws(StreamError) in
                var broken: StreamError?
                var json = JSONWriter { piece in
                    do throws(StreamError) {
                        return try sink.write(piece)
                    } catch {
                        broken = error
                        return false
                    }
                }
                do throws(Fault) {
                    try write(&json)
                } catch {
                    throw broken ?? .failed(error)
                }
                json.flush()
                if let broken { throw broken }
            })
        response.headers["Content-Type"] = "application/json"
        return response
    }
}

extension Response.Body {
    /// A body with all bytes of an image. For HEAD the bytes are not opened, because nobody reads them.
    package static func all(_ bytes: Blob, for call: Call) throws(Fault) -> Response.Body {
        .stream(call.request.method == .HEAD ? NoBytes() : try bytes.openAll(), length: bytes.size)
    }

    /// A body with a part of an image's bytes: `count` bytes from offset `first`. For HEAD the bytes are not opened.
    package static func part(of bytes: Blob, from first: Int64, count: Int64, for call: Call) throws(Fault) -> Response.Body {
        .stream(call.request.method == .HEAD ? NoBytes() : try bytes.open(first), length: count)
    }
}

extension Credentials {
    /// Headers by which a proxy names the client that it forwards for. With any of them, the peer's address is the proxy's.
    private static let proxies = ["Forwarded", "X-Forwarded-For", "X-Real-IP"]

    init(_ request: Request) {
        let headers = request.headers
        self.init(token: headers["X-Auth-Token"] ?? headers["X-Storage-Token"])
        serviceToken = headers["X-Service-Token"]
        (method, path) = (request.method.name, request.path)
        isFromThisHost = NetworkAddress.isLoopback(request.remoteAddress) && Self.proxies.allSatisfy { headers[$0] == nil }
        guard let secret = headers["X-Vitrine-Secret"] else { return }
        forwarded.secret = secret
        forwarded.isConfirmed = headers["X-Identity-Status"] == "Confirmed"
        // An unknown standing must not give more rights than a project has.
        forwarded.standing = headers["X-Vitrine-Standing"].map { Caller.Standing(rawValue: $0) ?? .project }
        forwarded.user = headers["X-User-Id"]
        forwarded.project = headers["X-Project-Id"] ?? headers["X-Tenant-Id"]
        forwarded.roles = headers["X-Roles"]
    }
}
