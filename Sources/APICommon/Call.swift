package import Domain
package import HTTP
package import JSONDocument

/// A request that has found its route, and whose sender is known.
package struct Call {
    package let request: Request
    package let parameters: PathParameters
    package let query: Query
    package let caller: Caller

    package var imageID: ImageID { ImageID(parameters["image"]) }

    /// Whether nginx would refuse to send a file by itself: it judges these before it knows the worker's `ETag`, and by the file's age.
    /// Any tag at all suits it.
    package var hasConditionThatNginxRefuses: Bool {
        request.headers["If-Match"].map { $0 != "*" } ?? false || request.headers["If-Unmodified-Since"] != nil
    }
}

/// What answers a call.
package typealias Handler = @Sendable (Call) throws(Fault) -> Response

extension Call {
    /// Bytes of a JSON body, at most.
    private static let longestJSON = 8 << 20
    /// Seconds that a body which is read as a whole may take.
    static let longestBody = 60.0

    /// Reads the body as JSON.
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
        guard !text.isEmpty else { throw Fault(.invalid, "The request must comprise a body in JSON.") }
        do throws(JSONSyntaxError) {
            return try JSON(parsing: text)
        } catch {
            throw Fault(.invalid, "Malformed JSON in request body: \(error.reason), at byte \(error.offset).")
        }
    }

    /// Reads the body as a JSON object.
    package func jsonObject() throws(Fault) -> JSONObject {
        guard let object = try json().object else { throw Fault(.invalid, "The request body must be a JSON object.") }
        return object
    }
}

extension JSONSchema {
    /// - Throws: `.invalid` with the schema's name, the value and the rule.
    package func require(_ value: JSON) throws(Fault) {
        do throws(Violation) {
            try check(value)
        } catch {
            throw Fault(.invalid, error.explanation)
        }
    }
}

extension Response {
    /// A JSON document that is sent while it is written, so that nobody holds all of it.
    ///
    /// - Parameter write: what it throws breaks the answer off, so whoever can refuse does so before.
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
    /// An image's bytes, all of them. For HEAD nobody reads them, so they are not even opened.
    package static func all(_ bytes: Blob, for call: Call) throws(Fault) -> Response.Body {
        .stream(call.request.method == .HEAD ? NoBytes() : try bytes.openAll(), length: bytes.size)
    }

    /// Some of them, opened as `all` does.
    package static func part(of bytes: Blob, from first: Int64, count: Int64, for call: Call) throws(Fault) -> Response.Body {
        .stream(call.request.method == .HEAD ? NoBytes() : try bytes.open(first), length: count)
    }
}

extension Credentials {
    /// By these a proxy says for whom it asks: the address that it asks from is not the client's.
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
        // What is not understood is nothing that gives more rights.
        forwarded.standing = headers["X-Vitrine-Standing"].map { Caller.Standing(rawValue: $0) ?? .project }
        forwarded.user = headers["X-User-Id"]
        forwarded.project = headers["X-Project-Id"] ?? headers["X-Tenant-Id"]
        forwarded.roles = headers["X-Roles"]
    }
}
