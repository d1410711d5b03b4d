package import Domain
internal import Text

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
        let roles = Set((forwarded.roles ?? "").utf8.split(separator: UInt8(ascii: ",")).map { Self.role(String(Substring($0))) })
        let isAdmin = forwarded.standing.map { $0 == .admin } ?? policy.current.makesAdmin(roles: roles)
        return Caller(user: forwarded.user, project: forwarded.project, roles: roles, isAdmin: isAdmin)
    }

    /// The name of a role in lower case, without blanks. Plain names are not looked up in Unicode's tables, which takes longer than all else
    /// here.
    private static func role(_ name: String) -> String {
        (name.allBytes { 0x21...0x7E ~= $0 } ? name : name.filter { !$0.isWhitespace }).lowercased()
    }

    /// Compares in constant time for texts of the secret's length.
    private func isSecret(_ given: String?) -> Bool {
        guard let given, !secret.isEmpty, given.utf8.count == secret.count else { return false }
        return zip(given.utf8, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
