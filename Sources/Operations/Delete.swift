package import Domain
internal import Logging

extension ImageService {
    /// Deletes an image. The record goes first, then the bytes; what is left of them when that fails is still owed, and
    /// `glance-tasks` removes it.
    ///
    /// - Throws: `.forbidden` for a protected image.
    package func delete(_ id: ImageID, by caller: Caller) throws(Fault) {
        let owed = try images.delete(id, visibleTo: caller) { image throws(Fault) in
            try policy.require(.deleteImage, on: image, by: caller)
            guard !image.isProtected else {
                throw Fault(.forbidden, "Image \(id) is protected and cannot be deleted.")
            }
            guard image.status.mayBecome(.deleted) else {
                throw Fault(.invalid, "Image \(id) cannot be deleted in status \(image.status.rawValue).")
            }
        }
        for removal in owed { remove(removal) }
    }

    /// Removes bytes that are owed; a failure is logged, and the debt stays.
    func remove(_ removal: OwedRemoval) {
        do throws(Fault) {
            try store.remove(removal.url)
            try removals.settle(removal)
        } catch {
            logger.warning("bytes of image \(removal.image) stay until a later try: \(error)")
        }
    }
}
