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

    /// Reads the body as JSON.
    package func json() throws(Fault) -> JSON {
        let text: [UInt8]?
        do throws(BodyCut) {
            text = try request.body.readAll(atMost: Self.longestJSON)
        } catch {
            throw .bodyCut(error)
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

extension Fault {
    static func bodyCut(_ cut: BodyCut) -> Fault {
        cut.isTooSlow
            ? Fault(.tooSlow, "The request body does not come in within a minute.")
            : Fault(.invalid, "The request body ended before all of it was there.")
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

/// The body of a request as bytes for a store.
package final class RequestBytes: ByteReader {
    private let body: any ByteSource

    package init(_ body: any ByteSource) { self.body = body }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        try read(into: buffer) { () throws(Fault) in }
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer, whileWaiting check: () throws(Fault) -> Void
    ) throws(Fault) -> Int {
        while true {
            if let count = try readSoon(into: buffer) { return count }
            try check()
        }
    }

    private func readSoon(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int? {
        do throws(BodyCut) {
            return try body.read(into: buffer, waitingAtMost: 1)
        } catch {
            throw .bodyCut(error)
        }
    }
}

/// Some bytes of a store as the body of a response.
package final class StoredBody: ByteSource {
    private let reader: any ByteReader
    private var left: Int64

    package let announced: Int64?

    package init(_ reader: any ByteReader, length: Int64) {
        (self.reader, left, announced) = (reader, length, length)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(BodyCut) -> Int {
        guard left > 0 else { return 0 }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), left))])
        let count: Int
        do throws(Fault) {
            count = try reader.read(into: piece)
        } catch {
            throw BodyCut(error)
        }
        guard count > 0 else { throw BodyCut(Fault(.unavailable, "The image's data end \(left) bytes before they should.")) }
        left -= Int64(count)
        return count
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
            body: .written { sink in
                var json = JSONWriter { sink.take($0) }
                try write(&json)
                json.flush()
            })
        response.headers["Content-Type"] = "application/json"
        return response
    }
}

extension Response.Body {
    /// An image's bytes, all of them. For HEAD nobody reads them, so they are not even opened.
    package static func all(_ bytes: Blob, for call: Call) throws(Fault) -> Response.Body {
        let reader: any ByteReader = call.request.method == .HEAD ? NothingToRead() : try bytes.openAll()
        return .stream(StoredBody(reader, length: bytes.size), length: bytes.size)
    }

    /// Some of them, opened as `all` does.
    package static func part(of bytes: Blob, from first: Int64, count: Int64, for call: Call) throws(Fault) -> Response.Body {
        let reader: any ByteReader = call.request.method == .HEAD ? NothingToRead() : try bytes.open(first)
        return .stream(StoredBody(reader, length: count), length: count)
    }

    private final class NothingToRead: ByteReader {
        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
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
