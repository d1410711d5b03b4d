internal import Cryptography
internal import Domain
internal import Threading

/// An image's data at one location, compared with the record.
struct CheckedData {
    private let image: Image
    private let bytes: Blob

    /// Takes data as a store has found it.
    init(_ image: Image, _ bytes: Blob) { (self.image, self.bytes) = (image, bytes) }

    /// Whether the image has a digest by which its data is known.
    var isComparable: Bool { !expected.isEmpty }

    private var expected: [ImageHash] {
        let all = [image.checksum.map { ImageHash(algorithm: "md5", value: $0) }, image.hash].compactMap(\.self)
        return all.filter { Digest($0.algorithm) != nil }
    }

    /// The size of the data in bytes.
    var size: Int64 { bytes.size }

    /// Reads the data and compares size and digests, in memory that does not grow with it.
    ///
    /// - Parameter writer: takes the data while it is read.
    /// - Returns: what differs; nil when nothing does.
    /// - Throws: when the data cannot be read, or the writer fails.
    func trouble(copyingTo writer: (any BlobWriter)? = nil) throws(Fault) -> String? {
        if let size = image.size, size != bytes.size { return "the data has \(bytes.size) bytes instead of \(size)" }
        let digests = expected.compactMap { hash in Digest(hash.algorithm).map { (digest: $0, expected: hash) } }
        var readers: [StreamTee<Fault>.Reader] = []
        for (digest, _) in digests {
            // A separate constant: within another closure this closure crashes the compiler (Swift 6.3.1).
            let reader: StreamTee<Fault>.Reader = { digest.update($0) }
            readers.append(reader)
        }
        if let writer {
            let writing: StreamTee<Fault>.Reader = { piece throws(Fault) in try writer.append(piece) }
            readers.append(writing)
        }
        guard !readers.isEmpty else { return nil }
        var limits = ImageLimits()
        limits.size = max(bytes.size, 1)
        let copy = StreamCopy(limits: limits, announced: nil)
        let count: Int64
        do throws(Fault) {
            count = try copy.run(from: bytes.openAll(), to: readers, isSlowAllowed: true) { _ throws(Fault) in }
        } catch {
            // Only here a size is limited: the file grew.
            if error.kind == .tooLarge, writer == nil { return "the data has more than \(bytes.size) bytes" }
            throw error
        }
        if count != bytes.size { return "the data has \(count) bytes instead of \(bytes.size)" }
        for (digest, expected) in digests {
            let value = digest.finish()
            guard value != expected.value.lowercased() else { continue }
            return "its \(expected.algorithm) is \(value) instead of \(expected.value)"
        }
        return nil
    }
}
