/// The rules by name, as `policy.yaml` has them.
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
    case deactivate
    case reactivate
}

extension PolicyRule {
    /// Who may do what when no file says otherwise. Source: spec policy-and-auth §4, the defaults of Glance head.
    // swift-format-ignore
    static let defaults: [PolicyRule: Check] = {
        let admin = Check.rule(.contextIsAdmin)
        let owner = Check.project(is: "project_id")
        let member = Check.project(is: "member_id")
        let viewer = owner || member || .target("visibility", is: "community") || .target("visibility", is: "public")
            || .target("visibility", is: "shared")
        return [
            .contextIsAdmin:   .role("admin"),
            .addImage:         admin || (.role("member") && owner && .project(is: "owner")),
            .getImages:        admin || (.role("reader") && owner),
            .getImage:         admin || (.role("reader") && viewer),
            .modifyImage:      admin || (.role("member") && owner),
            .deleteImage:      admin || (.role("member") && owner),
            .publicizeImage:   admin,
            .communitizeImage: admin || (.role("member") && owner),
            .uploadImage:      admin || (.role("member") && owner),
            .downloadImage:    admin || (.role("member") && viewer),
            .getImageLocation: admin || (.role("reader") && owner),
            .addMember:        admin || (.role("member") && owner),
            .deleteMember:     admin || (.role("member") && owner),
            .getMember:        admin || (.role("reader") && (owner || member)),
            .getMembers:       admin || (.role("reader") && (owner || member)),
            .modifyMember:     admin || (.role("member") && member),
            .deactivate:       admin || (.role("member") && owner),
            .reactivate:       admin || (.role("member") && owner),
        ]
    }()
}
