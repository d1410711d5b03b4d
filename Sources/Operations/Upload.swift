package import Domain
internal import Glibc
internal import Logging
internal import Threading

extension ImageService {
    /// Takes an image's bytes from the client and makes the image active.
    ///
    /// Chunks of 512 KiB are digested, inspected and written beside each other; memory does not grow with the image.
    ///
    /// - Parameters:
    ///   - announced: bytes promised by the client, by whatever header; nil when it did not say.
    ///   - store: that takes the bytes; nil for the default one.
    /// - Throws: `.conflict` unless the image is queued, `.invalid` for fewer or more bytes than promised, for an image
    ///   without formats and for a signature that does not match or cannot be checked, `.tooLarge` past the size limit, what the owner may have or the store's room, `.unsupportedMedia` for bytes that
    ///   are not what the image is said to be, or not safe, `.gone` when the image is deleted meanwhile.
    ///   Whatever is thrown, no byte is left and the image has the status `failed`; what cannot be undone now, `glance-tasks`
    ///   undoes.
    ///
    /// Source: Image API v2, "Upload binary image data"; status graph in `Domain/Images/ImageStatus.swift`.
    package func upload(
        _ id: ImageID, from body: any ByteStream, announced: Int64?, into store: String? = nil, by caller: Caller
    ) throws(Fault) {
        let image = try images.image(id, visibleTo: caller)
        _ = try upload(image, from: body, announced: announced, into: store, by: caller, failed: .queued, isShown: false)
    }

    /// The same for an image whose whole record is at hand: also what the caller may not read of it is heeded.
    ///
    /// - Parameter isShown: whether the caller is shown what became of the image.
    /// - Returns: what the catalog tells of the image; see `UploadCatalog.finish`.
    func upload(
        _ image: Image, from body: any ByteStream, announced: Int64?, into store: String? = nil, by caller: Caller, failed: ImageStatus,
        isShown: Bool
    ) throws(Fault) -> Image? {
        try policy.require(.uploadImage, on: image, by: caller)
        guard image.diskFormat != nil, image.containerFormat != nil else {
            throw Fault(.invalid, "Properties disk_format, container_format must be set prior to saving data.")
        }
        let claim = try claim(for: image.owner, bytes: announced)
        return try receive(
            image, from: body, announced: announced, into: store, claiming: claim, by: caller, failed: { failed }, isShown: isShown)
    }

    /// The store that a client names for its bytes; nil where there is nothing to choose, whatever it names.
    ///
    /// - Throws: `.invalid` for one that there is not, that is the service's own, or that takes nothing.
    package func chosenStore(_ name: String?) throws(Fault) -> String? {
        guard let name, stores.named != nil else { return nil }
        guard let info = stores.info(name) else { throw Fault(.invalid, "There is no store '\(name.prefix(80))'.") }
        guard !info.isReadOnly else { throw Fault(.invalid, "The store '\(name)' takes no data.") }
        try stores.checkTakesBytes(in: name)
        return name
    }

    /// - Throws: `.invalid` for more bytes than an image may have. V1 says so before it takes any.
    package func checkFits(_ size: Int64) throws(Fault) {
        guard size > limits.size else { return }
        throw Fault(.invalid, "An image of \(size) bytes exceeds the maximum allowed size of \(limits.size) bytes.")
    }

    /// Takes bytes for an image that has been found, from somebody who may give them.
    ///
    /// - Parameters:
    ///   - claim: what the bytes take of what the image's owner may have.
    ///   - caller: who may have the certificate of a signed image.
    ///   - failed: tells, when it comes to that, what becomes of the image.
    ///   - isShown: whether somebody is shown what became of the image.
    /// - Returns: what the catalog tells of the image; see `UploadCatalog.finish`.
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
            // Apart: within the array it crashes the compiler (Swift 6.3.1).
            let writing: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try bytes.append(piece) }
            let size = try StreamCopy(limits: limits, announced: announced, remaining: remaining, of: claim)
                .run(from: body, to: measure.readers + [writing]) { _ throws(Fault) in
                    if lease.isLost { throw Fault(.gone, "The image was deleted while its data came in.") }
                }
            measured = try measure.finish(size: size, logger)
            if let expected = image.checksum, expected != measured.checksum {
                throw Fault(.invalid, "The MD5 of the data is \(measured.checksum), and was to be \(expected).")
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

    /// Holds an image for bytes that are about to come, or lets go of them.
    ///
    /// - Returns: bytes that there is room for; nil for any number.
    package func acquireLease(_ upload: Upload, of bytes: any BlobWriter, claiming claim: QuotaClaim?) throws(Fault) -> Int64? {
        do throws(Fault) {
            return try uploads.begin(upload, by: worker, claiming: claim)
        } catch {
            bytes.discard()
            // Perhaps it was begun, and the answer was lost: whoever asks again is not to wait until the lease ends.
            if error.kind == .unavailable { abort(upload, as: .queued, because: error) }
            if error.kind == .conflict { try checkIsThere(upload) }
            throw error
        }
    }

    /// - Throws: where an upload does not begin because its image was deleted a moment ago, that it was.
    private func checkIsThere(_ upload: Upload) throws(Fault) {
        do throws(Fault) {
            _ = try images.image(upload.image, visibleTo: .service)
        } catch {
            guard error.kind == .notFound, upload.aim == .store else { throw error }
            throw Fault(.gone, "Image \(upload.image) was deleted before its data came in.")
        }
    }

    /// The bytes are in the store; now the record says so.
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
            // Perhaps it was done: the bytes stay, and when it was not, the lease ends and `glance-tasks` removes them.
            guard error.kind != .unavailable else { throw error }
            undo(upload, bytes, as: failed, because: error)
            throw error
        }
    }

    /// Discards an upload's bytes and then ends its lease. If the store cannot remove them, the lease expires instead, and `glance-tasks`
    /// removes them before it puts the image back.
    package func undo(_ upload: Upload, _ bytes: any BlobWriter, as status: ImageStatus, because fault: Fault) {
        guard bytes.discard() else {
            return logger.warning(
                "image \(upload.image) stays \(upload.aim.status.rawValue) until its data, which the store does not remove now, are gone")
        }
        abort(upload, as: status, because: fault)
    }

    package func abort(_ upload: Upload, as status: ImageStatus, because fault: Fault) {
        do throws(Fault) {
            try uploads.abort(upload, as: status, because: fault.message)
        } catch {
            logger.warning("image \(upload.image) stays \(upload.aim.status.rawValue) until its lease ends: \(error)")
        }
    }
}

extension ImageService {
    /// Does something that the catalog may be told twice. While the catalog cannot be asked, it is asked again after pauses, until the
    /// patience of `retries` is over.
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

/// How a catalog that cannot be asked is asked again. Seconds.
package struct Retries: Sendable {
    package var pause = Timing.catalogRetry
    package var patience = Timing.catalogPatience

    package init() {}
}

extension Upload {
    /// 32 hexadecimal digits.
    package static func freshToken() -> String {
        UInt64.random(in: .min ... .max).hexadecimal + UInt64.random(in: .min ... .max).hexadecimal
    }
}

extension UInt64 {
    /// Sixteen digits.
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
