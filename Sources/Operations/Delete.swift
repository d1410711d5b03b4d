package import Domain
internal import Logging

extension ImageService {
    /// Deletes an image. The record goes first, then the bytes; what is left of them when that fails is still owed, and
    /// `glance-tasks` removes it.
    ///
    /// - Throws: `.forbidden` for a protected image, and for one whose deletion is under way; `.conflict` for one whose bytes the
    ///   service cannot remove as it is configured: nothing is deleted then, so that no bytes are left that nothing tells of.
    package func delete(_ id: ImageID, by caller: Caller) throws(Fault) {
        try deleteHere(id, by: caller) { _ throws(Fault) in }
    }

    /// The same, by the node that has staged bytes of the image or reads them, where there is one and it answers. Where it does not, the
    /// image is deleted here, and what lies at that node is left to it.
    ///
    /// - Parameter ask: sends the request to a node; throws its refusal, and `.unreachable` or `.misanswered`.
    /// - Returns: what `ask` gave; nil where the image was deleted here.
    ///
    /// Source: Glance, `api/v2/images.py`.
    package func delete<Answer>(
        _ id: ImageID, by caller: Caller, askingItsNode ask: (_ node: String) throws(Fault) -> Answer?
    ) throws(Fault) -> Answer? {
        var node: String?
        do throws(Fault) {
            try deleteHere(id, by: caller) { image throws(Fault) in
                // Only as long as there is something for that node to do: the client's token goes there.
                var marks = [.uploading, .importing].contains(image.status) ? [Image.stageHost] : []
                if image.hash == nil { marks.append(Image.hashHost) }
                node = image.node(by: marks, otherThan: host)
                if node != nil { throw Fault(.conflict, "Another node is to delete image \(id).") }
            }
            return nil
        } catch {
            guard node != nil else { throw error }
        }
        do throws(Fault) {
            return try ask(node ?? "")
        } catch {
            guard error.kind == .unreachable || error.kind == .misanswered || error.isOverload else { throw error }
            logger.warning("image \(id) is deleted here, and what node \(node ?? "") has of it stays there: \(error)")
        }
        try delete(id, by: caller)
        return nil
    }

    /// - Parameter isHere: throws where it is not to be deleted here, though the caller may.
    private func deleteHere(_ id: ImageID, by caller: Caller, if isHere: (Image) throws(Fault) -> Void) throws(Fault) {
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
            // From `deleted` alone nothing leads there: another image service of this database says so first, and takes the record away
            // in a second step.
            guard image.status.mayBecome(.deleted) else { throw .imageNotFound(id) }
            try isHere(image)
            for location in image.locations { try stores.checkRemovable(location) }
        }
        carryOut(owed)
        cache?.drop(recorded)
        if isStaged { unstage(recorded) }
    }

    /// Whether an image is one of a caller's own whose deletion was put off: its record is gone, and its bytes wait for the scrubber.
    package func isBeingDeleted(_ id: ImageID, of caller: Caller) throws(Fault) -> Bool {
        do throws(Fault) {
            let image = try images.recordedImage(id, visibleTo: .service)
            return image.status == .pendingDelete && caller.mayChange(image)
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }

    /// Removes bytes that are owed.
    package func carryOut(_ owed: [OwedRemoval]) {
        for removal in owed { uploads.carryOut(removal, in: stores, logger) }
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
