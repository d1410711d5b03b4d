internal import Files
internal import Glibc

/// Reads a file to its end.
final class FileBytes: ImageBytes {
    private let path: String
    private let descriptor: CInt

    init(_ path: String) throws(ReplicationError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw trouble(path, "cannot be read") }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReplicationError) -> Int {
        let count = readPiece(of: descriptor, into: buffer)
        guard count >= 0 else { throw trouble(path, "cannot be read") }
        return count
    }

    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws(ReplicationError) -> Void) throws(ReplicationError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The content of the file.
    ///
    /// - Returns: nil if the file is longer.
    func whole(atMost longest: Int) throws(ReplicationError) -> [UInt8]? {
        var bytes: [UInt8] = []
        try forEachPiece { piece throws(ReplicationError) in if bytes.count <= longest { bytes.append(contentsOf: piece) } }
        return bytes.count <= longest ? bytes : nil
    }
}

/// Writes a file under a temporary name until it is complete.
final class FileWriter {
    private let path: String
    private let descriptor: CInt

    /// - Parameter count: bytes of an existing file to keep.
    init(_ path: String, keeping count: Int64) throws(ReplicationError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw trouble(path, "cannot be written") }
        guard ftruncate(descriptor, off_t(count)) == 0, lseek(descriptor, off_t(count), SEEK_SET) >= 0 else {
            throw trouble(path, "cannot be written")
        }
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(ReplicationError) {
        guard writeAll(bytes, to: descriptor) == 0 else { throw trouble(path, "cannot be written") }
    }

    func append(_ bytes: [UInt8]) throws(ReplicationError) {
        guard bytes.withUnsafeBytes({ writeAll($0, to: descriptor) }) == 0 else { throw trouble(path, "cannot be written") }
    }

    /// Writes the file to the disk and renames it, durably.
    func commit(as name: String) throws(ReplicationError) {
        guard fsync(descriptor) == 0 else { throw trouble(path, "cannot be synced to the disk") }
        guard rename(path, name) == 0 else { throw trouble(path, "cannot be renamed to \(name)") }
        let folder = open(String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw trouble(name, "cannot be synced to the disk") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw trouble(name, "cannot be synced to the disk") }
    }
}
