internal import Domain
internal import Glibc

/// Reads an image's file from an offset on.
final class FileReader: ByteReader {
    private let descriptor: CInt

    init(path: String, offset: Int64) throws(Fault) {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw .store(errno, "opening an image's file") }
        guard lseek(opened, off_t(offset), SEEK_SET) >= 0 else {
            let code = errno
            close(opened)
            throw .store(code, "opening an image's file")
        }
        descriptor = opened
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .store(errno, "reading an image's file") }
        }
    }
}
