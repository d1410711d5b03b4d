package import Domain
internal import HTTPClient
internal import JSONDocument
package import Logging
internal import RegistryWire
package import Threading

/// The catalog of V1: everything it knows of images it asks the registry, over HTTP on the loopback address.
package struct RegistryClient: Sendable {
    private let client: HTTPClient
    /// For what must be done in time.
    private let urgentClient: HTTPClient
    private let bulkhead: Bulkhead?
    private let base: String
    private let secret: String
    private let logger: Logger

    /// Bytes of an answer: an image with many properties, each letter of which is written as an escape.
    private static let longestAnswer = 256 << 20

    /// - Parameters:
    ///   - base: `http://host:port`.
    ///   - secret: what makes the registry believe us.
    ///   - patience: seconds that an answer may take.
    ///   - bulkhead: keeps a registry that is slow from taking all threads.
    package init(
        base: String, secret: String, patience: Double, certificateAuthority: String?, bulkhead: Bulkhead? = nil, logger: Logger
    ) {
        self.base = base
        self.secret = secret
        self.bulkhead = bulkhead
        self.logger = logger
        urgentClient = HTTPClient(
            timeouts: .init(connect: min(patience, 2), exchange: min(patience, Self.urgent)), certificateAuthority: certificateAuthority)
        client = HTTPClient(timeouts: .init(connect: min(patience, 5), exchange: patience), certificateAuthority: certificateAuthority)
    }

    /// Seconds for an answer without which a lease would end. The registry gives its own database some of these.
    private static let urgent = 8.0

    struct Answer {
        let json: JSONObject
        /// Which state of an image it tells.
        let tag: String?
    }

    /// Asks the registry.
    ///
    /// - Parameters:
    ///   - caller: on whose behalf; the service itself asks for what was judged before. The registry is told what he is, and asks no rule
    ///     about it: an operator's rules name the roles of people.
    ///   - tag: the state that the image must have for this to be done.
    /// - Throws: the registry's refusal, or `.unavailable` when there is no answer.
    @discardableResult
    func ask(
        _ method: String, _ path: String, for caller: Caller = .service, _ body: JSONObject? = nil, ifStill tag: String? = nil
    ) throws(Fault) -> Answer {
        try ask(method, path, for: caller, message: body.map { JSON.object($0).text }, ifStill: tag)
    }

    /// The same with a body that is JSON already.
    func ask(
        _ method: String, _ path: String, for caller: Caller = .service, message: [UInt8]?, ifStill tag: String? = nil
    ) throws(Fault) -> Answer {
        try bulkhead.run(orElse: .overloaded("The image registry")) { () throws(Fault) in
            try ask(method, path, for: caller, message, ifStill: tag, by: client)
        }
    }

    /// Asks for what keeps a lease, whoever waits besides. Asked twice, as it may be done twice.
    func askInTime(_ method: String, _ path: String, _ body: JSONObject) throws(Fault) -> Answer {
        let message = JSON.object(body).text
        do throws(Fault) {
            return try ask(method, path, for: .service, message, ifStill: nil, by: urgentClient)
        } catch {
            guard error.kind == .unavailable else { throw error }
            return try ask(method, path, for: .service, message, ifStill: nil, by: urgentClient)
        }
    }

    private func ask(
        _ method: String, _ path: String, for caller: Caller, _ body: [UInt8]?, ifStill tag: String?, by client: HTTPClient
    ) throws(Fault) -> Answer {
        var headers: [(name: String, value: String)] = [
            ("X-Vitrine-Secret", secret), ("X-Identity-Status", "Confirmed"), ("Accept", "application/json"),
        ]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let id = Trace.requestID { headers.append(("X-Vitrine-Request-Id", id)) }
        if let id = Trace.globalRequestID { headers.append(("X-Openstack-Request-Id", id)) }
        if let tag { headers.append(("If-Match", tag)) }
        headers.append(("X-Vitrine-Standing", caller.standing.rawValue))
        headers.append(("X-Roles", caller.roles.joined(separator: ",")))
        if let user = caller.user { headers.append(("X-User-Id", user)) }
        if let project = caller.project { headers.append(("X-Project-Id", project)) }
        var reply: HTTPClient.Reply
        do throws(HTTPClientError) {
            reply = try client.send(method, base + path, headers: headers, body: body, longest: Self.longestAnswer)
        } catch {
            throw .unreachable(error)
        }
        // What is read of it is not kept twice: an answer may be as large as memory allows.
        var body = reply.takeBody()
        let json = body.isEmpty ? JSONObject() : (try? JSON(parsingPieces: { body.popFirst() }))?.object
        guard reply.status < 300 else { throw refusal(reply.status, json) }
        guard let json else { throw Fault(.unexpected, "The image registry sent what is no JSON.") }
        return Answer(json: json, tag: reply.headers["ETag"])
    }

    private func refusal(_ status: Int, _ json: JSONObject?) -> Fault {
        let kind = Fault.Kind(registryStatus: status)
        switch kind {
        case .unavailable:
            if status == 401 { logger.error("the registry does not know our secret; see [vitrine] registry_secret") }
            return Fault(kind, "The image registry cannot be reached now.")
        case .unexpected: return Fault(kind, "The image registry failed.")
        default: return Fault(kind, json?["message"]?.string ?? "The image registry refused.")
        }
    }

    /// An image of an answer.
    func image(_ answer: Answer) throws(Fault) -> Image {
        guard let object = answer.json["image"]?.object else { throw Fault(.unexpected, "The image registry sent what is no image.") }
        return try Image(wire: object)
    }
}

extension RegistryClient: HealthProbe {
    package var healthName: String { "registry" }

    package func checkHealth() throws(Fault) {
        let reply: HTTPClient.Reply
        do throws(HTTPClientError) {
            reply = try client.send("GET", base + "/healthcheck", longest: 64 << 10)
        } catch {
            throw .unreachable(error)
        }
        guard reply.status == 200 else { throw Fault(.unavailable, "The image registry says that it is not to be used now.") }
    }
}

extension Fault {
    fileprivate static func unreachable(_ cause: HTTPClientError) -> Fault {
        Fault(.unavailable, "The image registry cannot be reached now.", cause: cause)
    }
}
