internal import Domain
internal import Files
internal import Glibc

/// Reads an image's file from an offset.
final class FileReader: ByteStream {
    private let descriptor: CInt

    convenience init(path: String, offset: Int64) throws(Fault) {
        try self.init(owning: open(path, O_RDONLY | O_CLOEXEC), offset: offset)
    }

    /// - Parameter descriptor: an open file; it is duplicated.
    convenience init(_ descriptor: CInt, offset: Int64) throws(Fault) {
        try self.init(owning: fcntl(descriptor, F_DUPFD_CLOEXEC, 0), offset: offset)
    }

    private init(owning opened: CInt, offset: Int64) throws(Fault) {
        guard opened >= 0 else { throw .store(errno, "opening an image's file") }
        guard lseek(opened, off_t(offset), SEEK_SET) >= 0 else {
            let code = errno
            close(opened)
            throw .store(code, "opening an image's file")
        }
        descriptor = opened
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let count = readPiece(of: descriptor, into: buffer)
        guard count >= 0 else { throw .failed(.store(errno, "reading an image's file")) }
        return count
    }
}
