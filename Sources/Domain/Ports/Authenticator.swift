/// Tells who sent a request.
package protocol Authenticator: Sendable {
    /// - Parameter token: of `X-Auth-Token`; nil when there was none.
    /// - Throws: `.unauthenticated` for nobody we know, `.unavailable` when it cannot be found out now.
    func caller(for token: String?) throws(Fault) -> Caller
}
