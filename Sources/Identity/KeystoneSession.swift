package import Domain
internal import Glibc
package import HTTPClient
internal import JSONDocument
package import Logging
internal import ServiceMetrics
internal import Synchronization
internal import Threading

/// Requests to Keystone with the service's own token, from any number of threads.
///
/// One thread fetches the token when it is first needed, and renews it before it expires or when Keystone no longer accepts it. While
/// Keystone does not answer, one thread at a time tries again, and the requests of all others fail at once, so that no threads wait in
/// vain.
package final class KeystoneSession: Sendable {
    /// The address and credentials.
    package let access: KeystoneAccess
    private let client: HTTPClient
    private let base: String
    private let logger: Logger
    private let current = Mutex<KeystoneLogin?>(nil)
    private let logins = SingleFlight<Bool, KeystoneLogin, Fault>()
    private let silence = Mutex(Silence())

    private struct Silence: Sendable {
        var isSilent = false
        /// Whether a thread is trying.
        var isTried = false
    }

    /// The largest size of an answer in bytes; a login's answer holds the catalog of the whole cloud.
    private static let longestAnswer = 8 << 20
    /// The seconds before the first retry; each further pause is twice as long.
    private static let firstPause = 0.1

    /// Makes a session that has no token yet.
    package init(_ access: KeystoneAccess, logger: Logger) {
        self.access = access
        self.logger = logger
        base = KeystoneAccess.versioned(access.address)
        client = HTTPClient(
            timeouts: .init(connect: min(access.patience, 5), exchange: access.patience), trust: access.trust)
    }

    /// Reads a resource of the identity service, such as `/auth/tokens`.
    ///
    /// - Returns: the answer, unless its status is 401, 429 or 5xx.
    /// - Throws: `.unavailable`, with a cause for the log.
    package func get(_ path: String, headers: [(name: String, value: String)] = []) throws(Fault) -> HTTPClient.Reply {
        let login = try login(besides: nil)
        let reply = try get(path, headers, login)
        guard reply.status == 401 else { return reply }
        let renewed = try get(path, headers, try self.login(besides: login.token))
        guard renewed.status != 401 else { throw .keystone("it answers 401 to a token that the service has just got from it") }
        return renewed
    }

    /// Seconds by which Keystone's clock, in seconds since 1970, is ahead of the monotonic one; nil before the first answer to `get`.
    var clockLead: Double? { current.withLock { $0?.clockLead } }

    /// The service catalog of a token.
    ///
    /// - Throws: `.unauthenticated` for a token that Keystone no longer accepts.
    package func catalog(of token: CallerToken) throws(Fault) -> KeystoneCatalog {
        let reply = try get("/auth/tokens", headers: [("X-Subject-Token", token.text), ("OpenStack-Identity-Access-Rules", "1")])
        if reply.status == 404 { throw Fault(.unauthenticated, "The request you have made requires authentication.") }
        guard reply.status == 200, let body = (try? JSON(parsing: reply.body))?.object?["token"]?.object else {
            throw .keystone("it answers \(reply.status) when asked for a token's catalog")
        }
        return KeystoneCatalog(body["catalog"]?.array ?? [])
    }

    /// The service's own token, for another service.
    ///
    /// - Parameter refused: a token that the other service has refused.
    package func token(besides refused: String? = nil) throws(Fault) -> String { try login(besides: refused).token }

    private func get(_ path: String, _ headers: [(name: String, value: String)], _ login: KeystoneLogin) throws(Fault) -> HTTPClient.Reply {
        try exchange(.ofPath(path), "GET", (login.identityService ?? base) + path, headers + [("X-Auth-Token", login.token)])
    }

    // MARK: the service's own token

    /// - Parameter refused: a token that Keystone no longer accepts.
    private func login(besides refused: String?) throws(Fault) -> KeystoneLogin {
        func known() -> KeystoneLogin? { current.withLock { $0 }.flatMap { $0.token == refused ? nil : $0 } }
        if let login = known(), login.isFresh { return login }
        do throws(Fault) {
            return try logins.run(true) { () throws(Fault) in
                if let login = known(), login.isFresh { return login }
                let login = try logIn()
                current.withLock { $0 = login }
                return login
            }
        } catch {
            guard let login = known(), login.isValid else { throw error }
            logger.warning("the service's own token cannot be renewed yet: \(error)")
            return login
        }
    }

    private func logIn() throws(Fault) -> KeystoneLogin {
        let asked = monotonicSeconds()
        let reply = try exchange(.login, "POST", base + "/auth/tokens", [("Content-Type", "application/json")], access.login)
        guard reply.status == 201 else { throw .keystone("it answers \(reply.status) to the service's own login at \(base)") }
        guard let login = KeystoneLogin(reply, asked: asked, interface: access.interface, region: access.region) else {
            throw .keystone("it answers the service's own login at \(base) with no token")
        }
        if let address = login.identityService {
            logger.info("logged in at \(base); tokens are checked at \(address)")
        } else {
            let place = access.region.map { " in \($0)" } ?? ""
            logger.warning("the catalog has no \(access.interface) endpoint of the identity service\(place); it is asked at \(base)")
        }
        return login
    }

    // MARK: requests

    private func exchange(
        _ request: KeystoneLabel, _ method: String, _ url: String, _ headers: [(name: String, value: String)], _ body: [UInt8]? = nil
    ) throws(Fault) -> HTTPClient.Reply {
        let isTrial = try enter()
        let headers = headers + [("Accept", "application/json")] + Trace.field
        let began = monotonicSeconds()
        let result = send(method, url, headers, body, retries: isTrial ? 0 : access.retries)
        ServiceMetrics.neighbours.keystone.add(request, AnswerLabel(result))
        ServiceMetrics.neighbours.keystoneDurations.record(seconds: monotonicSeconds() - began, request)
        let hasAnswered =
            switch result {
            case .success: true
            case .failure(let error): ![.unreachable, .timedOut].contains(error.kind)
            }
        leave(isTrial: isTrial, hasAnswered: hasAnswered)
        switch result {
        case .success(let reply) where reply.status < 500 && reply.status != 429: return reply
        case .success(let reply): throw .keystone("it answers \(reply.status) to \(method) \(url)")
        case .failure(let error): throw .keystone("\(method) \(url): \(error.message)")
        }
    }

    private func send(
        _ method: String, _ url: String, _ headers: [(name: String, value: String)], _ body: [UInt8]?, retries: Int
    ) -> Result<HTTPClient.Reply, HTTPClientError> {
        let deadline = monotonicSeconds() + access.patience
        var (left, pause) = (retries, Self.firstPause)
        while true {
            do throws(HTTPClientError) {
                return .success(try client.send(method, url, headers: headers, body: body, longest: Self.longestAnswer))
            } catch {
                guard error.kind == .unreachable, left > 0, monotonicSeconds() + pause < deadline else { return .failure(error) }
                usleep(UInt32(pause * 1e6))
                (left, pause) = (left - 1, pause * 2)
            }
        }
    }

    /// - Returns: whether this is the one thread that tries while Keystone does not answer.
    private func enter() throws(Fault) -> Bool {
        let state = silence.withLock { silence -> Silence in
            defer { if silence.isSilent { silence.isTried = true } }
            return silence
        }
        guard !state.isSilent || !state.isTried else { throw .keystone("it did not answer before, and is being tried again") }
        return state.isSilent
    }

    private func leave(isTrial: Bool, hasAnswered: Bool) {
        silence.withLock { silence in
            silence.isSilent = !hasAnswered
            if isTrial { silence.isTried = false }
        }
    }
}

