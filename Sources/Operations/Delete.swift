package import Domain
internal import Logging

extension ImageService {
    /// Deletes an image. The record goes first, then the data; if removing the data fails, `glance-tasks` does it later.
    ///
    /// - Throws: `.forbidden` for a protected image, and for one whose deletion is under way; `.conflict` when the configuration keeps the
    ///   service from removing the data: nothing is deleted then, so that no data stays without a record.
    package func delete(_ id: ImageID, by caller: Caller) throws(Fault) {
        try deleteHere(id, by: caller) { _ throws(Fault) in }
    }

    /// Deletes an image by the node that has staged data of it or reads that data, if there is one and it answers. If it does not answer,
    /// the image is deleted here, and the staged data stays at that node.
    ///
    /// - Parameter ask: sends the request to a node; throws the node's refusal, and `.unreachable` or `.misanswered`.
    /// - Returns: what `ask` returned; nil when the image was deleted here.
    ///
    /// Source: Glance, `api/v2/images.py`.
    package func delete<Answer>(
        _ id: ImageID, by caller: Caller, askingItsNode ask: (_ node: String) throws(Fault) -> Answer?
    ) throws(Fault) -> Answer? {
        var node: String?
        do throws(Fault) {
            try deleteHere(id, by: caller) { image throws(Fault) in
                // The request goes there only while that node has work to do, since the client's token goes with it.
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
            logger.warning("image \(id) is deleted here; its data on node \(node ?? "") stays there: \(error)")
        }
        try delete(id, by: caller)
        return nil
    }

    /// - Parameter isHere: throws when the image is to be deleted by another node.
    private func deleteHere(_ id: ImageID, by caller: Caller, if isHere: (Image) throws(Fault) -> Void) throws(Fault) {
        // The client may write the id in another case than the record, and files are named after the record.
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
            // Only `deleted` cannot become `deleted`: another image service of this database sets that status first, and deletes the record
            // in a second step.
            guard image.status.mayBecome(.deleted) else { throw .imageNotFound(id) }
            try isHere(image)
            for location in image.locations { try stores.checkRemovable(location) }
        }
        carryOut(owed)
        cache?.drop(recorded)
        if isStaged { unstage(recorded) }
    }

    /// Whether an image of the caller's has a delayed deletion: its record is deleted, and its data waits for the scrubber.
    package func isBeingDeleted(_ id: ImageID, of caller: Caller) throws(Fault) -> Bool {
        do throws(Fault) {
            let image = try images.recordedImage(id, visibleTo: .service)
            return image.status == .pendingDelete && caller.mayChange(image)
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }

    /// Carries out owed removals; failures are logged and left to `glance-tasks`.
    package func carryOut(_ owed: [OwedRemoval]) {
        for removal in owed { uploads.carryOut(removal, in: stores, logger) }
    }

    /// Removes staged data that nobody imports any more. If the image is queued again, the data may be new, and stays.
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
