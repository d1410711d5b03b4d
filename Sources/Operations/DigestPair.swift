internal import Cryptography
package import Domain
package import Threading

/// Computes MD5 and another digest of a stream, each on a thread of its own.
package struct DigestPair {
    private let md5: Digest
    private let hash: Digest
    private let algorithm: String

    /// Prepares the digests.
    ///
    /// - Returns: nil for an unknown algorithm.
    package init?(_ algorithm: String) {
        guard let md5 = Digest("md5"), let hash = Digest(algorithm) else { return nil }
        (self.md5, self.hash, self.algorithm) = (md5, hash, algorithm)
    }

    /// The readers of the stream tee.
    ///
    /// - Parameter looking: another reader that runs on the thread of MD5, which is the faster digest.
    package func readers(beside looking: @escaping @Sendable (UnsafeRawBufferPointer) -> Void = { _ in }) -> [StreamTee<Fault>.Reader] {
        // Separate constants: as elements of one array literal these closures crash the compiler (Swift 6.3.1).
        let (md5, hash) = (md5, hash)
        let summing: StreamTee<Fault>.Reader = { piece in
            md5.update(piece)
            looking(piece)
        }
        let hashing: StreamTee<Fault>.Reader = { hash.update($0) }
        return [summing, hashing]
    }

    /// Returns the digests after the last byte.
    package func finish() -> (hash: ImageHash, checksum: String) {
        (ImageHash(algorithm: algorithm, value: hash.finish()), md5.finish())
    }
}
