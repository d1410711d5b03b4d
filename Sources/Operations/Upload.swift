internal import Digest
package import Domain
internal import Glibc
internal import ImageFormats
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
    /// - Throws: `.conflict` unless the image is queued, `.invalid` for fewer or more bytes than promised and for an image
    ///   without formats, `.tooLarge` past the size limit, what the owner may have or the store's room, `.unsupportedMedia` for bytes that
    ///   are not what the image is said to be, or not safe, `.gone` when the image is deleted meanwhile.
    ///   Whatever is thrown, no byte is left and the image has the status `failed`; what cannot be undone now, `glance-tasks`
    ///   undoes.
    ///
    /// Source: Image API v2, "Upload binary image data"; status graph in `Domain/Images/ImageStatus.swift`.
    package func upload(
        _ id: ImageID, from body: any ByteReader, announced: Int64?, into store: String? = nil, by caller: Caller,
        failed: ImageStatus = .queued
    ) throws(Fault) {
        let image = try images.image(id, visibleTo: caller)
        try policy.require(.uploadImage, on: image, by: caller)
        guard image.diskFormat != nil, image.containerFormat != nil else {
            throw Fault(.invalid, "Properties disk_format, container_format must be set prior to saving data.")
        }
        let claim = try claim(for: image.owner, bytes: announced)
        try receive(image, from: body, announced: announced, into: store, claiming: claim, failed: { failed })
    }

    /// The store that a client names for its bytes; nil where there is nothing to choose, whatever it names.
    ///
    /// - Throws: `.invalid` for one that there is not, that is the service's own, or that takes nothing.
    package func chosenStore(_ name: String?) throws(Fault) -> String? {
        guard let name, stores.named != nil else { return nil }
        guard let info = stores.info(name) else { throw Fault(.invalid, "There is no store '\(name.prefix(80))'.") }
        guard !info.isReadOnly else { throw Fault(.invalid, "The store '\(name)' takes no data.") }
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
    ///   - failed: tells, when it comes to that, what becomes of the image.
    func receive(
        _ image: Image, from body: any ByteReader, announced: Int64?, into store: String? = nil, claiming claim: QuotaClaim?,
        failed: () -> ImageStatus
    ) throws(Fault) {
        guard image.status == .queued else {
            throw Fault(.conflict, "Image \(image.id) takes no data in status \(image.status.rawValue).")
        }
        if let announced { try limits.check(size: announced) }

        let token = UInt64.random(in: .min ... .max).hexadecimal + UInt64.random(in: .min ... .max).hexadecimal
        let bytes = try stores.begin(image.id, token: token, announcing: announced, in: store)
        let upload = Upload(image: image.id, token: token, pendingURL: bytes.url)
        let lease: LeaseKeeper.Lease
        do throws(Fault) {
            lease = try leases.begin(upload, claiming: claim)
        } catch {
            bytes.discard()
            throw error
        }
        defer { leases.release(upload) }

        let measured: MeasuredBytes
        let location: ImageLocation
        do throws(Fault) {
            measured = try copy(body, of: image, into: bytes, announced: announced, while: lease, claim)
            if let expected = image.checksum, expected != measured.checksum {
                throw Fault(.invalid, "The MD5 of the data is \(measured.checksum), and was to be \(expected).")
            }
            location = try bytes.commit()
        } catch {
            bytes.discard()
            giveBack(upload, as: failed(), because: error)
            throw error
        }
        var claim = claim
        claim?.bytes = measured.size
        try finish(upload, bytes, at: location, measured, claim, failed: failed())
    }

    private func copy(
        _ body: any ByteReader, of image: Image, into bytes: any PendingBytes, announced: Int64?, while lease: LeaseKeeper.Lease,
        _ claim: QuotaClaim?
    ) throws(Fault) -> MeasuredBytes {
        let measure = try ByteMeasure(of: image, hashAlgorithm, formats)
        let writing: Relay<Fault>.Reader = { (piece) throws(Fault) in try bytes.append(piece) }
        let relay = Relay<Fault>(buffersOf: 512 * 1024, count: 4, readers: measure.readers + [writing])
        defer { relay.cancel() }
        let began = monotonicSeconds()
        var size: Int64 = 0
        while true {
            let buffer = try relay.nextBuffer()
            var count = 0
            while count < buffer.count {
                let read = try body.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if read == 0 { break }
                (count, size) = (count + read, size + Int64(read))
                if lease.isLost { throw Fault(.gone, "The image was deleted while its data came in.") }
                try limits.check(size: size)
                if let room = lease.room, size > room { throw Self.noRoom(claim, room, for: size) }
                try limits.check(received: size, in: monotonicSeconds() - began)
                if let announced, size > announced { throw Self.wrongSize(announced, received: "more") }
            }
            if count == 0 { break }
            relay.submit(count)
        }
        if let announced, size < announced { throw Self.wrongSize(announced, received: "\(size)") }
        try relay.finish()
        return try measure.finish(size: size, logger)
    }

    private static func wrongSize(_ announced: Int64, received: String) -> Fault {
        Fault(.invalid, "The size of the data does not match: \(announced) bytes were announced, \(received) received.")
    }

    private static func noRoom(_ claim: QuotaClaim?, _ room: Int64, for size: Int64) -> Fault {
        let limit = claim?.limits.imageSizeTotal ?? 0
        return .overLimit("image_size_total", used: limit - room, limit: limit, asked: size, "bytes")
    }

    /// The bytes are in the store; now the record says so. While the database is away this waits for it, for a minute.
    private func finish(
        _ upload: Upload, _ bytes: any PendingBytes, at location: ImageLocation, _ measured: MeasuredBytes, _ claim: QuotaClaim?,
        failed: ImageStatus
    ) throws(Fault) {
        let deadline = monotonicSeconds() + 60
        while true {
            do throws(Fault) {
                return try uploads.finish(upload, at: location, measured, claiming: claim)
            } catch {
                switch error.kind {
                case .unavailable where monotonicSeconds() < deadline: usleep(500_000)
                // Perhaps it was done: the bytes stay, and when it was not, the lease ends and `glance-tasks` removes them.
                case .unavailable: throw error
                default:
                    bytes.discard()
                    giveBack(upload, as: failed, because: error)
                    throw error
                }
            }
        }
    }

    private func giveBack(_ upload: Upload, as status: ImageStatus, because fault: Fault) {
        do throws(Fault) {
            try uploads.giveBack(upload, as: status, because: fault.message)
        } catch {
            logger.warning("image \(upload.image) stays saving until its lease ends: \(error)")
        }
    }
}

extension UInt64 {
    /// Sixteen digits.
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
