package import Domain
internal import JSONDocument

extension ImageService {
    /// Changes an image's record as V1 does: what is named, and the custom properties as a whole where they are purged.
    ///
    /// - Parameters:
    ///   - bytes: that the image's owner gets with it, as far as that is known.
    ///   - rules: about the way that they come by.
    ///   - further: what else becomes of the image in the same step.
    /// - Throws: what `V1Fields.apply` throws; `.forbidden` for a change that the caller may not make; `.tooLarge` past a quota.
    package func replaceMetadata(
        _ image: Image, to fields: V1Fields, purging: Bool, bringing bytes: Int64 = 0, asking rules: [PolicyRule] = [], by caller: Caller,
        _ further: (inout Image) throws(Fault) -> Void = { _ throws(Fault) in }
    ) throws(Fault) -> Image {
        readable(
            try replaceRecord(image, to: fields, purging: purging, bringing: bytes, asking: rules, by: caller, further), by: caller)
    }

    /// The same. The image comes with what the caller may not read of it.
    func replaceRecord(
        _ image: Image, to fields: V1Fields, purging: Bool, bringing bytes: Int64, asking rules: [PolicyRule], by caller: Caller,
        _ further: (inout Image) throws(Fault) -> Void
    ) throws(Fault) -> Image {
        let claim = bytes > 0 ? try claim(for: image.owner, bytes: bytes) : nil
        let rights = propertyRights(of: caller)
        return try images.update(image.id, visibleTo: caller, claiming: claim) { image throws(Fault) in
            for rule in [.modifyImage] + rules { try policy.require(rule, on: image, by: caller) }
            if fields.visibility == .public, image.visibility != .public { try policy.require(.publicizeImage, on: image, by: caller) }
            let before = image
            if let rights { try check(fields.properties ?? [], on: image, purging: purging, rights) }
            try fields.apply(to: &image, by: caller, purging: purging)
            try image.checkSignature(since: before)
            if let rights {
                image.properties += before.properties.filter { image[property: $0.name] == nil && !rights.may(.read, $0.name) }
            }
            try limits.check(properties: image.properties, before: before.properties)
            try further(&image)
        }
    }

    /// A V1 client sends back what it was shown, so a value that stays is no change. What it was not shown stays too.
    private func check(_ given: [ImageProperty], on image: Image, purging: Bool, _ rights: PropertyRights) throws(Fault) {
        for property in given {
            let stays = rights.sees(property.name, of: image) && image[property: property.name]?.isSame(as: property.value ?? "") == true
            if !stays { try rights.requireSetting(property.name, of: image) }
        }
        guard purging else { return }
        for property in image.properties where !given.contains(where: { $0.name.isSame(as: property.name) }) {
            if rights.may(.read, property.name) { try rights.require(.delete, property.name) }
        }
    }

    /// Asks whether a caller may change an image so, before anybody is asked over the network.
    ///
    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` otherwise.
    package func checkMayReplaceMetadata(_ image: Image, asking rules: [PolicyRule], by caller: Caller) throws(Fault) {
        for rule in [.modifyImage] + rules { try policy.require(rule, on: image, by: caller) }
    }

    /// What is known of an image, to administrators also when it is deleted.
    package func record(of id: ImageID, for caller: Caller) throws(Fault) -> Image {
        let image = try images.recordedImage(id, visibleTo: caller)
        try policy.require(.getImage, on: image, by: caller)
        return readable(image, by: caller)
    }
}
