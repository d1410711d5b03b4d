package import Domain

/// Authentication of the registry: accepts the identity that `glance-api` forwards with the installation's secret.
package struct TrustedHeaders: Authenticator {
    private let secret: [UInt8]
    private let policy: any PolicySource

    /// Makes an authenticator.
    package init(secret: String, policy: any PolicySource) {
        self.secret = Array(secret.utf8)
        self.policy = policy
    }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        let forwarded = credentials.forwarded
        guard isSecret(forwarded.secret), forwarded.isConfirmed else { throw Fault(.unauthenticated, "Authentication required") }
        if forwarded.standing == .service { return .service(for: Author(project: forwarded.project, user: forwarded.user)) }
        let roles = Set((forwarded.roles ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace }.lowercased() })
        let isAdmin = forwarded.standing.map { $0 == .admin } ?? policy.current.makesAdmin(roles: roles)
        return Caller(user: forwarded.user, project: forwarded.project, roles: roles, isAdmin: isAdmin)
    }

    /// Compares in constant time for texts of the secret's length.
    private func isSecret(_ given: String?) -> Bool {
        guard let given, !secret.isEmpty, given.utf8.count == secret.count else { return false }
        return zip(given.utf8, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