extension KeystoneLabel {
    /// What is asked for at a path below the identity service's own.
    fileprivate static func ofPath(_ path: String) -> KeystoneLabel {
        guard path.hasPrefix("/auth/tokens") else { return .limits }
        return path.hasPrefix("/auth/tokens?nocatalog") ? .validate : .catalog
    }
}

extension AnswerLabel {
    fileprivate init(_ result: Result<HTTPClient.Reply, HTTPClientError>) {
        switch result {
        case .success(let reply) where reply.status < 400: self = .ok
        case .success(let reply): self = reply.status < 500 && reply.status != 429 ? .refused : .failed
        case .failure(let error): self = [.unreachable, .timedOut].contains(error.kind) ? .unreachable : .failed
        }
    }
}

extension KeystoneSession: HealthProbe {
    package var healthName: String { "keystone" }

    /// Checks whether Keystone answers, without a token.
    package func checkHealth() throws(Fault) {
        let reply = try exchange(.health, "GET", base, [])
        guard reply.status == 200 else { throw .keystone("it answers \(reply.status) to GET \(base)") }
    }
}

extension Fault {
    /// - Parameter trouble: the text for the log; clients do not see it.
    static func keystone(_ trouble: String) -> Fault {
        Fault(.unavailable, "The identity service cannot be asked now.", cause: Trouble(description: "Keystone: \(trouble)"))
    }
}

/// A failure of another service, for the log only.
struct Trouble: Error, CustomStringConvertible {
    let description: String
}

extension Trace {
    /// The header that tells other services of the cloud the request id; none outside of a request.
    static var field: [(name: String, value: String)] {
        (globalRequestID ?? requestID).map { [("X-Openstack-Request-Id", $0)] } ?? []
    }
}
