/// The person or service that sends a request, as the identity service describes them.
package struct Caller: Sendable {
    package let user: String?
    /// The project that owns what the caller creates.
    package let project: String?
    /// The caller's roles in lower case, with the roles that these imply.
    package let roles: Set<String>
    /// The roles of the service that forwards the request, if one does, in their own case.
    package let serviceRoles: Set<String>
    package let scope: Scope
    /// Whether the rule `context_is_admin` holds: administrators see and change the images of every project.
    package private(set) var isAdmin: Bool
    /// The caller's rank. It stays the same while an administrator asks to see only what a user sees.
    package private(set) var standing: Standing
    /// Further attributes from the identity service, by the names that policy rules use for them.
    package var particulars: [String: String] = [:]
    /// The token of the request, where it opens other services of the cloud as well.
    package var token: CallerToken?

    /// What the caller's roles apply to.
    package enum Scope: Sendable {
        /// A project, or nothing at all.
        case project
        /// A domain or the whole cloud. This service judges nothing by it: every rule is false.
        case other
    }

    /// The rank of a caller before any rule. The API sends it to its registry, which asks no rule of its own about it.
    package enum Standing: String, Sendable {
        /// This service itself, for what was judged before or belongs to no request.
        case service
        /// An administrator of the cloud.
        case admin
        /// Somebody of a project, or an anonymous caller.
        case project
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
        standing = isAdmin ? .admin : .project
    }

    /// The names in `particulars`.
    package static let particulars = [
        "user_domain_id", "project_domain_id", "domain_id", "system_scope", "is_admin_project", "service_user_id", "service_user_domain_id",
        "service_project_id", "service_project_domain_id",
    ]

    package func owns(_ image: Image) -> Bool {
        image.owner != nil && image.owner == project
    }

    /// Whether the caller's project owns the image or the caller is an administrator. A site's rules cannot replace this.
    /// An image without an owner belongs to the administrators.
    package func mayChange(_ image: Image) -> Bool { isAdmin || owns(image) }

    /// Whether the caller is a service of the cloud, or one asks for them. Such services add locations to images of any project.
    package var isCloudService: Bool { roles.contains("service") || serviceRoles.contains("service") }

    /// The same caller without an administrator's view.
    package var asUser: Caller {
        var user = self
        user.isAdmin = false
        return user
    }

    /// The service itself, for what was judged before or belongs to no request.
    package static let service = service(for: Author(project: nil, user: nil))

    /// The service itself, which works for somebody.
    package static func service(for author: Author) -> Caller {
        var service = Caller(user: author.user, project: author.project, roles: [], isAdmin: true)
        service.standing = .service
        return service
    }
}

/// A token that opens the services of a cloud to its owner. Its description for logs does not contain it.
package struct CallerToken: Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "a token" }
}
