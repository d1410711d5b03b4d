internal import CLinux
internal import Domain
internal import Glibc

/// A file on its way in. Held by one thread; the last one to let go removes what was not committed.
final class FileBlobWriter: BlobWriter, @unchecked Sendable {
    let url: String
    private let names: FileNames
    private let metadata: String
    /// Runs of zeros become holes.
    private let isThin: Bool
    private var descriptor: CInt
    /// Bytes that came, holes among them.
    private var written: Int64 = 0
    private var handedToDisk: Int64 = 0
    private var isDirect = false
    /// It may have a final name.
    private var mayBeNamed = false
    private var named: (path: String, isLinked: Bool)?
    /// It has a final name still, though it was discarded.
    private var isLeft = false

    /// Bytes after which the disk is set to work, so that the sync at the end finds little left to do.
    private static let syncStep: Int64 = 16 << 20

    /// - Parameter metadata: of the location that it becomes.
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
        var left = bytes
        while !left.isEmpty {
            let count = Glibc.write(descriptor, left.baseAddress, left.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .store(errno, "writing an image's file")
            }
            left = UnsafeRawBufferPointer(rebasing: left[count...])
            written += Int64(count)
        }
    }

    // MARK: holes

    /// Bytes that are looked at together for being nothing but zeros. Source: glance_store, `filesystem_store_chunk_size`.
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

    /// Bytes of the chunks at the beginning that are zeros alone, or that are not.
    private static func run(of zeros: Bool, in bytes: UnsafeRawBufferPointer) -> Int {
        var end = 0
        while end < bytes.count {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[end..<min(end + chunk, bytes.count)])
            guard isZero(piece) == zeros else { break }
            end += piece.count
        }
        return end
    }

    /// Each byte equals the one before it, and the first is zero.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[0] == 0 && memcmp(bytes.baseAddress!, bytes.baseAddress! + 1, bytes.count - 1) == 0
    }

    // MARK: past the page cache

    /// Behind its first bytes a large image goes to the disk past the page cache, where the file system can: its gigabytes
    /// would push out all that is read often, and copying them there costs more than either digest (measured: 2.0 of 4.7 CPU
    /// seconds a GB).
    private func useDirect(_ wanted: Bool) {
        guard wanted != isDirect else { return }
        let flags = fcntl(descriptor, F_GETFL)
        let done = fcntl(descriptor, F_SETFL, wanted ? flags | vitrine_o_direct : flags & ~vitrine_o_direct)
        isDirect = wanted && done == 0
    }

    private static let page: Int64 = 4096
    /// Bytes of an image that are left in the page cache: all of a small one, which is likely read soon.
    private static let cached: Int64 = 64 << 20

    private static func isWholePages(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count % Int(page) == 0 && UInt(bitPattern: bytes.baseAddress) % UInt(page) == 0
    }

    // MARK: the end

    func commit() throws(Fault) -> ImageLocation {
        // A hole at the end is no file's size yet.
        if isThin, ftruncate(descriptor, off_t(written)) != 0 { throw .store(errno, "writing an image's file") }
        // A sync that failed once is final: the kernel has dropped the pages, and a second one would lie.
        guard fsync(descriptor) == 0 else { throw .store(errno, "syncing an image's file") }
        mayBeNamed = true
        let named = try names.give()
        self.named = named
        try syncFolder()
        return ImageLocation(url: "file://\(named.path)", metadata: metadata)
    }

    func confirm() { unlink(names.pending) }

    /// An unfinished name that stays is found by whoever clears up, but a final one only while the lease tells of it.
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
    /// Shares the other file's blocks where the file system can (XFS, Btrfs), else has the kernel copy them. Both need one file
    /// system; holes stay holes.
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
        // Where the source was cut off meanwhile, a hole would stand for what is missing.
        guard fstat(source, &from) == 0, fstat(descriptor, &to) == 0 else { throw .store(errno, "asking for an image's file") }
        guard Int64(from.st_size) == size, Int64(to.st_size) == size else { throw .sourceChanged() }
        written = size
        return true
    }

    func taken() throws(Fault) -> any ByteStream { try ReadBack(path: names.pending) }

    /// Bytes that the kernel copies between two looks at whether it is to go on.
    private static let copyStep: Int64 = 64 << 20

    /// - Returns: false where the kernel does not do it.
    private func copyData(of source: CInt, size: Int64, _ isCancelled: () -> Bool) throws(Fault) -> Bool {
        var position: off_t = 0
        var hasCopied = false
        while position < size {
            // No more data behind: what is left is a hole.
            let start = lseek(source, position, vitrine_seek_data)
            if start < 0, errno == ENXIO { return true }
            // A file system that knows of no holes has data alone.
            let end = start < 0 ? off_t(size) : min(lseek(source, start, vitrine_seek_hole), off_t(size))
            position = max(start, position)
            guard end > position else { throw .sourceChanged() }
            while position < end {
                if isCancelled() { throw Fault(.gone, "Nobody waits for the copy any more.") }
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
    fileprivate static func sourceChanged() -> Fault { Fault(.unavailable, "The file became another while it was copied.") }
}
