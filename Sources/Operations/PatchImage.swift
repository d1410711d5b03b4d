package import Domain
internal import JSONDocument

extension ImageService {
    /// Applies changes to an image's record, all or none. An empty list of changes is allowed to everybody who sees the image.
    ///
    /// - Throws: what `ImageChange.apply` throws; `.forbidden` for a change that the caller may not make; `.tooLarge` past a quota.
    package func update(_ id: ImageID, _ changes: [ImageChange], by caller: Caller) throws(Fault) -> Image {
        if changes.isEmpty { return try show(id, to: caller) }
        let image = try images.update(id, visibleTo: caller) { image throws(Fault) in try make(changes, of: &image, by: caller) }
        return readable(image, by: caller)
    }

    /// Applies changes to an image in memory, without saving it.
    func make(
        _ changes: [ImageChange], of image: inout Image, by caller: Caller,
        placing: (LocationChange, inout Image) throws(Fault) -> Void = ImageChange.placeNothing
    ) throws(Fault) {
        let before = image
        let rights = propertyRights(of: caller)
        var mayModify = false
        for change in changes {
            // As in Glance, this check comes first, and also when the image has this visibility already.
            if case .visibility(let visibility) = change, let rule = visibility.rule {
                try policy.require(rule, onVisible: image, by: caller)
            }
            if !change.isOfLocations, !mayModify {
                try policy.require(.modifyImage, on: before, by: caller)
                mayModify = true
            }
            try check(change, on: image, by: caller)
            let change = try rights.map { (rights) throws(Fault) in try change.permitted(by: rights, on: image) } ?? change
            try change.apply(to: &image, placing: placing)
        }
        try image.checkSignature(since: before)
        let isNamedAnew = image.properties.contains { before[property: $0.name] == nil }
        if isNamedAnew { try limits.check(properties: image.properties, before: before.properties) }
        if !image.tags.elementsEqual(before.tags, by: { $0.isSame(as: $1) }) { try limits.check(tags: image.tags, before: before.tags) }
    }

    /// Adds a tag to an image. A second call does nothing.
    package func tag(_ id: ImageID, _ tag: String, by caller: Caller) throws(Fault) {
        _ = try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            guard !image.tags.has(tag) else { return }
            let before = image.tags
            image.tags.append(tag)
            try limits.check(tags: image.tags, before: before)
        }
    }

    /// Removes a tag from an image.
    ///
    /// - Throws: `.notFound` when the image does not have the tag.
    package func untag(_ id: ImageID, _ tag: String, by caller: Caller) throws(Fault) {
        _ = try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            guard image.tags.has(tag) else { throw Fault(.notFound, "Image \(id) has no tag '\(tag)'.") }
            image.tags.removeAll { $0.isSame(as: tag) }
        }
    }

    private func check(_ change: ImageChange, on image: Image, by caller: Caller) throws(Fault) {
        switch change {
        case .owner where !caller.isAdmin:
            throw Fault(.forbidden, "Owner can't be updated by non admin.")
        default: break
        }
    }
}

extension ImageChange {
    var isOfLocations: Bool { if case .locations = self { true } else { false } }

    /// The change as a caller may make it who cannot see every property: for them, hidden properties do not exist.
    ///
    /// - Throws: `.conflict` for replacing or removing a hidden property, `.forbidden` for a change that the caller may not make.
    fileprivate func permitted(by rights: PropertyRights, on image: Image) throws(Fault) -> ImageChange {
        switch self {
        case .setProperty(let name, _): try rights.requireSetting(name, of: image)
        case .addNewProperty(let name, _) where Image.fieldNames.contains(name) || rights.sees(name, of: image): break
        case .addNewProperty(let name, let value):
            try rights.requireSetting(name, of: image)
            return .setProperty(name, value)
        case .replaceProperty(let name, _):
            guard rights.sees(name, of: image) else { throw .noSuchProperty(name) }
            try rights.require(.update, name)
        case .removeProperty(let name) where !Image.fieldNames.contains(name):
            guard rights.sees(name, of: image) else { throw .noSuchProperty(name) }
            try rights.require(.delete, name)
        default: break
        }
        return self
    }
}
