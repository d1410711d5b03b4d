/// Bytes that come in piece by piece, such as the body of a request.
package protocol ByteSource: AnyObject {
    /// What the sender promised, in bytes; nil when it did not say (a chunked body).
    var announced: Int64? { get }

    /// Reads the next bytes, as many as are there and fit; 0 at the end.
    ///
    /// - Throws: when the end came before all was there. A cut body never reads as a whole one.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BodyCut) -> Int
}

/// Bytes ended before all were there: of a request because its sender went away or sent fewer than it promised, of an answer because
/// whatever has them broke off.
package struct BodyCut: Error {
    /// What the source of an answer said; nil for the body of a request.
    package let reason: (any Error)?

    package init(_ reason: (any Error)? = nil) { self.reason = reason }
}

extension ByteSource {
    /// Reads all of a short body.
    ///
    /// - Returns: nil when there is more than `limit` bytes.
    package func readAll(atMost limit: Int) throws(BodyCut) -> [UInt8]? {
        if let announced, announced > limit { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(announced ?? 4096) + 1)
        var count = 0
        while true {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
            let read = try readMore(into: &bytes, from: count)
            if read == 0 { break }
            count += read
            if count > limit { return nil }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private func readMore(into bytes: inout [UInt8], from start: Int) throws(BodyCut) -> Int {
        do {
            return try bytes.withUnsafeMutableBytes { try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        } catch {
            throw BodyCut()
        }
    }
}

/// A body that is not there.
package final class NoBody: ByteSource {
    package init() {}
    package var announced: Int64? { 0 }
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
}
