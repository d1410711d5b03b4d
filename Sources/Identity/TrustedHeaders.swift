package import Domain

/// Believes what `glance-api` says of a caller, by a secret that both know. For the registry alone.
package struct TrustedHeaders: Authenticator {
    private let secret: [UInt8]
    private let policy: any PolicySource

    package init(secret: String, policy: any PolicySource) {
        self.secret = Array(secret.utf8)
        self.policy = policy
    }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        let forwarded = credentials.forwarded
        guard isSecret(forwarded.secret), forwarded.isConfirmed else { throw Fault(.unauthenticated, "Authentication required") }
        if forwarded.standing == .service { return .service }
        let roles = Set((forwarded.roles ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace }.lowercased() })
        let isAdmin = forwarded.standing.map { $0 == .admin } ?? policy.current.makesAdmin(roles: roles)
        return Caller(user: forwarded.user, project: forwarded.project, roles: roles, isAdmin: isAdmin)
    }

    /// Takes as long for a guess that begins right as for any other of its length.
    private func isSecret(_ given: String?) -> Bool {
        guard let given, !secret.isEmpty, given.utf8.count == secret.count else { return false }
        return zip(given.utf8, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
