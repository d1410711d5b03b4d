internal import Cryptography
internal import Domain
internal import Threading

/// Wraps a reader so that its bytes are checked against digests; without digests it stays as it is.
///
/// - Throws: `.invalid` when no algorithm is known.
func checked(_ reader: any ByteStream, _ expected: [ImageHash]) throws(Fault) -> any ByteStream {
    expected.isEmpty ? reader : CheckedReader(reader, try DigestCheck(expected))
}

/// Wraps a reader so that it ends without a fault only after the given number of bytes.
///
/// - Parameter words: the name of the bytes in messages; nil for bytes that a source has announced.
func counted(_ reader: any ByteStream, _ size: Int64?, _ words: String? = nil) -> any ByteStream {
    size.map { CountedReader(reader, $0, words) } ?? reader
}

/// Computes digests of a stream and compares them with the expected ones.
struct DigestCheck {
    private let digests: [(digest: Digest, expected: ImageHash)]

    /// - Parameter expected: at least one digest. Those of unknown algorithms are not checked if another one is known.
    /// - Throws: `.invalid` when no algorithm is known.
    init(_ expected: [ImageHash]) throws(Fault) {
        digests = expected.compactMap { hash in Digest(hash.algorithm).map { ($0, hash) } }
        guard !digests.isEmpty else { throw Fault(.invalid, "The algorithm \(expected.first?.algorithm ?? "") is not known.") }
    }

    func update(_ piece: UnsafeRawBufferPointer) {
        for (digest, _) in digests { digest.update(piece) }
    }

    /// The readers of the stream tee; each runs on a thread of its own.
    var readers: [StreamTee<Fault>.Reader] {
        var readers: [StreamTee<Fault>.Reader] = []
        for (digest, _) in digests {
            // A separate constant: within another closure this closure crashes the compiler (Swift 6.3.1).
            let reader: StreamTee<Fault>.Reader = { digest.update($0) }
            readers.append(reader)
        }
        return readers
    }

    /// Compares the digests after the last byte; may be called once.
    ///
    /// - Parameter words: the name of the data in messages.
    /// - Throws: `.invalid` for data with another digest.
    func finish(_ words: String = "the data") throws(Fault) {
        for (digest, expected) in digests {
            let value = digest.finish()
            guard value != expected.value.lowercased() else { continue }
            throw Fault(.invalid, "The \(expected.algorithm) of \(words) is \(value) instead of \(expected.value).")
        }
    }
}

/// A reader that compares the digests of its bytes at their end.
private final class CheckedReader: ByteStream {
    private let reader: any ByteStream
    /// Nil after the digests were compared.
    private var check: DigestCheck?

    init(_ reader: any ByteStream, _ check: DigestCheck) { (self.reader, self.check) = (reader, check) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let count = try reader.read(into: buffer)
        if count > 0 {
            check?.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        let check = self.check
        self.check = nil
        try StreamError.failing { () throws(Fault) in try check?.finish() }
        return 0
    }
}

/// A reader that counts its bytes.
private final class CountedReader: ByteStream {
    private let reader: any ByteStream
    private let size: Int64
    private let words: String?
    private var count: Int64 = 0

    init(_ reader: any ByteStream, _ size: Int64, _ words: String?) { (self.reader, self.size, self.words) = (reader, size, words) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let read = try reader.read(into: buffer)
        count += Int64(read)
        guard read == 0 ? count == size : count <= size else { throw .failed(.miscounted(count, of: size, words)) }
        return read
    }
}

extension Fault {
    /// - Parameter words: the name of the bytes in messages; nil for bytes that a source has announced.
    static func miscounted(_ count: Int64, of size: Int64, _ words: String?) -> Fault {
        guard let words else {
            return Fault(.invalid, "The size of the data does not match: \(size) bytes were announced, \(count) received.")
        }
        return Fault(.invalid, "\(count) of \(size) \(words) are there.")
    }
}
