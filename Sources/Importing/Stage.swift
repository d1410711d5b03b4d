package import Domain
internal import Logging
internal import Operations
internal import Threading

extension ImportService {
    /// Takes an image's bytes from the client into the staging area, where they wait for their import.
    ///
    /// - Parameter announced: bytes promised by the client; nil when it did not say.
    /// - Throws: `.notFound` where clients may not stage, `.conflict` unless the image is queued, `.invalid` for fewer or more bytes
    ///   than promised, `.tooLarge` past the size limit, what the owner may stage or the area's room, `.gone` when the image is
    ///   deleted meanwhile. Whatever is thrown, no byte is left and the image is queued.
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
            // Perhaps it was noted as staged: the bytes stay, and when it was not, the lease ends and `glance-tasks` removes them.
            guard !mayBeStaged || error.kind != .unavailable else { throw error }
            service.undo(upload, bytes, as: .queued, because: error)
            throw error
        }
    }
}
