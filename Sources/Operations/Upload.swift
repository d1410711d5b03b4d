package import Domain
internal import Glibc
internal import Logging
internal import Text
internal import Threading

extension ImageService {
    /// Receives an image's data from the client and makes the image active.
    ///
    /// Chunks of 512 KiB are digested, inspected and written in parallel; memory does not grow with the image.
    ///
    /// - Parameters:
    ///   - announced: the number of bytes that the client announced, by whatever header; nil when it announced none.
    ///   - store: the name of the store to write to; nil for the default store.
    /// - Throws: `.conflict` unless the image is queued; `.invalid` for fewer or more bytes than announced, for an image without formats
    ///   and for a signature that does not match or cannot be checked; `.tooLarge` past the size limit, the owner's quota or the store's
    ///   space; `.unsupportedMedia` for data that does not have the declared format, or is unsafe; `.gone` when the image is deleted
    ///   meanwhile. After a fault no data is left and the image is queued again; what cannot be undone now is undone by `glance-tasks`.
    ///
    /// Source: https://docs.openstack.org/api-ref/image/v2/#upload-binary-image-data; the status graph is in
    /// `Domain/Images/ImageStatus.swift`.
    package func upload(
        _ id: ImageID, from body: any ByteStream, announced: Int64?, into store: String? = nil, by caller: Caller
    ) throws(Fault) {
        let image = try images.image(id, visibleTo: caller)
        _ = try upload(image, from: body, announced: announced, into: store, by: caller, failed: .queued, isShown: false)
    }

    /// Receives data for an image whose whole record is at hand, including properties that the caller may not read.
    ///
    /// - Parameters:
    ///   - failed: the status of the image after a fault.
    ///   - isShown: whether the caller is shown the resulting image.
    /// - Returns: the image that the catalog returns; see `UploadCatalog.finish`.
    func upload(
        _ image: Image, from body: any ByteStream, announced: Int64?, into store: String? = nil, by caller: Caller, failed: ImageStatus,
        isShown: Bool
    ) throws(Fault) -> Image? {
        try policy.require(.uploadImage, on: image, by: caller)
        guard image.diskFormat != nil, image.containerFormat != nil else {
            throw Fault(.invalid, "Properties disk_format, container_format must be set prior to saving data.")
        }
        // More than was announced is refused as data of another size.
        let claim = try claim(for: image.owner, bytes: announced, atMost: announced)
        return try receive(
            image, from: body, announced: announced, into: store, claiming: claim, by: caller, failed: { failed }, isShown: isShown)
    }

    /// The store that a client names for its data; nil when there is a single store, whatever it names.
    ///
    /// - Throws: `.invalid` for a store that does not exist, is the service's own, or takes no data.
    package func chosenStore(_ name: String?) throws(Fault) -> String? {
        guard let name, stores.named != nil else { return nil }
        guard let info = stores.info(name) else { throw Fault(.invalid, "There is no store '\(name.prefix(80))'.") }
        guard !info.isReadOnly else { throw Fault(.invalid, "The store '\(name)' takes no data.") }
        try stores.checkTakesBytes(in: name)
        return name
    }

    /// Checks the size of an image before V1 receives any data.
    ///
    /// - Throws: `.invalid` past the size limit.
    package func checkFits(_ size: Int64) throws(Fault) {
        guard size > limits.size else { return }
        throw Fault(.invalid, "An image of \(size) bytes exceeds the maximum allowed size of \(limits.size) bytes.")
    }

