package import Domain
internal import Logging

extension ImageService {
    /// Changes an image's record as V1 does: what is named, and the custom properties as a whole where they are purged.
    ///
    /// - Parameter further: what else becomes of the image in the same step.
    /// - Throws: what `ImageMeta.apply` throws; `.forbidden` for a change that the caller may not make; `.tooLarge` past a quota.
    package func revise(
        _ id: ImageID, to meta: ImageMeta, purging: Bool, by caller: Caller,
        _ further: (inout Image) throws(Fault) -> Void = { _ throws(Fault) in }
    ) throws(Fault) -> Image {
        try images.update(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.modifyImage, on: image, by: caller)
            if meta.isPublic == true, image.visibility != .public { try policy.require(.publicizeImage, on: image, by: caller) }
            try meta.apply(to: &image, by: caller, purging: purging)
            try limits.check(properties: image.properties)
            try further(&image)
        }
    }

    /// Takes back an image that was just made and whose data never began to come. Whatever else has become of it, it stays.
    package func withdraw(_ id: ImageID, by caller: Caller) {
        do throws(Fault) {
            _ = try images.delete(id, visibleTo: caller) { image throws(Fault) in
                guard image.status == .queued else { throw Fault(.conflict, "The image is \(image.status.rawValue).") }
            }
        } catch {
            guard error.kind != .conflict else { return }
            logger.warning("image \(id), which got no data, stays queued: \(error)")
        }
    }

    /// What is known of an image, to administrators also when it is deleted.
    package func record(of id: ImageID, for caller: Caller) throws(Fault) -> Image {
        let image = try images.recordedImage(id, visibleTo: caller)
        try policy.require(.getImage, on: image, by: caller)
        return image
    }
}
