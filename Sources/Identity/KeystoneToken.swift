internal import Domain
internal import JSONDocument
internal import Text
internal import Threading

/// Keystone's description of a token.
struct KeystoneToken: Sendable {
    let user: String
    /// Nil for a token without a project.
    let project: String?
    let scope: Caller.Scope
    /// The roles as Keystone writes them.
    let roleNames: Set<String>
    /// The roles in lower case, as Glance compares them; none unless the scope is a project.
    let roles: Set<String>
    /// The domains of user and project.
    let userDomain, projectDomain: String?
    /// Whether the project is the admin project; true when Keystone does not say.
    let isAdminProject: Bool
    /// The end, in seconds of the monotonic clock, so that a difference between Keystone's clock and this one does not matter.
    let endsAt: Double
    /// Nil when the token may be used for everything.
    let accessRules: [AccessRule]?

    /// The largest size of a token in bytes. Keystone's own have some hundred; web servers accept header lines of 8 KiB.
    static let longest = 8000

    /// Whether a text can be a token, and so can be sent in a header unchanged.
    static func isPossible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longest && text.allBytes { 0x21...0x7E ~= $0 }
    }

    /// - Parameters:
    ///   - body: the body of the answer to `GET /v3/auth/tokens`.
    ///   - clockLead: seconds by which Keystone's clock, in seconds since 1970, is ahead of the monotonic one.
    /// - Returns: nil when it describes no token.
    init?(_ body: [UInt8], clockLead: Double) {
        guard let token = (try? JSON(parsing: body))?.object?["token"]?.object,
            let user = token["user"]?.object?["id"]?.string, !user.isEmpty,
            let expires = token["expires_at"]?.string.flatMap(epoch)
        else { return nil }
        self.user = user
        endsAt = expires - clockLead
        project = token["project"]?.object?["id"]?.string
        userDomain = token["user"]?.object?["domain"]?.object?["id"]?.string
        projectDomain = token["project"]?.object?["domain"]?.object?["id"]?.string
        isAdminProject = token["is_admin_project"]?.bool ?? true
        scope = token["domain"] != nil || token["system"] != nil ? .other : .project
        roleNames = Set((token["roles"]?.array ?? []).compactMap { $0.object?["name"]?.string })
        roles = scope == .project ? Set(roleNames.map { $0.lowercased() }) : []
        guard let rules = token["application_credential"]?.object?["access_rules"], rules != .null else {
            accessRules = nil
            return
        }
        // A rule that cannot be read allows nothing.
        accessRules = (rules.array ?? []).compactMap { AccessRule($0) }
    }

    /// Further attributes of the token's owner, for policy checks.
    var particulars: [String: String] {
        var particulars = ["is_admin_project": isAdminProject ? "True" : "False"]
        particulars["user_domain_id"] = userDomain
        particulars["project_domain_id"] = projectDomain
        return particulars
    }

    /// Further attributes of a forwarding service, for policy checks.
    var particularsOfService: [String: String] {
        var particulars = ["service_user_id": user]
        particulars["service_project_id"] = project
        particulars["service_user_domain_id"] = userDomain
        particulars["service_project_domain_id"] = projectDomain
        return particulars
    }

    var hasExpired: Bool { monotonicSeconds() >= endsAt }
}

/// Parses a time such as `2026-11-24T12:41:30.000000Z` to seconds since 1970; fractions of a second are ignored.
func epoch(_ text: String) -> Double? {
    guard text.utf8.count >= 20, text.utf8.last == UInt8(ascii: "Z") else { return nil }
    return CivilTime(prefixOf: text).map { Double($0.seconds) }
}