    /// Receives data for an image, after the caller's rights were checked.
    ///
    /// - Parameters:
    ///   - claim: the data's share of the image owner's quota.
    ///   - caller: the caller whose rights to the certificate of a signed image count.
    ///   - failed: returns the status of the image after a fault.
    ///   - isShown: whether somebody is shown the resulting image.
    /// - Returns: the image that the catalog returns; see `UploadCatalog.finish`.
    @discardableResult
    func receive(
        _ image: Image, from body: any ByteStream, announced: Int64?, into store: String? = nil, claiming claim: QuotaClaim?,
        by caller: Caller, failed: () -> ImageStatus, isShown: Bool = false
    ) throws(Fault) -> Image? {
        guard image.status == .queued else {
            throw Fault(.conflict, "Image \(image.id) takes no data in status \(image.status.rawValue).")
        }
        if let announced { try limits.check(size: announced) }

        let token = Upload.freshToken()
        let bytes = try stores.begin(image.id, token: token, announcing: announced, in: store)
        let upload = Upload(image: image.id, token: token, pendingURL: bytes.url)
        let remaining = try acquireLease(upload, of: bytes, claiming: claim)
        let lease = leases.keep(token)
        defer { leases.release(token) }

        let measured: MeasuredBytes
        let location: ImageLocation
        do throws(Fault) {
            let certificate = try signingCertificate(of: image, for: caller)
            let measure = try ContentInspector(of: image, hashAlgorithm, formats, signedBy: certificate)
            // A separate constant: within the array this closure crashes the compiler (Swift 6.3.1).
            let writing: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try bytes.append(piece) }
            let size = try StreamCopy(limits: limits, announced: announced, remaining: remaining, of: claim)
                .run(from: body, to: measure.readers + [writing]) { _ throws(Fault) in
                    if lease.isLost { throw Fault(.gone, "The image was deleted while its data came in.") }
                }
            measured = try measure.finish(size: size, logger)
            if let expected = image.checksum, expected != measured.checksum {
                throw Fault(.invalid, "The MD5 of the data is \(measured.checksum) instead of \(expected).")
            }
            location = try bytes.commit()
        } catch {
            undo(upload, bytes, as: failed(), because: error)
            throw error
        }
        var claim = claim
        claim?.bytes = measured.size
        return try finish(upload, bytes, at: location, measured, claim, failed: failed(), isShown: isShown)
    }

    /// Acquires a lease on an image for data that is about to come. On a fault the data writer is discarded.
    ///
    /// - Returns: the remaining quota in bytes; nil for any number.
    package func acquireLease(_ upload: Upload, of bytes: any BlobWriter, claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        do throws(Fault) {
            return try uploads.begin(upload, by: worker, claiming: claim)
        } catch {
            bytes.discard()
            // Perhaps the upload has begun, and the answer was lost: the next attempt is not to wait until the lease expires.
            if error.kind == .unavailable { abort(upload, as: .queued, because: error) }
            if error.kind == .conflict { try checkIsThere(upload) }
            throw error
        }
    }

    /// - Throws: `.gone` when an upload does not begin because its image was deleted a moment ago.
    private func checkIsThere(_ upload: Upload) throws(Fault) {
        do throws(Fault) {
            _ = try images.image(upload.image, visibleTo: .service)
        } catch {
            guard error.kind == .notFound, upload.aim == .store else { throw error }
            throw Fault(.gone, "Image \(upload.image) was deleted before its data came in.")
        }
    }

    /// Records the committed data.
    private func finish(
        _ upload: Upload, _ bytes: any BlobWriter, at location: ImageLocation, _ measured: MeasuredBytes, _ claim: QuotaClaim?,
        failed: ImageStatus, isShown: Bool
    ) throws(Fault) -> Image? {
        do throws(Fault) {
            let image = try retryWhileUnavailable { () throws(Fault) in
                try uploads.finish(upload, at: location, measured, claiming: claim, isShown: isShown)
            }
            bytes.confirm()
            return image
        } catch {
            // Perhaps the upload was finished: the data stays, and if it was not, the lease expires and `glance-tasks` removes the data.
            guard error.kind != .unavailable else { throw error }
            undo(upload, bytes, as: failed, because: error)
            throw error
        }
    }

    /// Discards a failed upload's data and ends its lease. If the store cannot remove the data, the lease expires instead, and
    /// `glance-tasks` removes the data before it resets the image.
    package func undo(_ upload: Upload, _ bytes: any BlobWriter, as status: ImageStatus, because fault: Fault) {
        guard bytes.discard() else {
            return logger.warning(
                "image \(upload.image) stays \(upload.aim.status.rawValue) until its data, which the store cannot remove now, is gone")
        }
        abort(upload, as: status, because: fault)
    }

    /// Ends a failed upload. If the catalog cannot be told, the lease expires.
    package func abort(_ upload: Upload, as status: ImageStatus, because fault: Fault) {
        do throws(Fault) {
            try uploads.abort(upload, as: status, because: fault.message)
        } catch {
            logger.warning("image \(upload.image) stays \(upload.aim.status.rawValue) until its lease ends: \(error)")
        }
    }
}

extension ImageService {
    /// Runs a closure that may be repeated. While the catalog is unavailable, it is retried after pauses, for as long as `retries` says.
    package func retryWhileUnavailable<Value>(_ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        let deadline = monotonicSeconds() + retries.patience
        while true {
            do throws(Fault) {
                return try body()
            } catch {
                guard error.kind == .unavailable, monotonicSeconds() < deadline else { throw error }
                usleep(useconds_t(retries.pause * 1_000_000))
            }
        }
    }
}

/// The retries of calls to a catalog that is unavailable, in seconds.
package struct Retries: Sendable {
    package var pause = Timing.catalogRetry
    package var patience = Timing.catalogPatience

    /// Makes the retries of a running service; tests set shorter ones.
    package init() {}
}

extension Upload {
    /// Makes a random token of 32 hexadecimal digits.
    package static func freshToken() -> String { randomName() }
}
