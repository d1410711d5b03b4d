package import Domain

extension ImageService {
    /// Makes a queued image.
    ///
    /// - Throws: `.conflict` when an image ever had the id, `.forbidden` for another project's image or a visibility that the
    ///   caller may not give, `.tooLarge` past a quota.
    package func create(_ draft: ImageDraft, by caller: Caller) throws(Fault) -> Image {
        var target: [String: String] = ["visibility": draft.visibility.rawValue]
        target["project_id"] = caller.project
        target["owner"] = draft.owner
        if draft.owner != caller.project && !caller.isAdmin {
            throw Fault(.forbidden, "You are not permitted to create images owned by '\(draft.owner ?? "nobody")'.")
        }
        try policy.require(.addImage, on: AttributeTarget(target), by: caller)
        if let rule = draft.visibility.rule { try policy.require(rule, on: AttributeTarget(target), by: caller) }
        try limits.check(properties: draft.properties)
        try limits.check(tags: draft.tags)
        return try images.insert(draft)
    }
}

extension Visibility {
    /// Who may give an image this visibility; nil where its owner may.
    var rule: PolicyRule? {
        switch self {
        case .public: .publicizeImage
        case .community: .communitizeImage
        case .private, .shared: nil
        }
    }
}
