internal import Domain
internal import Glibc

/// Reads an image while another thread or process fills the cache with it.
///
/// The last piece is withheld until all bytes are checked, so that no client ever gets a complete image that is wrong. If the fill is
/// abandoned, or the cache fails, the rest comes from the store.
final class FollowingReader: ByteStream {
    private let growing: any GrowingBytes
    private let bytes: Blob
    private var offset: Int64 = 0
    /// The rest from the store.
    private var rest: (any ByteStream)?

    /// The bytes that are withheld.
    private static let lastPiece: Int64 = 64 * 1024
    /// Microseconds between two looks: the first pause and the longest.
    private static let pauses: (first: useconds_t, longest: useconds_t) = (2_000, 50_000)

    init(_ growing: any GrowingBytes, _ bytes: Blob) { (self.growing, self.bytes) = (growing, bytes) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if let rest { return try rest.read(into: buffer) }
        do throws(Fault) {
            if let count = try readCached(into: buffer) { return count }
        } catch {
            if error.kind == .gone { throw .failed(error) }
        }
        let rest = try readerOfRest()
        self.rest = rest
        return try rest.read(into: buffer)
    }

    /// - Returns: nil when the cache has no more bytes.
    /// - Throws: `.gone` when the fill was rejected; another fault when the cache fails.
    private func readCached(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int? {
        var pause = Self.pauses.first
        while true {
            let growth = try growing.look()
            let readable: Int64
            switch growth {
            case .wrong: throw Fault(.gone, "The image's data in its store does not have the image's digests.")
            case .whole: readable = bytes.size
            case .growing(let count), .abandoned(let count): readable = min(count, bytes.size - Self.lastPiece)
            }
            if offset < readable {
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), readable - offset))])
                let count = try growing.read(into: piece, at: offset)
                guard count > 0 else { return nil }
                offset += Int64(count)
                return count
            }
            if growth == .whole { return 0 }
            if case .abandoned = growth { return nil }
            usleep(pause)
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    /// Opens the store's data at the offset. A source without ranges is read from its beginning.
    private func readerOfRest() throws(StreamError) -> any ByteStream {
        if offset > 0 {
            do throws(Fault) { return try bytes.open(offset) } catch {}
        }
        let reader = try StreamError.failing { () throws(Fault) in try bytes.open(0) }
        let passed = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
        defer { passed.deallocate() }
        var left = offset
        while left > 0 {
            let count = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: passed[..<Int(min(Int64(passed.count), left))]))
            guard count > 0 else { throw .failed(Fault(.unavailable, "The data at the source has changed.")) }
            left -= Int64(count)
        }
        return reader
    }
}
