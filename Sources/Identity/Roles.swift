/// Roles that imply others, as in Keystone's default configuration. A Keystone token lists all of them; a token file need not.
enum Roles {
    private static let implied: [String: [String]] = [
        "admin": ["manager", "member", "reader"], "manager": ["member", "reader"], "member": ["reader"],
    ]

    static func implied(by roles: some Sequence<String>) -> Set<String> {
        Set(roles.map { $0.lowercased() }.flatMap { [$0] + (implied[$0] ?? []) })
    }
}
