package import Domain
internal import Logging
internal import Operations
internal import Threading

extension ImportService {
    /// Receives an image's data from the client into the staging area, where it waits for its import.
    ///
    /// - Parameter announced: the number of bytes that the client announced; nil when it announced none.
    /// - Throws: `.notFound` when staging is not enabled; `.conflict` unless the image is queued; `.invalid` for fewer or more bytes than
    ///   announced; `.tooLarge` past the size limit, the owner's quota or the space of the staging area; `.gone` when the image is deleted
    ///   meanwhile. After a fault no data is left and the image is queued.
    package func stage(_ id: ImageID, from body: any ByteStream, announced: Int64?, by caller: Caller) throws(Fault) {
        guard settings.methods.contains(.glanceDirect) else { throw Fault(.notFound, "Image data cannot be staged here.") }
        let image = try service.images.image(id, visibleTo: caller)
        try service.policy.require(.modifyImage, on: image, by: caller)
        guard image.status == .queued else {
            throw Fault(.conflict, "Image \(id) takes no data in status \(image.status.rawValue).")
        }
        if let announced { try service.limits.check(size: announced) }
        var claim = try service.claim(for: image.owner)
        claim?.staged = announced

        let token = Upload.freshToken()
        let bytes = try service.staging.begin(image.id, token: token, announcing: announced)
        var upload = Upload(image: image.id, token: token, pendingURL: bytes.url)
        upload.aim = .staging
        let remaining = try service.acquireLease(upload, of: bytes, claiming: claim)
        let lease = service.leases.keep(token)
        defer { service.leases.release(token) }
        var mayBeStaged = false
        do throws(Fault) {
            let copyStream = StreamCopy(limits: service.limits, announced: announced, remaining: remaining, of: claim)
            let writing: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try bytes.append(piece) }
            let size = try copyStream.run(from: body, to: [writing]) { _ throws(Fault) in
                if lease.isLost { throw Fault(.gone, "The image was deleted while its data came in.") }
            }
            _ = try bytes.commit()
            claim?.staged = size
            mayBeStaged = true
            try service.retryWhileUnavailable { () throws(Fault) in
                try catalog.finishStaging(upload, size: size, on: settings.host, claiming: claim)
            }
            bytes.confirm()
        } catch {
            // Perhaps the data was recorded: it stays, and if it was not recorded, the lease expires and `glance-tasks` removes the data.
            guard !mayBeStaged || error.kind != .unavailable else { throw error }
            service.undo(upload, bytes, as: .queued, because: error)
            throw error
        }
    }
}
