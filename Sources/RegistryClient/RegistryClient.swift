package import Domain
internal import HTTPClient
internal import JSONDocument
package import Logging
internal import RegistryWire
internal import ServiceMetrics
package import Threading

/// The catalog of V1: reads and changes all records by requests to the registry, over HTTP on the loopback address.
package struct RegistryClient: Sendable {
    private let client: HTTPClient
    /// The client for requests with a short time limit.
    private let urgentClient: HTTPClient
    private let bulkhead: Bulkhead?
    private let base: String
    private let secret: String
    private let logger: Logger

    /// The largest size of an answer in bytes: an image with many properties, all of whose characters are escaped.
    private static let longestAnswer = 256 << 20

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - base: the registry's address, `http://host:port`.
    ///   - secret: the installation's secret, by which the registry accepts the forwarded identity.
    ///   - patience: the time limit of an exchange in seconds.
    ///   - bulkhead: limits the threads that wait for a slow registry.
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

    /// The time limit in seconds of requests that renew leases. The registry's own limit for its database is shorter.
    private static let urgent = 8.0

    /// The registry's answer.
    struct Answer {
        let json: JSONObject
        /// The entity tag of the image's state; nil when the answer has none.
        let tag: String?
    }

    /// Sends a request to the registry.
    ///
    /// - Parameters:
    ///   - caller: the caller on whose behalf; `.service` for requests that were checked before. The registry does not check the policy for
    ///     it, since an operator's rules name the roles of users.
    ///   - tag: the state that the image must have for the request to be carried out.
    /// - Throws: the registry's refusal; `.unavailable` when there is no answer.
    @discardableResult
    func ask(
        _ method: String, _ path: String, for caller: Caller = .service, _ body: JSONObject? = nil, ifStill tag: String? = nil
    ) throws(Fault) -> Answer {
        try ask(method, path, for: caller, message: body.map { JSON.object($0).text }, ifStill: tag)
    }

    /// Sends a request with a body that is JSON already.
    func ask(
        _ method: String, _ path: String, for caller: Caller = .service, message: [UInt8]?, ifStill tag: String? = nil
    ) throws(Fault) -> Answer {
        try bulkhead.run(orElse: .overloaded("The image registry")) { () throws(Fault) in
            try ask(method, path, for: caller, message, ifStill: tag, by: client)
        }
    }

    /// Sends a request that renews leases, outside of the bulkhead. It may be carried out twice, so it is repeated once.
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
        // What the service does for a caller is theirs in the events that are kept.
        let author = caller.standing == .service ? Author.current : Author(caller)
        if let user = author?.user { headers.append(("X-User-Id", user)) }
        if let project = author?.project { headers.append(("X-Project-Id", project)) }
        var reply: HTTPClient.Reply
        let began = monotonicSeconds()
        defer { ServiceMetrics.neighbours.registryDurations.record(seconds: monotonicSeconds() - began) }
        do throws(HTTPClientError) {
            reply = try client.send(method, base + path, headers: headers, body: body, longest: Self.longestAnswer)
        } catch {
            ServiceMetrics.neighbours.registry.add(.unreachable)
            throw .unreachable(error)
        }
        ServiceMetrics.neighbours.registry.add(reply.status < 400 ? .ok : reply.status < 500 ? .refused : .failed)
        // The parser takes the pieces of the body one by one, so that a large answer is not in memory twice.
        var body = reply.takeBody()
        let json = body.isEmpty ? JSONObject() : (try? JSON(parsingPieces: { body.popFirst() }))?.object
        guard reply.status < 300 else { throw refusal(reply.status, json) }
        guard let json else { throw Fault(.unexpected, "The image registry sent invalid JSON.") }
        return Answer(json: json, tag: reply.headers["ETag"])
    }

    private func refusal(_ status: Int, _ json: JSONObject?) -> Fault {
        let kind = Fault.Kind(registryStatus: status)
        switch kind {
        case .unavailable:
            if status == 401 { logger.error("the registry refuses this service's secret; see [vitrine] registry_secret") }
            return Fault(kind, "The image registry cannot be reached now.")
        case .unexpected: return Fault(kind, "The image registry failed.")
        default: return Fault(kind, json?["message"]?.string ?? "The image registry refused.")
        }
    }

    /// The image of an answer.
    func image(_ answer: Answer) throws(Fault) -> Image {
        guard let object = answer.json["image"]?.object else { throw Fault(.unexpected, "The image registry sent an invalid image.") }
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
        guard reply.status == 200 else { throw Fault(.unavailable, "The image registry reports that it cannot be used now.") }
    }
}

extension Fault {
    fileprivate static func unreachable(_ cause: HTTPClientError) -> Fault {
        Fault(.unavailable, "The image registry cannot be reached now.", cause: cause)
    }
}
