package import Domain

extension ImageService {
    /// Makes a queued image.
    ///
    /// - Parameters:
    ///   - bytes: that it will bring, as far as that is known. Where there is no room for them it is not made.
    ///   - rules: about the way that they come by.
    /// - Throws: `.conflict` when an image ever had the id, `.forbidden` for another project's image, for nobody's but an
    ///   administrator's, and for a visibility or a property that the caller may not give, `.tooLarge` past a quota.
    package func create(
        _ draft: ImageDraft, bringing bytes: Int64 = 0, asking rules: [PolicyRule] = [], by caller: Caller
    ) throws(Fault) -> Image {
        readable(try insert(draft, bringing: bytes, asking: rules, by: caller), by: caller)
    }

    /// The same. The image comes with what the caller may not read of it.
    func insert(
        _ draft: ImageDraft, bringing bytes: Int64, asking rules: [PolicyRule], by caller: Caller
    ) throws(Fault) -> Image {
        try checkMayCreate(draft, asking: rules, by: caller)
        try limits.check(properties: draft.properties)
        try limits.check(tags: draft.tags)
        return try images.insert(draft, claiming: try claim(for: draft.owner, images: 1, bytes: bytes))
    }

    /// Asks whether a caller may make an image, before anybody is asked over the network.
    ///
    /// - Throws: `.forbidden`.
    package func checkMayCreate(_ draft: ImageDraft, asking rules: [PolicyRule], by caller: Caller) throws(Fault) {
        var target: [String: String] = ["visibility": draft.visibility.rawValue]
        target["project_id"] = caller.project
        target["owner"] = draft.owner
        guard caller.isAdmin || draft.owner != nil && draft.owner == caller.project else {
            throw Fault(.forbidden, "You are not permitted to create images owned by '\(draft.owner ?? "nobody")'.")
        }
        for rule in [.addImage] + rules { try policy.require(rule, on: AttributeTarget(target), by: caller) }
        try Image.refuseMarks(in: draft.properties.map(\.name))
        if let rule = draft.visibility.rule { try policy.require(rule, on: AttributeTarget(target), by: caller) }
        if let rights = propertyRights(of: caller) {
            for property in draft.properties { try rights.require(.create, property.name) }
        }
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
