internal import Cryptography
internal import HTTPClient

/// A source of an image's bytes, read in order.
protocol ImageBytes: AnyObject {
    /// - Returns: 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReplicationError) -> Int
}

/// Bytes from a server.
final class ServedBytes: ImageBytes {
    private let download: Download
    private let title: String

    init(_ download: Download, of title: String) { (self.download, self.title) = (download, title) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReplicationError) -> Int {
        do throws(HTTPClientError) {
            return try download.read(into: buffer)
        } catch {
            throw ReplicationError(.image, "\(title): its data cannot be read: \(error.message)")
        }
    }
}

/// Passes bytes on and checks them against the image's record.
///
/// The reader gets the last bytes only if the whole matches the record. A copy of anything else stays incomplete, and no server
/// accepts it as the image.
final class CheckedBytes: ImageBytes {
    let length: Int64
    private let image: ReplicatedImage
    private let source: any ImageBytes
    private let note: (Int64) -> Void
    private var digests: [(name: String, digest: Digest)] = []
    private var count: Int64 = 0
    /// The digests of the bytes in hexadecimal, by the names of their algorithms; complete after the last byte.
    private(set) var found: [String: String] = [:]
    /// Whether the bytes do not match the record.
    private(set) var isWrong = false

    /// - Parameters:
    ///   - length: the expected number of bytes.
    ///   - note: called with the number of bytes that passed.
    init(_ image: ReplicatedImage, length: Int64, from source: any ImageBytes, note: @escaping (Int64) -> Void) {
        (self.image, self.length, self.source, self.note) = (image, length, source, note)
        // Most servers compute SHA-512, whatever this one computed.
        for name in Set(["md5", "sha512", image.hash?.algorithm].compactMap(\.self)) {
            if let digest = Digest(name) { digests.append((name, digest)) }
        }
    }

    /// Counts bytes of an earlier run, from the first on.
    func pass(_ bytes: UnsafeRawBufferPointer) throws(ReplicationError) {
        guard count + Int64(bytes.count) <= length else { throw wrong("has more bytes than the \(length) of its record") }
        for (_, digest) in digests { digest.update(bytes) }
        count += Int64(bytes.count)
        note(Int64(bytes.count))
        if count == length { try check() }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReplicationError) -> Int {
        let got = try source.read(into: buffer)
        guard got > 0 else {
            guard count == length else {
                throw ReplicationError(.image, "\(image.title): the data end after \(count) of \(length) bytes; the image is not copied")
            }
            return 0
        }
        try pass(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
        return got
    }

    private func check() throws(ReplicationError) {
        for (name, digest) in digests { found[name] = digest.finish() }
        if let hash = image.hash, let value = found[hash.algorithm], value != hash.value {
            throw wrong("is not what \(hash.algorithm) says")
        }
        if let checksum = image.checksum, let value = found["md5"], value != checksum { throw wrong("is not what its checksum says") }
    }

    private func wrong(_ what: String) -> ReplicationError {
        isWrong = true
        return ReplicationError(.image, "\(image.title): what comes \(what); it is not copied")
    }

    /// Whether another record describes the same bytes.
    func agrees(with record: ReplicatedImage) -> Bool {
        guard record.size == length else { return false }
        if let hash = record.hash, let value = found[hash.algorithm] { return value == hash.value }
        if let checksum = record.checksum, let value = found["md5"] { return value == checksum }
        return true
    }
}
