internal import Domain
internal import Glibc
internal import JSONDocument
internal import Text

/// What Keystone says of a token.
struct KeystoneToken: Sendable {
    let user: String
    /// Nil for a token of no project.
    let project: String?
    let scope: Caller.Scope
    /// As Keystone writes them.
    let roleNames: Set<String>
    /// In lower case, as Glance compares them; none unless they hold for a project.
    let roles: Set<String>
    /// Of user and project.
    let userDomain, projectDomain: String?
    /// Whether the project is the administrators', where Keystone knows one.
    let isAdminProject: Bool
    /// Seconds since 1970.
    let expiresAt: Double
    /// Nil where it is good for everything.
    let accessRules: [AccessRule]?

    /// Bytes of a token. Keystone's own are some hundred; web servers before it take lines of 8 KiB.
    static let longest = 8000

    /// Whether a text can be a token at all: then it can stand in a header as it is.
    static func isPossible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longest && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }

    /// - Parameter body: of the answer to `GET /v3/auth/tokens`.
    /// - Returns: nil for what tells of no token.
    init?(_ body: [UInt8]) {
        guard let token = (try? JSON(parsing: body))?.object?["token"]?.object,
            let user = token["user"]?.object?["id"]?.string, !user.isEmpty,
            let expires = token["expires_at"]?.string.flatMap(epoch)
        else { return nil }
        self.user = user
        expiresAt = expires
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
        // A rule that makes no sense lets nothing through.
        accessRules = (rules.array ?? []).compactMap { AccessRule($0) }
    }

    /// What rules may ask of its owner besides.
    var particulars: [String: String] {
        var particulars = ["is_admin_project": isAdminProject ? "True" : "False"]
        particulars["user_domain_id"] = userDomain
        particulars["project_domain_id"] = projectDomain
        return particulars
    }

    /// The same of a service that sends on.
    var particularsOfService: [String: String] {
        var particulars = ["service_user_id": user]
        particulars["service_project_id"] = project
        particulars["service_user_domain_id"] = userDomain
        particulars["service_project_domain_id"] = projectDomain
        return particulars
    }

    var hasExpired: Bool { wallSeconds() >= expiresAt }
}

/// Seconds since 1970 of `2026-11-24T12:41:30.000000Z`; parts of a second do not count.
func epoch(_ text: String) -> Double? {
    guard text.utf8.count >= 20, text.utf8.last == UInt8(ascii: "Z") else { return nil }
    return CivilTime(prefixOf: text).map { Double($0.seconds) }
}

func wallSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
