internal import JSONDocument

/// The attributes of a caller in rules. Source: oslo.context, `to_policy_values`, with the older names that policy files of Queens use.
extension Caller {
    /// - Returns: nil if it cannot be decided whether a caller without a project matches a target without an owner.
    func policyAttribute(_ name: String, is wanted: Check.Pattern.Filled) -> Bool? {
        switch name {
        case "roles": roles.contains(wanted.text)
        case "service_roles": serviceRoles.contains(wanted.text)
        case "user_id", "user": isSame(user, wanted)
        case "project_id", "tenant", "tenant_id": isSame(project, wanted)
        case "is_admin": wanted.text.isSame(as: isAdmin ? "True" : "False")
        case "is_admin_project": wanted.text.isSame(as: particulars[name] ?? "True")
        default: Self.particulars.contains(name) ? isSame(particulars[name], wanted) : false
        }
    }

    /// An attribute that the caller does not have is Python's `None`.
    private func isSame(_ own: String?, _ wanted: Check.Pattern.Filled) -> Bool? {
        guard wanted.text.isSame(as: own ?? "None") else { return false }
        return wanted.holdsNothing || own == nil && wanted.isOfTarget ? nil : true
    }

    /// All attributes, for servers that rules ask.
    var policyAttributes: JSONObject {
        func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
        var object: JSONObject = [
            "user_id": text(user), "project_id": text(project), "roles": .array(roles.sorted().map { .string($0) }),
            "service_roles": .array(serviceRoles.sorted().map { .string($0) }),
            "is_admin_project": .bool(particulars["is_admin_project"] != "False"),
        ]
        for name in Self.particulars where name != "is_admin_project" { object[name] = text(particulars[name]) }
        return object
    }
}
