/// Finds out who sent a request.
package protocol Authenticator: Sendable {
    /// Finds the caller of a request.
    ///
    /// - Throws: `.unauthenticated` for an unknown caller, `.unavailable` when the caller cannot be determined now.
    func caller(for credentials: Credentials) throws(Fault) -> Caller

    /// The value of `WWW-Authenticate` in an answer to an unknown caller.
    var challenge: String { get }

    /// Whether every caller is anonymous: this kind of authentication tells callers apart in no way.
    var knowsNobody: Bool { get }
}

extension Authenticator {
    /// The default: a token is asked for.
    package var challenge: String { "Token" }
    /// The default: callers are told apart.
    package var knowsNobody: Bool { false }
}

/// The parts of a request that tell who sent it.
package struct Credentials: Sendable {
    /// The value of `X-Auth-Token`; nil when the header is missing.
    package var token: String?
    /// The value of `X-Service-Token`, from a service that forwards a request of the token's owner; nil when the header is missing.
    package var serviceToken: String?
    /// The method of the request. With the path it decides whether a token with access rules may be used.
    package var method = ""
    /// The path of the request.
    package var path = ""
    /// Whether the client runs on this host: its address is a loopback address, and no proxy reports another client.
    package var isFromThisHost = false
    /// The identity that another service of this installation has determined. It counts only with the installation's secret.
    package var forwarded = ForwardedIdentity()

    /// Makes credentials of a token alone.
    package init(token: String?) { self.token = token }

    /// A caller's identity in the headers of a service that has checked it.
    package struct ForwardedIdentity: Sendable {
        /// The installation's secret; nil when the header is missing.
        package var secret: String?
        /// Whether the forwarding service has confirmed the identity.
        package var isConfirmed = false
        /// The caller's standing; nil when the headers do not give it and the roles decide.
        package var standing: Caller.Standing?
        /// The user's id.
        package var user: String?
        /// The project's id.
        package var project: String?
        /// The caller's roles, separated by commas.
        package var roles: String?

        /// Makes an empty identity.
        package init() {}
    }
}
