internal import Domain
internal import Glibc
internal import HTTPClient
internal import JSONDocument
internal import Text
internal import Threading

/// An account of Swift: its token, and requests to it, from any number of threads.
///
/// One thread fetches the token when it is first needed, and renews it before it expires or when the server no longer accepts it. A
/// request that failed because of the token, or of a server that was away for a moment, is sent again: all requests of a store may be
/// repeated, since each writes an object of its own.
final class SwiftAccount: Sendable {
    /// What a request needs of the account.
    struct Access: Sendable {
        /// The URL of the account, without a slash at its end.
        let storage: String
        let token: String
        /// When to renew the token, in seconds of the monotonic clock.
        let renewAt: Double
    }

    let login: SwiftLogin
    let settings: SwiftStore.Settings
    /// The name of the store, for messages.
    let store: String
    private let current = Monitor<Access?>(nil)
    private let logins = SingleFlight<Bool, Access, Fault>()
    private let control, data: HTTPClient

    /// The largest answers that are read, in bytes: a login's holds the catalog of the whole cloud, a listing has 1000 names.
    private static let longestAnswer = 8 << 20
    /// Seconds before a request is sent again.
    private static let pauses = [0.2, 1.0, 2.0, 4.0]

    init(_ login: SwiftLogin, _ settings: SwiftStore.Settings, store: String) {
        (self.login, self.settings, self.store) = (login, settings, store)
        let limits = settings.limits
        control = HTTPClient(timeouts: .init(connect: limits.connect, exchange: limits.control), trust: settings.trust)
        data = HTTPClient(timeouts: .init(connect: limits.connect, exchange: limits.segment), trust: settings.trust)
    }

    // MARK: requests

    /// A request to the account.
    struct Request: Sendable {
        let method: String
        /// Encoded: `/container/object`.
        let path: String
        var query = ""
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// A body that is image data, which takes its time.
        var data: PartBuffer?

        init(
            _ method: String, _ path: String, query: String = "", _ headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
        ) {
            (self.method, self.path, self.query, self.headers, self.body) = (method, path, query, headers, body)
        }
    }

    /// Sends a request, and reads the answer, whatever its status.
    ///
    /// - Throws: `.unavailable` when there is none.
    func send(_ request: Request) throws(Fault) -> HTTPClient.Reply {
        var access = try access()
        var (hasRenewed, pauses) = (false, Self.pauses[...])
        while true {
            switch exchange(request, access) {
            case .success(let reply) where reply.status == 401 && !hasRenewed:
                access = try self.access(besides: access.token)
                hasRenewed = true
            case .success(let reply):
                guard [408, 429, 498, 500, 502, 503, 504].contains(reply.status), let pause = pauses.popFirst() else { return reply }
                usleep(UInt32(pause * 1e6))
            case .failure(let error):
                guard [.unreachable, .broken, .cut].contains(error.kind), let pause = pauses.popFirst() else {
                    throw away("\(request.method): \(error.message)")
                }
                usleep(UInt32(pause * 1e6))
            }
        }
    }

    private func exchange(_ request: Request, _ access: Access) -> Result<HTTPClient.Reply, HTTPClientError> {
        let url = access.storage + request.path + (request.query.isEmpty ? "" : "?\(request.query)")
        do throws(HTTPClientError) {
            let headers = request.headers + [("X-Auth-Token", access.token)]
            if let body = request.data {
                return .success(try data.send(request.method, url, headers: headers, body: body.bytes, longest: Self.longestAnswer))
            }
            return .success(
                try control.send(request.method, url, headers: headers, body: request.body, longest: Self.longestAnswer))
        } catch {
            return .failure(error)
        }
    }

    // MARK: the token

    /// - Parameter refused: a token that the server no longer accepts.
    func access(besides refused: String? = nil) throws(Fault) -> Access {
        func known() -> Access? { current.with { $0 }.flatMap { $0.token == refused ? nil : $0 } }
        if let access = known(), monotonicSeconds() < access.renewAt { return access }
        return try logins.run(true) { () throws(Fault) in
            if let access = known(), monotonicSeconds() < access.renewAt { return access }
            let access = try logIn()
            current.with { $0 = access }
            return access
        }
    }

    private func logIn() throws(Fault) -> Access {
        let asked = monotonicSeconds()
        let reply: HTTPClient.Reply
        do throws(HTTPClientError) {
            reply =
                switch login.version {
                case .v1: try control.send("GET", login.address, headers: credentialsOfV1, longest: Self.longestAnswer)
                case .v3:
                    try control.send(
                        "POST", keystone + "/auth/tokens", headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
                        body: bodyOfV3, longest: Self.longestAnswer)
                }
        } catch {
            throw away("the login: \(error.message)")
        }
        guard 200...299 ~= reply.status else { throw refusal(reply.status, "the login") }
        let found = login.version == .v1 ? ofV1(reply) : ofV3(reply)
        guard let found else { throw away("the login is answered without a token") }
        let storage = withoutSlashes(settings.endpoint ?? found.storage ?? "")
        guard let origin = try? SwiftOrigin(storage), !origin.hasUser else {
            throw away("the login names no \(settings.interface) endpoint of \(settings.serviceType)")
        }
        // A token that lives for less than twice that time is renewed in the middle of its life.
        let early = found.life.map { min(settings.renewal, $0 / 2) } ?? 0
        return Access(storage: storage, token: found.token, renewAt: asked + (found.life ?? .infinity) - early)
    }

