internal import Domain
internal import Files
internal import Glibc

/// The state of a file that is written into the cache, as its permissions. All processes that have it open see them, even after it was
/// renamed.
enum CacheMark {
    /// The file is incomplete.
    static let unfinished: mode_t = 0o600
    /// The file is complete; nginx can read it from now on too.
    static let whole: mode_t = 0o644
    /// The file was rejected.
    static let wrong: mode_t = 0o400
}

/// Fills a file. Its lock ends with the descriptor.
final class CacheFile: CacheFill, @unchecked Sendable {
    private let descriptor: CInt
    private let path: String
    private let wholePath: String
    private let invalidPath: String
    private let folder: String

    init(_ descriptor: CInt, path: String, wholePath: String, invalidPath: String, folder: String) {
        (self.descriptor, self.path) = (descriptor, path)
        (self.wholePath, self.invalidPath, self.folder) = (wholePath, invalidPath, folder)
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard writeAll(bytes, to: descriptor) == 0 else { throw .cache(errno, "writing to the cache") }
    }

    func commit() throws(Fault) {
        // Followers that wait for the end need not wait for the disk.
        guard fchmod(descriptor, CacheMark.whole) == 0 else { throw .cache(errno, "marking a file of the cache") }
        guard fsync(descriptor) == 0 else { throw .cache(errno, "syncing a file of the cache") }
        guard rename(path, wholePath) == 0 else { throw .cache(errno, "naming a file of the cache") }
        // If the name is lost in a crash, the image is fetched again.
        let folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    func reject() {
        fchmod(descriptor, CacheMark.wrong)
        if rename(path, invalidPath) != 0 { unlink(path) }
    }

    func discard() { unlink(path) }
}

/// A file that another thread or process fills. Its name may change or be removed meanwhile.
final class FollowedFile: GrowingBytes {
    private let descriptor: CInt

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func look() throws(Fault) -> Growth {
        // The lock is tested first: the permissions are set under the lock, so they are final when the lock is gone.
        let isBeingFilled = FileLock.isHeld(descriptor)
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw .cache(errno, "looking at a file of the cache") }
        switch info.st_mode & 0o777 {
        case CacheMark.whole: return .whole
        case CacheMark.wrong: return .wrong
        default: return isBeingFilled ? .growing(Int64(info.st_size)) : .abandoned(Int64(info.st_size))
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Fault) -> Int {
        let count = readPiece(of: descriptor, into: buffer, at: offset)
        guard count >= 0 else { throw .cache(errno, "reading from the cache") }
        return count
    }
}
