/// Who asks, as an identity service vouched for it.
package struct Caller: Sendable {
    package let user: String?
    /// The project that what he creates belongs to.
    package let project: String?
    /// In lower case. Roles that others imply are listed too.
    package let roles: Set<String>
    /// By the rule `context_is_admin`: sees and changes the images of every project.
    package let isAdmin: Bool

    package init(user: String?, project: String?, roles: Set<String>, isAdmin: Bool) {
        self.user = user
        self.project = project
        self.roles = roles
        self.isAdmin = isAdmin
    }

    package func owns(_ image: Image) -> Bool {
        image.owner != nil && image.owner == project
    }

    /// The service itself, for what was judged before or is nobody's request.
    package static let service = Caller(user: nil, project: nil, roles: ["admin"], isAdmin: true)
}
