internal import CLinux
internal import Domain
internal import Files
internal import Glibc

/// Writes an image's file. One thread uses it; when it is dropped without a commit, the file is removed.
final class FileBlobWriter: BlobWriter, @unchecked Sendable {
    let url: String
    private let names: FileNames
    private let metadata: String
    /// Whether runs of zeros become holes.
    private let isThin: Bool
    private var descriptor: CInt
    /// The bytes so far, holes included.
    private var written: Int64 = 0
    private var handedToDisk: Int64 = 0
    private var isDirect = false
    /// Whether the file may have a final name.
    private var mayBeNamed = false
    private var named: (path: String, isLinked: Bool)?
    /// It has a final name still, though it was discarded.
    private var isLeft = false

    /// The number of bytes after which writing to the disk is started, so that the sync at the end finds little to do.
    private static let syncStep: Int64 = 16 << 20

    /// - Parameter metadata: the metadata of the resulting location.
    init(_ names: FileNames, metadata: String, permissions: UInt32, isThin: Bool) throws(Fault) {
        (self.names, self.metadata, self.isThin) = (names, metadata, isThin)
        url = "file://\(names.pending)"
        let opened = open(names.pending, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .store(errno, "creating an image's file") }
        descriptor = opened
        if permissions != 0 { fchmod(descriptor, mode_t(permissions)) }
    }

    deinit {
        if named != nil { closeFile() } else { _ = discard() }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        useDirect(written >= Self.cached && written % Self.page == 0 && Self.isWholePages(bytes))
        if isThin { try writeThin(bytes) } else { try write(bytes) }
        if !isDirect, written - handedToDisk >= Self.syncStep {
            _ = sync_file_range(descriptor, off_t(handedToDisk), off_t(written - handedToDisk), vitrine_sync_file_range_write)
            handedToDisk = written
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        let left = writeAll(bytes, to: descriptor)
        written += Int64(bytes.count - left)
        guard left == 0 else { throw .store(errno, "writing an image's file") }
    }

    // MARK: holes

    /// The bytes that are compared with zeros at a time. Source: glance_store, `filesystem_store_chunk_size`.
    private static let chunk = 64 * 1024

    private func writeThin(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var left = bytes
        while !left.isEmpty {
            let zeros = Self.run(of: true, in: left)
            if zeros > 0 {
                guard lseek(descriptor, off_t(zeros), SEEK_CUR) >= 0 else { throw .store(errno, "writing an image's file") }
                written += Int64(zeros)
                left = UnsafeRawBufferPointer(rebasing: left[zeros...])
            }
            let data = Self.run(of: false, in: left)
            try write(UnsafeRawBufferPointer(rebasing: left[..<data]))
            left = UnsafeRawBufferPointer(rebasing: left[data...])
        }
    }

    /// The number of bytes of the leading chunks that are all zeros, or that are not.
    private static func run(of zeros: Bool, in bytes: UnsafeRawBufferPointer) -> Int {
        var end = 0
        while end < bytes.count {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[end..<min(end + chunk, bytes.count)])
            guard isZero(piece) == zeros else { break }
            end += piece.count
        }
        return end
    }

