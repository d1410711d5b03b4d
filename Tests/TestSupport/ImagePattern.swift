import Domain
import Glibc

/// The data of an image that is compared without being kept: random bytes, repeated. The period is odd, so that a part in a wrong place
/// shows.
enum ImagePattern {
    private static let block: [UInt8] = (0..<(1 << 20) + 7).map { _ in .random(in: 0 ... .max) }

    /// Appends a part of the data, in pieces such as an upload has.
    static func append(_ range: Range<Int>, to writer: any BlobWriter) throws {
        var position = range.lowerBound
        while position < range.upperBound {
            let start = position % block.count
            let count = min(range.upperBound - position, block.count - start, 64 << 10)
            try block.withUnsafeBytes { try writer.append(.init(rebasing: $0[start..<start + count])) }
            position += count
        }
    }

    /// Reads a stream to its end, or to a limit.
    ///
    /// - Returns: the number of its bytes; nil if one is not that of the data.
    static func count(_ stream: any ByteStream, from offset: Int64, atMost limit: Int = .max) throws -> Int? {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var position = Int(offset)
        while position - Int(offset) < limit {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            guard count > 0 else { break }
            guard buffer.withUnsafeBytes({ isData(.init(rebasing: $0[..<count]), at: position) }) else { return nil }
            position += count
        }
        return position - Int(offset)
    }

    private static func isData(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
        var done = 0
        while done < bytes.count {
            let start = (position + done) % block.count
            let count = min(bytes.count - done, block.count - start)
            let difference = block.withUnsafeBytes { memcmp($0.baseAddress! + start, bytes.baseAddress! + done, count) }
            guard difference == 0 else { return false }
            done += count
        }
        return true
    }
}
