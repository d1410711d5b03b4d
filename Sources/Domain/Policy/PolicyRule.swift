/// The rules that this service asks, by name, as `policy.yaml` has them.
package enum PolicyRule: String, Sendable, CaseIterable {
    case contextIsAdmin = "context_is_admin"
    case addImage = "add_image"
    case getImages = "get_images"
    case getImage = "get_image"
    case modifyImage = "modify_image"
    case deleteImage = "delete_image"
    case publicizeImage = "publicize_image"
    case communitizeImage = "communitize_image"
    case uploadImage = "upload_image"
    case downloadImage = "download_image"
    case getImageLocation = "get_image_location"
    case addMember = "add_member"
    case deleteMember = "delete_member"
    case getMember = "get_member"
    case getMembers = "get_members"
    case modifyMember = "modify_member"
    /// V1's fetching from elsewhere.
    case copyFrom = "copy_from"
    case deactivate
    case reactivate
}

extension PolicyRule {
    /// Who may do what when no file says otherwise. Source: spec policy-and-auth §4, the defaults of Glance head.
    // swift-format-ignore
    package static let defaults: [String: String] = {
        let admin = "rule:context_is_admin"
        let owner = "project_id:%(project_id)s"
        let member = "project_id:%(member_id)s"
        let viewer = "\(owner) or \(member) or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s"
        let changes = "\(admin) or (role:member and \(owner))"
        let rules: [PolicyRule: String] = [
            .contextIsAdmin:   "role:admin",
            .addImage:         "\(admin) or (role:member and \(owner) and project_id:%(owner)s)",
            .getImages:        "\(admin) or (role:reader and \(owner))",
            .getImage:         "\(admin) or (role:reader and (\(viewer)))",
            .modifyImage:      changes,
            .deleteImage:      changes,
            .publicizeImage:   admin,
            .communitizeImage: changes,
            .uploadImage:      changes,
            .copyFrom:         changes,
            .downloadImage:    "\(admin) or (role:member and (\(viewer)))",
            .getImageLocation: "\(admin) or (role:reader and \(owner))",
            .addMember:        changes,
            .deleteMember:     changes,
            .getMember:        "\(admin) or (role:reader and (\(owner) or \(member)))",
            .getMembers:       "\(admin) or (role:reader and (\(owner) or \(member)))",
            .modifyMember:     "\(admin) or (role:member and \(member))",
            .deactivate:       changes,
            .reactivate:       changes,
        ]
        var named = Dictionary(uniqueKeysWithValues: rules.map { ($0.rawValue, $1) })
        named["default"] = ""
        named["service_api"] = "role:service or role:admin"
        return named
    }()

    /// The same with what `enforce_new_defaults = false` leaves of them: who owns is asked, roles but the administrator's are not.
    package static let oldDefaults: [String: String] = defaults.mapValues {
        $0.replacing("role:member and ", with: "").replacing("role:reader and ", with: "")
    }
}
