/// Roles that contain others, as Keystone sets them up. A token of Keystone's lists all; a file of tokens need not.
enum Roles {
    private static let implied: [String: [String]] = [
        "admin": ["manager", "member", "reader"], "manager": ["member", "reader"], "member": ["reader"],
    ]

    static func implied(by roles: some Sequence<String>) -> Set<String> {
        Set(roles.map { $0.lowercased() }.flatMap { [$0] + (implied[$0] ?? []) })
    }
}
