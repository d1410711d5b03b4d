internal import Domain
internal import Files
internal import Glibc

/// Reads a file from its beginning to its end and leaves the page cache as it was: what was not in it before is dropped after it was read,
/// and what was, since others read it, stays.
final class GentleReader: ByteStream {
    private let descriptor: CInt
    private let path: String
    private var position: Int64 = 0
    /// The window that is being read, and whether its pages were in the cache before.
    private var window: (start: Int64, wasCached: Bool)?

    /// Bytes that are judged and dropped at once: several times what the kernel reads ahead (16 MiB where read_ahead_kb is 8192), so that
    /// its reading ahead is not taken for others' use.
    private static let step: Int64 = 64 << 20

    /// - Parameter descriptor: an open file, which is closed with this reader.
    init(owning descriptor: CInt, path: String) {
        (self.descriptor, self.path) = (descriptor, path)
        posix_fadvise(descriptor, 0, 0, CInt(POSIX_FADV_SEQUENTIAL))
    }

    deinit {
        leave()
        close(descriptor)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if position - (window?.start ?? -Self.step) >= Self.step {
            leave()
            window = (position, isCached(from: position))
        }
        let count = readPiece(of: descriptor, into: buffer)
        guard count >= 0 else { throw .failed(.store(errno, "reading the file \(path)")) }
        position += Int64(count)
        return count
    }

    private func leave() {
        guard let window, !window.wasCached, position > window.start else { return }
        posix_fadvise(descriptor, off_t(window.start), off_t(position - window.start), CInt(POSIX_FADV_DONTNEED))
    }

    /// Whether most of a window is in the page cache. Its pages are mapped and not touched, so a file that shrinks meanwhile does no harm.
    private func isCached(from start: Int64) -> Bool {
        var info = stat()
        guard fstat(descriptor, &info) == 0, Int64(info.st_size) > start else { return true }
        let length = Int(min(Self.step, Int64(info.st_size) - start))
        guard let map = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, off_t(start)), map != MAP_FAILED else { return true }
        defer { munmap(map, length) }
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        var pages = [UInt8](repeating: 0, count: (length + page - 1) / page)
        guard mincore(map, length, &pages) == 0 else { return true }
        return pages.count { $0 & 1 != 0 } * 2 > pages.count
    }
}
