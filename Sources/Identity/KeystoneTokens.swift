internal import Cryptography
package import Domain
internal import HTTPClient
internal import JSONDocument
package import Logging
internal import ServiceMetrics
package import Threading

/// Authentication by Keystone tokens. Keystone's answer about a token is cached for some minutes, for all threads of a process.
///
/// Source: keystonemiddleware, `auth_token`, with `delay_auth_decision = true` as in Glance's pipeline; but when Keystone cannot be asked,
/// the caller gets 503, and is not taken for an anonymous one (401).
package final class KeystoneTokens: Authenticator {
    /// The settings of the authentication.
    package struct Rules: Sendable {
        /// The address in the challenge to unauthenticated callers.
        package var authenticateURI: String
        /// The seconds for which Keystone's answer about a token is cached; nothing is cached if it is 0 or less.
        package var cacheTime = 300
        /// The number of cached tokens, some 600 bytes each; and of cached unknown tokens, a tenth of that each.
        package var cacheSize = 10_000
        /// The roles one of which a service token must have.
        package var serviceRoles: Set<String> = ["service"]
        /// Whether a service token without these roles is ignored. Such a token never allows an expired user's token.
        package var areServiceRolesRequired = true
        /// The name of this service in access rules of application credentials; nil refuses tokens with access rules.
        package var serviceType: String?

        /// Makes default rules.
        package init(authenticateURI: String) { self.authenticateURI = authenticateURI }
    }

    private let session: KeystoneSession
    private let rules: Rules
    private let policy: any PolicySource
    private let bulkhead: Bulkhead?
    private let logger: Logger
    /// By the digests of tokens.
    private let known: ExpiringCache<String, KeystoneToken>
    /// A cache of their own, so that a flood of unknown tokens does not push out the known ones.
    private let unknown: ExpiringCache<String, Void>
    private let validations = SingleFlight<String, KeystoneToken?, Fault>()
    private let hits = ServiceMetrics.neighbours.tokens[Labels1(.hit)]
    private let rejections = ServiceMetrics.neighbours.tokens[Labels1(.rejected)]
    private let misses = ServiceMetrics.neighbours.tokens[Labels1(.miss)]

    /// The seconds for which an unknown token is cached.
    private static let unknownFor = 10.0

    package init(_ session: KeystoneSession, rules: Rules, policy: any PolicySource, bulkhead: Bulkhead? = nil, logger: Logger) {
        (self.session, self.rules, self.policy, self.bulkhead, self.logger) = (session, rules, policy, bulkhead, logger)
        known = ExpiringCache(seconds: Double(rules.cacheTime), most: rules.cacheSize)
        unknown = ExpiringCache(seconds: rules.cacheTime > 0 ? Self.unknownFor : 0, most: rules.cacheSize)
    }

    package var challenge: String { "Keystone uri=\"\(rules.authenticateURI)\"" }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        let service = try service(for: credentials)
        guard let text = credentials.token, let token = try token(text, mayHaveExpired: service?.isTrusted == true),
            allows(token, credentials, isSentOn: service != nil)
        else { throw Fault(.unauthenticated, "The request you have made requires authentication.") }
        var caller = Caller(
            user: token.user, project: token.project, roles: token.roles, serviceRoles: service?.token.roleNames ?? [],
            scope: token.scope, isAdmin: token.scope == .project && policy.current.makesAdmin(roles: token.roles))
        caller.token = CallerToken(text)
        caller.particulars = token.particulars
        if let service { caller.particulars.merge(service.token.particularsOfService) { $1 } }
        return caller
    }

    // MARK: forwarding services

    private struct Service {
        let token: KeystoneToken
        /// Whether it may send a user's expired token: a long operation was begun with it.
        let isTrusted: Bool
    }

    /// The forwarding service; nil for none, and for an invalid service token: then the user's token counts by itself.
    private func service(for credentials: Credentials) throws(Fault) -> Service? {
        guard let text = credentials.serviceToken, let token = try token(text, mayHaveExpired: false) else { return nil }
        let isTrusted = !rules.serviceRoles.isDisjoint(with: token.roleNames)
        guard isTrusted || !rules.areServiceRolesRequired else {
            logger.info("a service token has none of the roles in [keystone_authtoken] service_token_roles")
            return nil
        }
        return Service(token: token, isTrusted: isTrusted)
    }

    /// Whether a token's access rules allow the request. They do not restrict a forwarding service, which requests what its own work needs.
    private func allows(_ token: KeystoneToken, _ credentials: Credentials, isSentOn: Bool) -> Bool {
        guard let accessRules = token.accessRules else { return true }
        guard let serviceType = rules.serviceType else {
            logger.warning("a token with access rules is refused: [keystone_authtoken] service_type is not set")
            return false
        }
        return isSentOn || accessRules.contains { $0.allows(credentials.method, credentials.path, of: serviceType) }
    }

    // MARK: validation

    /// Nil for a token that Keystone does not accept, or that has expired.
    private func token(_ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        guard KeystoneToken.isPossible(text) else { return nil }
        // An expired token has one answer for services and another for users.
        let digest = Digest.sha256(of: text) + (mayHaveExpired ? " expired" : "")
        if let token = known[digest] {
            hits.add()
            return mayHaveExpired || !token.hasExpired ? token : nil
        }
        if unknown[digest] != nil {
            rejections.add()
            return nil
        }
        misses.add()
        // The bulkhead is outside of the single flight: threads that wait for another thread's question occupy places too.
        return try bulkhead.run(orElse: .overloaded("The identity service")) { () throws(Fault) in
            try askedFor(digest, text, mayHaveExpired: mayHaveExpired)
        }
    }

    private func askedFor(_ digest: String, _ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        try validations.run(digest) { () throws(Fault) in
            if let token = known[digest] { return token }
            if unknown[digest] != nil { return nil }
            let token = try validate(text, mayHaveExpired: mayHaveExpired)
            if let token {
                known.keep(token, for: digest, life: mayHaveExpired ? .infinity : token.endsAt - monotonicSeconds())
            } else {
                unknown.keep((), for: digest)
            }
            return token
        }
    }

    private func validate(_ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        let reply = try session.get(
            "/auth/tokens?nocatalog" + (mayHaveExpired ? "&allow_expired=1" : ""),
            // Without the second header Keystone refuses tokens with access rules, since the client might ignore these.
            headers: [("X-Subject-Token", text), ("OpenStack-Identity-Access-Rules", "1")])
        switch reply.status {
        case 200:
            guard let lead = session.clockLead, let token = KeystoneToken(reply.body, clockLead: lead) else {
                throw .keystone("its answer about a token makes no sense")
            }
            return mayHaveExpired || !token.hasExpired ? token : nil
        // Only an error document of Keystone counts: a web server in its place answers 404 to every path.
        case 404 where (try? JSON(parsing: reply.body))?.object?["error"] != nil: return nil
        default: throw .keystone("it answers \(reply.status) when asked for a token; may the service's user do that?")
        }
    }
}

extension KeystoneTokens: HealthProbe {
    package var healthName: String { session.healthName }
    package func checkHealth() throws(Fault) { try session.checkHealth() }
}
