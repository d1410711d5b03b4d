package import Domain

/// Everybody is an administrator of one project: for a laboratory, or behind something that lets nobody else in.
package struct NoIdentity: Authenticator {
    private let everybody: Caller

    /// - Parameter project: the owner of what is created.
    package init(project: String) {
        everybody = Caller(user: nil, project: project, roles: Roles.implied(by: ["admin"]), isAdmin: true)
    }

    package func caller(for credentials: Credentials) -> Caller { everybody }
}
