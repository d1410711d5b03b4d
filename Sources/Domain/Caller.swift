/// Who asks, as an identity service vouched for it.
package struct Caller: Sendable {
    package let user: String?
    /// The project that what he creates belongs to.
    package let project: String?
    /// In lower case. Roles that others imply are listed too.
    package let roles: Set<String>
    /// Of the service that sends the request on, when one does; as they are written.
    package let serviceRoles: Set<String>
    package let scope: Scope
    /// By the rule `context_is_admin`: sees and changes the images of every project.
    package let isAdmin: Bool
    /// By which he came in, where it opens other services of the cloud as well.
    package var token: CallerToken?

    /// What his roles hold for.
    package enum Scope: Sendable {
        /// A project, or nothing at all.
        case project
        /// A domain or the whole cloud, by which nothing of this service is judged: every rule is false.
        case other
    }

    package init(
        user: String?, project: String?, roles: Set<String>, serviceRoles: Set<String> = [], scope: Scope = .project, isAdmin: Bool
    ) {
        self.user = user
        self.project = project
        self.roles = roles
        self.serviceRoles = serviceRoles
        self.scope = scope
        self.isAdmin = isAdmin
    }

    package func owns(_ image: Image) -> Bool {
        image.owner != nil && image.owner == project
    }

    /// The service itself, for what was judged before or is nobody's request.
    package static let service = Caller(user: nil, project: nil, roles: ["admin"], isAdmin: true)
}

/// What lets its owner into the services of a cloud. It does not say itself in logs.
package struct CallerToken: Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "a token" }
}
