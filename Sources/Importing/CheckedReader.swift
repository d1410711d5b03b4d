internal import Digest
internal import Domain

/// Bytes as they come; those that are to have a digest are checked on their way.
///
/// - Throws: `.invalid` for an algorithm that nobody knows.
func checked(_ reader: any ByteReader, _ expected: ImageHash?) throws(Fault) -> any ByteReader {
    guard let expected else { return reader }
    return try CheckedReader(reader, expected)
}

/// Bytes that are to have a digest: they end well only when they have it.
private final class CheckedReader: ByteReader {
    private let reader: any ByteReader
    private let expected: ImageHash
    private var digest: Digest?

    /// - Throws: `.invalid` for an algorithm that nobody knows.
    init(_ reader: any ByteReader, _ expected: ImageHash) throws(Fault) {
        guard let digest = Digest(expected.algorithm) else {
            throw Fault(.invalid, "The algorithm \(expected.algorithm) is not known.")
        }
        (self.reader, self.expected, self.digest) = (reader, expected, digest)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        let count = try reader.read(into: buffer)
        if count > 0 {
            digest?.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        if let value = digest?.finish(), value != expected.value.lowercased() {
            throw Fault(.invalid, "The \(expected.algorithm) of the data is \(value), and was to be \(expected.value).")
        }
        digest = nil
        return 0
    }
}
