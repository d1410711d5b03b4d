package import Domain

extension ImageService {
    /// Creates a queued image.
    ///
    /// - Parameters:
    ///   - bytes: the size of the data that it will get, as far as it is known. The image is not created if they exceed the quota.
    ///   - rules: further rules, for the way by which the data comes.
    /// - Throws: `.conflict` when an image has or had the id; `.forbidden` for an image of another project, for one without an owner unless
    ///   the caller is an administrator, and for a visibility or a property that the caller may not set; `.tooLarge` past a quota.
    package func create(
        _ draft: ImageDraft, bringing bytes: Int64 = 0, asking rules: [PolicyRule] = [], by caller: Caller
    ) throws(Fault) -> Image {
        readable(try insert(draft, bringing: bytes, asking: rules, by: caller), by: caller)
    }

    /// Creates a queued image. The result includes properties that the caller may not read.
    func insert(
        _ draft: ImageDraft, bringing bytes: Int64, asking rules: [PolicyRule], by caller: Caller
    ) throws(Fault) -> Image {
        try checkMayCreate(draft, asking: rules, by: caller)
        try limits.check(properties: draft.properties)
        try limits.check(tags: draft.tags)
        return try images.insert(draft, claiming: try claim(for: draft.owner, images: 1, bytes: bytes))
    }

    /// Checks whether a caller may create an image, before anything is asked over the network.
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
    /// The rule that setting this visibility needs; nil when the owner may set it.
    var rule: PolicyRule? {
        switch self {
        case .public: .publicizeImage
        case .community: .communitizeImage
        case .private, .shared: nil
        }
    }
}
