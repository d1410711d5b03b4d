package import Domain

extension ImageService {
    /// Makes changes to an image's record, all or none. No changes at all are allowed to whoever sees the image.
    ///
    /// - Throws: what `ImageChange.apply` throws; `.forbidden` for a change that the caller may not make; `.tooLarge` past a
    ///   quota.
    package func update(_ id: ImageID, _ changes: [ImageChange], by caller: Caller) throws(Fault) -> Image {
        if changes.isEmpty { return try show(id, to: caller) }
        return try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            let before = image
            for change in changes {
                try check(change, on: image, by: caller)
                try change.apply(to: &image)
            }
            let isNamedAnew = image.properties.contains { before[property: $0.name] == nil }
            if isNamedAnew { try limits.check(properties: image.properties) }
            if image.tags != before.tags { try limits.check(tags: image.tags) }
        }
    }

    /// Gives an image a tag; once more does nothing.
    package func tag(_ id: ImageID, _ tag: String, by caller: Caller) throws(Fault) {
        _ = try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            guard !image.tags.contains(tag) else { return }
            image.tags.append(tag)
            try limits.check(tags: image.tags)
        }
    }

    package func untag(_ id: ImageID, _ tag: String, by caller: Caller) throws(Fault) {
        _ = try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            guard image.tags.contains(tag) else { throw Fault(.notFound, "Image \(id) has no tag '\(tag)'.") }
            image.tags.removeAll { $0 == tag }
        }
    }

    private func check(_ change: ImageChange, on image: Image, by caller: Caller) throws(Fault) {
        switch change {
        case .visibility(let visibility) where visibility != image.visibility:
            if let rule = visibility.rule { try policy.require(rule, on: image, by: caller) }
        case .owner where !caller.isAdmin:
            throw Fault(.forbidden, "Owner can't be updated by non admin.")
        default: break
        }
    }
}