    private var credentialsOfV1: [(name: String, value: String)] {
        guard case .user(let user, let key) = login.identity else { return [] }
        return [("X-Auth-User", user), ("X-Auth-Key", key)]
    }

    private typealias Found = (token: String, storage: String?, life: Double?)

    private func ofV1(_ reply: HTTPClient.Reply) -> Found? {
        guard let token = reply.headers["X-Auth-Token"].flatMap(Self.token) else { return nil }
        return (token, reply.headers["X-Storage-Url"], reply.headers["X-Auth-Token-Expires"].flatMap { Double($0) })
    }

    private func ofV3(_ reply: HTTPClient.Reply) -> Found? {
        guard let token = reply.headers["X-Subject-Token"].flatMap(Self.token),
            let body = (try? JSON(parsing: reply.body))?.object?["token"]?.object
        else { return nil }
        var life: Double?
        if let issued = body["issued_at"]?.string.flatMap({ CivilTime(prefixOf: $0) }),
            let expires = body["expires_at"]?.string.flatMap({ CivilTime(prefixOf: $0) })
        {
            life = max(0, Double(expires.seconds - issued.seconds))
        }
        return (token, endpoint(in: body["catalog"]?.array ?? []), life)
    }

    private static func token(_ text: String) -> String? {
        !text.isEmpty && text.utf8.count <= 8000 && text.utf8.allSatisfy { 0x21...0x7E ~= $0 } ? text : nil
    }

    private func endpoint(in catalog: [JSON]) -> String? {
        let interface = settings.interface.hasSuffix("URL") ? String(settings.interface.dropLast(3)) : settings.interface
        return catalog.lazy.filter { $0.object?["type"]?.string == self.settings.serviceType }
            .flatMap { $0.object?["endpoints"]?.array ?? [] }.compactMap(\.object)
            .first { endpoint in
                endpoint["interface"]?.string == interface
                    && self.settings.region.map { $0 == (endpoint["region_id"] ?? endpoint["region"])?.string } != false
            }?["url"]?.string
    }

    /// The address of Keystone with its version.
    private var keystone: String { login.address.hasSuffix("/v3") ? login.address : "\(unversioned)/v3" }

    private var unversioned: String {
        ["/v2.0", "/v1.0", "/v1"].first { login.address.hasSuffix($0) }.map { String(login.address.dropLast($0.count)) } ?? login.address
    }

    private var bodyOfV3: [UInt8] {
        let auth: JSON
        switch login.identity {
        case .applicationCredential(let id, let secret):
            auth = [
                "identity": [
                    "methods": ["application_credential"], "application_credential": ["id": .string(id), "secret": .string(secret)],
                ]
            ]
        case .user(let user, let key):
            let user = SwiftUser(user)
            auth = [
                "identity": [
                    "methods": ["password"],
                    "password": ["user": ["name": .string(user.name), "password": .string(key), "domain": login.userDomain.json]],
                ],
                "scope": ["project": ["name": .string(user.project ?? ""), "domain": login.projectDomain.json]],
            ]
        }
        return Array(JSON.object(["auth": auth]).text)
    }
}

extension SwiftLogin.KeystoneDomain {
    fileprivate var json: JSON {
        id.map { ["id": .string($0)] } ?? ["name": .string(name ?? "")]
    }
}

// MARK: faults

extension SwiftAccount {
    /// The fault for an answer that is a refusal.
    ///
    /// - Parameter doing: what was asked, for the log.
    func refusal(_ status: Int, _ doing: String) -> Fault {
        let cause = SwiftTrouble(description: "Swift answers \(status) to \(doing)")
        return switch status {
        case 401: Fault(.unavailable, "The store '\(store)' refuses this service's login.", cause: cause)
        case 403: Fault(.unavailable, "The store '\(store)' gives this service no right to do that.", cause: cause)
        case 413, 507: Fault(.tooLarge, "There is not enough space in the store '\(store)'.", cause: cause)
        default: Fault(.unavailable, "The store '\(store)' cannot be used now.", cause: cause)
        }
    }

    func noContainer() -> Fault {
        Fault(
            .unavailable, "The store '\(store)' has no container for images.",
            cause: SwiftTrouble(description: "Swift answers 404 to HEAD of the container"))
    }

    /// The fault for no answer, or for one that makes no sense.
    func away(_ trouble: String) -> Fault {
        Fault(.unavailable, "The store '\(store)' cannot be used now.", cause: SwiftTrouble(description: "Swift: \(trouble)"))
    }
}

/// A failure of Swift, for the log only.
struct SwiftTrouble: Error, CustomStringConvertible {
    let description: String
}