    /// Compares each byte with the one before it, and the first with zero.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[0] == 0 && memcmp(bytes.baseAddress!, bytes.baseAddress! + 1, bytes.count - 1) == 0
    }

    // MARK: direct input and output

    /// Switches direct I/O, which bypasses the page cache, where the file system supports it. A large image would push out of the cache
    /// what is read often, and copying it there costs more than either digest (measured: 2.0 of 4.7 CPU seconds a GB).
    private func useDirect(_ wanted: Bool) {
        guard wanted != isDirect else { return }
        let flags = fcntl(descriptor, F_GETFL)
        let done = fcntl(descriptor, F_SETFL, wanted ? flags | vitrine_o_direct : flags & ~vitrine_o_direct)
        isDirect = wanted && done == 0
    }

    private static let page: Int64 = 4096
    /// The bytes of an image that stay in the page cache: all of a small one, which is likely to be read soon.
    private static let cached: Int64 = 64 << 20

    private static func isWholePages(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count % Int(page) == 0 && UInt(bitPattern: bytes.baseAddress) % UInt(page) == 0
    }

    // MARK: commit and discard

    func commit() throws(Fault) -> ImageLocation {
        // A hole at the end does not extend the file until it is truncated to its size.
        if isThin, ftruncate(descriptor, off_t(written)) != 0 { throw .store(errno, "writing an image's file") }
        // A sync that failed must not be retried: the kernel has dropped the pages, and the second call would report success.
        guard fsync(descriptor) == 0 else { throw .store(errno, "syncing an image's file") }
        mayBeNamed = true
        let named = try names.give()
        self.named = named
        try syncFolder()
        return ImageLocation(url: "file://\(named.path)", metadata: metadata)
    }

    func confirm() { unlink(names.pending) }

    /// Removes the file. The sweeper removes an unfinished name that stays after an error; a final name it finds only by the lease.
    func discard() -> Bool {
        guard descriptor >= 0 else { return !isLeft }
        defer { closeFile() }
        guard mayBeNamed else {
            unlink(names.pending)
            return true
        }
        do throws(Fault) {
            if let named, !named.isLinked {
                try names.remove(named.path, ifItIs: descriptor)
            } else {
                try names.remove()
            }
        } catch {
            isLeft = hasFinalName
        }
        return !isLeft
    }

    /// Whether a final name leads to the file, as far as the store tells.
    private var hasFinalName: Bool {
        var meant = stat()
        guard fstat(descriptor, &meant) == 0 else { return true }
        return [names.shared, names.own].contains { path in
            var there = stat()
            guard lstat(path, &there) == 0 else { return errno != ENOENT }
            return there.st_ino == meant.st_ino && there.st_dev == meant.st_dev
        }
    }

    private func closeFile() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func syncFolder() throws(Fault) {
        let opened = open(names.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw .store(errno, "opening the store's folder") }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw .store(errno, "syncing the store's folder") }
    }
}

// MARK: a whole file at once

extension FileBlobWriter {
    /// Shares the other file's blocks where the file system can (XFS, Btrfs), else lets the kernel copy them. Both work within one file
    /// system only; holes stay holes.
    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .store(errno, "opening an image's file") }
        defer { close(source) }
        var (from, to) = (stat(), stat())
        guard fstat(source, &from) == 0, fstat(descriptor, &to) == 0 else { throw .store(errno, "asking for an image's file") }
        guard from.st_dev == to.st_dev, Int64(from.st_size) == size else { return false }
        if vitrine_clone(descriptor, source) != 0 {
            guard try copyData(of: source, size: size, isCancelled) else { return false }
            guard ftruncate(descriptor, off_t(size)) == 0 else { throw .store(errno, "writing an image's file") }
        }
        // If the source was truncated meanwhile, a hole would replace the missing data.
        guard fstat(source, &from) == 0, fstat(descriptor, &to) == 0 else { throw .store(errno, "asking for an image's file") }
        guard Int64(from.st_size) == size, Int64(to.st_size) == size else { throw .sourceChanged() }
        written = size
        return true
    }

    func taken() throws(Fault) -> any ByteStream { try ReadBack(path: names.pending) }

    /// The bytes that the kernel copies between two calls of `isCancelled`.
    private static let copyStep: Int64 = 64 << 20

    /// - Returns: false when the kernel does not support it.
    private func copyData(of source: CInt, size: Int64, _ isCancelled: () -> Bool) throws(Fault) -> Bool {
        var position: off_t = 0
        var hasCopied = false
        while position < size {
            // There is no more data: the rest is a hole.
            let start = lseek(source, position, vitrine_seek_data)
            if start < 0, errno == ENXIO { return true }
            // A file system without support for holes reports data only.
            let end = start < 0 ? off_t(size) : min(lseek(source, start, vitrine_seek_hole), off_t(size))
            position = max(start, position)
            guard end > position else { throw .sourceChanged() }
            while position < end {
                if isCancelled() { throw Fault(.gone, "The copy was cancelled.") }
                var (from, to) = (position, position)
                let count = copy_file_range(source, &from, descriptor, &to, Int(min(Self.copyStep, Int64(end - position))), 0)
                if count < 0 {
                    if errno == EINTR { continue }
                    if !hasCopied, [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) { return false }
                    throw .store(errno, "copying an image's file")
                }
                guard count > 0 else { throw .sourceChanged() }
                hasCopied = true
                _ = sync_file_range(descriptor, position, off_t(count), vitrine_sync_file_range_write)
                position += off_t(count)
            }
        }
        return true
    }
}

extension Fault {
    fileprivate static func sourceChanged() -> Fault { Fault(.unavailable, "The file changed while it was copied.") }
}
