package import Domain

/// Everybody is an administrator of one project: for a laboratory, or behind something that lets nobody else in.
package struct NoIdentity: Authenticator {
    private let everybody: Caller
    private let isForAnyHost: Bool

    /// - Parameters:
    ///   - project: the owner of what is created.
    ///   - isForAnyHost: whether clients of other hosts are let in too.
    package init(project: String, isForAnyHost: Bool) {
        everybody = Caller(user: nil, project: project, roles: Roles.implied(by: ["admin"]), isAdmin: true)
        self.isForAnyHost = isForAnyHost
    }

    package func caller(for credentials: Credentials) throws(Fault) -> Caller {
        guard isForAnyHost || credentials.isFromThisHost else {
            throw Fault(.forbidden, "This image service asks nobody who he is, and so answers clients of its own host alone.")
        }
        return everybody
    }
}

/// Everybody is nobody, as in Glance without a flavor: he may do what the rules let somebody do who has no project and no role.
package struct AnonymousIdentity: Authenticator {
    package init() {}

    package var knowsNobody: Bool { true }

    package func caller(for credentials: Credentials) -> Caller { Caller(user: nil, project: nil, roles: [], isAdmin: false) }
}
