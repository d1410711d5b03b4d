package import Domain

/// An authenticator for which every caller is an administrator of one project: for a test installation, or behind a proxy that
/// authenticates.
package struct NoIdentity: Authenticator {
    private let everybody: Caller
    private let isForAnyHost: Bool

    /// Makes an authenticator.
    ///
    /// - Parameters:
    ///   - project: the owner of created images.
    ///   - isForAnyHost: whether clients of other hosts are accepted too.
    package init(project: String, isForAnyHost: Bool) {
        everybody = Caller(user: nil, project: project, roles: Roles.implied(by: ["admin"]), isAdmin: true)
        self.isForAnyHost = isForAnyHost
    }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        guard isForAnyHost || credentials.isFromThisHost else {
            throw Fault(.forbidden, "This image service does not authenticate callers, and so answers only clients of its own host.")
        }
        return everybody
    }
}

/// An authenticator for which every caller is anonymous, as in Glance without a flavor: they may do what the policy allows without a
/// project and a role.
package struct AnonymousIdentity: Authenticator {
    /// Makes one.
    package init() {}

    package var knowsNobody: Bool { true }

    package func caller(for credentials: Credentials) -> Caller { Caller(user: nil, project: nil, roles: [], isAdmin: false) }
}
