package import Domain

extension ImageService {
    /// Makes a queued image.
    ///
    /// - Parameter bytes: that it will bring, as far as that is known. Where there is no room for them it is not made.
    /// - Throws: `.conflict` when an image ever had the id, `.forbidden` for another project's image, and for a visibility or
    ///   a property that the caller may not give, `.tooLarge` past a quota.
    package func create(_ draft: ImageDraft, bringing bytes: Int64 = 0, by caller: Caller) throws(Fault) -> Image {
        var target: [String: String] = ["visibility": draft.visibility.rawValue]
        target["project_id"] = caller.project
        target["owner"] = draft.owner
        if draft.owner != caller.project && !caller.isAdmin {
            throw Fault(.forbidden, "You are not permitted to create images owned by '\(draft.owner ?? "nobody")'.")
        }
        try policy.require(.addImage, on: AttributeTarget(target), by: caller)
        if let rule = draft.visibility.rule { try policy.require(rule, on: AttributeTarget(target), by: caller) }
        if let rights = propertyRights(of: caller) {
            for property in draft.properties { try rights.require(.create, property.name) }
        }
        try limits.check(properties: draft.properties)
        try limits.check(tags: draft.tags)
        let image = try images.insert(draft, claiming: try claim(for: draft.owner, images: 1, bytes: bytes))
        return readable(image, by: caller)
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
