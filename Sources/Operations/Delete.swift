package import Domain
internal import Logging

extension ImageService {
    /// Deletes an image. The record goes first, then the bytes; what is left of them when that fails is still owed, and
    /// `glance-tasks` removes it.
    ///
    /// - Throws: `.forbidden` for a protected image, and for one whose deletion is under way; `.conflict` for one whose bytes the
    ///   service cannot remove as it is configured: nothing is deleted then, so that no bytes are left that nothing tells of.
    package func delete(_ id: ImageID, by caller: Caller) throws(Fault) {
        // The client may write it in another case than the record has it, by which files are called.
        var (recorded, isStaged) = (id, false)
        let owed = try images.delete(id, visibleTo: caller) { image throws(Fault) in
            (recorded, isStaged) = (image.id, image.status == .uploading || image.status == .importing)
            try policy.require(.deleteImage, on: image, by: caller)
            guard !image.isProtected else {
                throw Fault(.forbidden, "Image \(id) is protected and cannot be deleted.")
            }
            guard image.status != .pendingDelete else {
                throw Fault(.forbidden, "Image \(id) is being deleted already.")
            }
            guard image.status.mayBecome(.deleted) else {
                throw Fault(.invalid, "Image \(id) cannot be deleted in status \(image.status.rawValue).")
            }
            for location in image.locations { try stores.checkRemovable(location) }
        }
        carryOut(owed)
        cache?.drop(recorded)
        if isStaged { unstage(recorded) }
    }

    /// Removes bytes that are owed.
    package func carryOut(_ owed: [OwedRemoval]) {
        for removal in owed { removals.carryOut(removal, in: stores, logger) }
    }

    /// Removes bytes that nobody imports any more. Of an image that is queued again they may be others by now, which stay.
    package func unstage(_ id: ImageID) {
        do throws(Fault) {
            try staging.remove(id) { () throws(Fault) in try !isStaged(id) }
        } catch {
            logger.warning("staged data of image \(id) stay until they are swept: \(error)")
        }
    }
    private func isStaged(_ id: ImageID) throws(Fault) -> Bool {
        do throws(Fault) {
            return try [.uploading, .importing].contains(images.image(id, visibleTo: .service).status)
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }
}
