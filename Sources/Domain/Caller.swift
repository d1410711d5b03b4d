/// Who asks, as an identity service forwarded for it.
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
    package private(set) var isAdmin: Bool
    /// What he is, also while he wants to see no more than a user sees.
    package private(set) var standing: Standing
    /// What the identity service says of him besides, by the names that rules have for it.
    package var particulars: [String: String] = [:]
    /// By which he came in, where it opens other services of the cloud as well.
    package var token: CallerToken?

    /// What his roles hold for.
    package enum Scope: Sendable {
        /// A project, or nothing at all.
        case project
        /// A domain or the whole cloud, by which nothing of this service is judged: every rule is false.
        case other
    }

    /// What a caller is before any rule. The API tells its registry so, and the registry asks no rule of its own about it.
    package enum Standing: String, Sendable {
        /// This service itself, for what was judged before or is nobody's request.
        case service
        /// An administrator of the cloud.
        case admin
        /// Somebody of a project, or nobody at all.
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

    /// Whether an image is his to change, whatever the rules of a site let him do besides: his project owns it, or he is an
    /// administrator. An image without an owner is the administrators'.
    package func mayChange(_ image: Image) -> Bool { isAdmin || owns(image) }

    /// Whether he is a service of the cloud, or one asks for him. Such services put locations into images of any project.
    package var isCloudService: Bool { roles.contains("service") || serviceRoles.contains("service") }

    /// The same without the sight of an administrator.
    package var asUser: Caller {
        var user = self
        user.isAdmin = false
        return user
    }

    /// The service itself, for what was judged before or is nobody's request.
    package static let service: Caller = {
        var service = Caller(user: nil, project: nil, roles: [], isAdmin: true)
        service.standing = .service
        return service
    }()
}

/// What lets its owner into the services of a cloud. It does not say itself in logs.
package struct CallerToken: Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "a token" }
}
