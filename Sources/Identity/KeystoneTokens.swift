internal import Cryptography
package import Domain
internal import HTTPClient
internal import JSONDocument
package import Logging
package import Threading

/// Tokens that Keystone knows. What it says of one counts for some minutes, for all threads of a process.
///
/// Source: keystonemiddleware, `auth_token`, with `delay_auth_decision = true` as in Glance's pipeline; but where Keystone cannot
/// be asked a caller is told so (503), not taken for nobody (401).
package final class KeystoneTokens: Authenticator {
    package struct Rules: Sendable {
        /// Said to those who bring no token that is known.
        package var authenticateURI: String
        /// Seconds that what Keystone says of a token counts; nothing is kept when it is not more than 0.
        package var cacheTime = 300
        /// Tokens that are kept, some 600 bytes each; and of those that nobody knows as many, a tenth of that.
        package var cacheSize = 10_000
        /// A service token has one of these.
        package var serviceRoles: Set<String> = ["service"]
        /// Whether a service token without them is none; it never lets an expired token through.
        package var areServiceRolesRequired = true
        /// What access rules of application credentials call this service; nil refuses tokens that have such rules.
        package var serviceType: String?

        package init(authenticateURI: String) { self.authenticateURI = authenticateURI }
    }

    private let session: KeystoneSession
    private let rules: Rules
    private let policy: any PolicySource
    private let bulkhead: Bulkhead?
    private let logger: Logger
    private let known: TokenCache<KeystoneToken>
    /// Apart from those that are known, so that no flood of them pushes these out.
    private let unknown: TokenCache<Void>
    private let validations = SingleFlight<String, Result<KeystoneToken?, Fault>>()

    /// Seconds that a token stays unknown.
    private static let unknownFor = 10.0

    package init(_ session: KeystoneSession, rules: Rules, policy: any PolicySource, bulkhead: Bulkhead? = nil, logger: Logger) {
        (self.session, self.rules, self.policy, self.bulkhead, self.logger) = (session, rules, policy, bulkhead, logger)
        known = TokenCache(seconds: Double(rules.cacheTime), most: rules.cacheSize)
        unknown = TokenCache(seconds: rules.cacheTime > 0 ? Self.unknownFor : 0, most: rules.cacheSize)
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

    // MARK: services that send on

    private struct Service {
        let token: KeystoneToken
        /// It may bring a user's token that has expired: a long piece of work was begun with it.
        let isTrusted: Bool
    }

    /// Nil for none, and for one that is not valid: then the user's token counts for itself.
    private func service(for credentials: Credentials) throws(Fault) -> Service? {
        guard let text = credentials.serviceToken, let token = try token(text, mayHaveExpired: false) else { return nil }
        let isTrusted = !rules.serviceRoles.isDisjoint(with: token.roleNames)
        guard isTrusted || !rules.areServiceRolesRequired else {
            logger.info("a service token has none of the roles in [keystone_authtoken] service_token_roles")
            return nil
        }
        return Service(token: token, isTrusted: isTrusted)
    }

    /// Whether a token may be used for what is wanted. A service that sends on asks for what its own work needs.
    private func allows(_ token: KeystoneToken, _ credentials: Credentials, isSentOn: Bool) -> Bool {
        guard let accessRules = token.accessRules else { return true }
        guard let serviceType = rules.serviceType else {
            logger.warning("a token with access rules is refused: [keystone_authtoken] service_type is not set")
            return false
        }
        return isSentOn || accessRules.contains { $0.allows(credentials.method, credentials.path, of: serviceType) }
    }

    // MARK: what Keystone says

    /// Nil for a token that Keystone does not know, or that has expired.
    private func token(_ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        guard KeystoneToken.isPossible(text) else { return nil }
        // An expired token is one thing for services, and nothing for others.
        let digest = Digest.sha256(of: text) + (mayHaveExpired ? " expired" : "")
        if let token = known[digest] { return mayHaveExpired || !token.hasExpired ? token : nil }
        if unknown[digest] != nil { return nil }
        // Round the flight: those who wait for somebody else's question wait too.
        return try bulkhead.run(orElse: .overloaded("The identity service")) { () throws(Fault) in
            try askedFor(digest, text, mayHaveExpired: mayHaveExpired)
        }
    }

    private func askedFor(_ digest: String, _ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        let result = validations.run(digest) { () -> Result<KeystoneToken?, Fault> in
            if let token = known[digest] { return .success(token) }
            if unknown[digest] != nil { return .success(nil) }
            do throws(Fault) {
                let token = try validate(text, mayHaveExpired: mayHaveExpired)
                if let token {
                    known.keep(token, for: digest, life: mayHaveExpired ? .infinity : token.expiresAt - wallSeconds())
                } else {
                    unknown.keep((), for: digest)
                }
                return .success(token)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func validate(_ text: String, mayHaveExpired: Bool) throws(Fault) -> KeystoneToken? {
        let reply = try session.get(
            "/auth/tokens?nocatalog" + (mayHaveExpired ? "&allow_expired=1" : ""),
            // Without the second Keystone keeps tokens with access rules from those who might not look at these.
            headers: [("X-Subject-Token", text), ("OpenStack-Identity-Access-Rules", "1")])
        switch reply.status {
        case 200:
            guard let token = KeystoneToken(reply.body) else { throw .keystone("it tells of a token in words that make no sense") }
            return mayHaveExpired || !token.hasExpired ? token : nil
        // In Keystone's own words: a web server in its place says so too, of any address.
        case 404 where (try? JSON(parsing: reply.body))?.object?["error"] != nil: return nil
        default: throw .keystone("it answers \(reply.status) when asked for a token; may the service's user do that?")
        }
    }
}

extension KeystoneTokens: HealthProbe {
    package var healthName: String { session.healthName }
    package func checkHealth() throws(Fault) { try session.checkHealth() }
}
