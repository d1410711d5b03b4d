/// Tells who sent a request.
package protocol Authenticator: Sendable {
    /// - Throws: `.unauthenticated` for nobody we know, `.unavailable` when it cannot be found out now.
    func caller(for credentials: Credentials) throws(Fault) -> Caller
}

/// What a request says of its sender.
package struct Credentials: Sendable {
    /// Of `X-Auth-Token`; nil when there was none.
    package var token: String?
    /// What a service of ours says that it has found out, which only its secret makes believable.
    package var vouched = Vouched()

    package init(token: String?) { self.token = token }

    package struct Vouched: Sendable {
        package var secret: String?
        package var isConfirmed = false
        package var user: String?
        package var project: String?
        /// With commas between.
        package var roles: String?

        package init() {}
    }
}
