internal import Domain
internal import Files
internal import Glibc

/// Reads a file once, to check it. Except for its first bytes, nothing of it stays in the page cache, where it would push out what is read
/// often.
final class ReadBack: ByteStream {
    private let descriptor: CInt
    private var offset: off_t = 0
    private var dropped: off_t = ReadBack.cached

    /// The bytes at the beginning that may stay, and the bytes after which read pages are dropped.
    private static let (cached, step): (off_t, off_t) = (64 << 20, 16 << 20)

    init(path: String) throws(Fault) {
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .store(errno, "opening an image's file") }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let count = readPiece(of: descriptor, into: buffer)
        guard count >= 0 else { throw .failed(.store(errno, "reading an image's file")) }
        offset += off_t(count)
        if offset - dropped >= Self.step {
            posix_fadvise(descriptor, dropped, offset - dropped, POSIX_FADV_DONTNEED)
            dropped = offset
        }
        return count
    }
}
