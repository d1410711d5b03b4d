internal import Cryptography
internal import Domain
internal import Threading

/// Bytes as they come; those that are to have digests are checked on their way.
///
/// - Throws: `.invalid` for an algorithm that nobody knows.
func checked(_ reader: any ByteStream, _ expected: [ImageHash]) throws(Fault) -> any ByteStream {
    expected.isEmpty ? reader : CheckedReader(reader, try DigestCheck(expected))
}

/// Bytes as they come, which end well only when there are as many as are known to be.
///
/// - Parameter words: what they are called; nil for those that a source has announced.
func counted(_ reader: any ByteStream, _ size: Int64?, _ words: String? = nil) -> any ByteStream {
    size.map { CountedReader(reader, $0, words) } ?? reader
}

/// Digests of bytes that go by, and those that the bytes are to have.
struct DigestCheck {
    private let digests: [(digest: Digest, expected: ImageHash)]

    /// - Parameter expected: one at least. Of an algorithm that nobody knows nothing can be said, where another is known.
    /// - Throws: `.invalid` where none is known.
    init(_ expected: [ImageHash]) throws(Fault) {
        digests = expected.compactMap { hash in Digest(hash.algorithm).map { ($0, hash) } }
        guard !digests.isEmpty else { throw Fault(.invalid, "The algorithm \(expected.first?.algorithm ?? "") is not known.") }
    }

    func update(_ piece: UnsafeRawBufferPointer) {
        for (digest, _) in digests { digest.update(piece) }
    }

    /// Each for a thread of its own.
    var readers: [StreamTee<Fault>.Reader] {
        var readers: [StreamTee<Fault>.Reader] = []
        for (digest, _) in digests {
            // Apart: in another closure it crashes the compiler (Swift 6.3.1).
            let reader: StreamTee<Fault>.Reader = { digest.update($0) }
            readers.append(reader)
        }
        return readers
    }

    /// - Parameter words: what the bytes are called.
    /// - Throws: `.invalid` for other bytes than those that were expected. To be asked once.
    func finish(_ words: String = "the data") throws(Fault) {
        for (digest, expected) in digests {
            let value = digest.finish()
            guard value != expected.value.lowercased() else { continue }
            throw Fault(.invalid, "The \(expected.algorithm) of \(words) is \(value), and was to be \(expected.value).")
        }
    }
}

private final class CheckedReader: ByteStream {
    private let reader: any ByteStream
    /// Nil once it was asked.
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
    /// - Parameter words: what the bytes are called; nil for those that a source has announced.
    static func miscounted(_ count: Int64, of size: Int64, _ words: String?) -> Fault {
        guard let words else {
            return Fault(.invalid, "The size of the data does not match: \(size) bytes were announced, \(count) received.")
        }
        return Fault(.invalid, "\(count) of \(size) \(words) are there.")
    }
}
