package import Domain
internal import JSONDocument

extension ImageService {
    /// Replaces an image's metadata as V1 does: the named fields are set, and custom properties that are not named are removed if `purging`
    /// is set.
    ///
    /// - Parameters:
    ///   - bytes: the size of the data that will come with it, as far as it is known.
    ///   - rules: further rules, for the way by which the data comes.
    ///   - further: another change of the image in the same transaction.
    /// - Throws: what `V1Fields.apply` throws; `.forbidden` for a change that the caller may not make; `.tooLarge` past a quota.
    package func replaceMetadata(
        _ image: Image, to fields: V1Fields, purging: Bool, bringing bytes: Int64 = 0, asking rules: [PolicyRule] = [], by caller: Caller,
        _ further: (inout Image) throws(Fault) -> Void = { _ throws(Fault) in }
    ) throws(Fault) -> Image {
        readable(
            try replaceRecord(image, to: fields, purging: purging, bringing: bytes, asking: rules, by: caller, further), by: caller)
    }

    /// Replaces metadata. The result includes properties that the caller may not read.
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

    /// A V1 client sends back what it was shown, so an unchanged value is no change. Properties that it was not shown stay too.
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

    /// Checks whether a caller may replace an image's metadata, before anything is asked over the network.
    ///
    /// - Throws: `.notFound` when the caller may not even see the image, `.forbidden` otherwise.
    package func checkMayReplaceMetadata(_ image: Image, asking rules: [PolicyRule], by caller: Caller) throws(Fault) {
        for rule in [.modifyImage] + rules { try policy.require(rule, on: image, by: caller) }
    }

    /// Reads an image's record; for administrators also that of a deleted image.
    package func record(of id: ImageID, for caller: Caller) throws(Fault) -> Image {
        let image = try images.recordedImage(id, visibleTo: caller)
        try policy.require(.getImage, on: image, by: caller)
        return readable(image, by: caller)
    }
}
