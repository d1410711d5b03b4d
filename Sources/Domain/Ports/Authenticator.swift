/// Tells who sent a request.
package protocol Authenticator: Sendable {
    /// - Throws: `.unauthenticated` for nobody we know, `.unavailable` when it cannot be found out now.
    func caller(for credentials: Credentials) throws(Fault) -> Caller

    /// What `WWW-Authenticate` says to those we do not know.
    var challenge: String { get }

    /// Whether every caller is nobody: there is no way of saying who one is.
    var knowsNobody: Bool { get }
}

extension Authenticator {
    package var challenge: String { "Token" }
    package var knowsNobody: Bool { false }
}

/// What a request says of its sender.
package struct Credentials: Sendable {
    /// Of `X-Auth-Token`; nil when there was none.
    package var token: String?
    /// Of `X-Service-Token`: of a service that sends on what the token's owner wants.
    package var serviceToken: String?
    /// What is wanted, for a token that may be used for some things alone.
    package var method = ""
    package var path = ""
    /// Whether the client is on this very host: a loopback address, and no proxy in between that says so.
    package var isFromThisHost = false
    /// What a service of ours says that it has found out, which only its secret makes believable.
    package var forwarded = ForwardedIdentity()

    package init(token: String?) { self.token = token }

    package struct ForwardedIdentity: Sendable {
        package var secret: String?
        package var isConfirmed = false
        /// Nil where it is not said, and the roles tell.
        package var standing: Caller.Standing?
        package var user: String?
        package var project: String?
        /// With commas between.
        package var roles: String?

        package init() {}
    }
}
