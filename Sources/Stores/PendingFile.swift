internal import CLinux
internal import Domain
internal import Glibc

/// A file on its way in. Held by one thread; the last one to let go removes what was not committed.
final class PendingFile: PendingBytes, @unchecked Sendable {
    let url: String
    private let path: String
    private let finalPath: String
    private let folder: String
    private var descriptor: CInt
    private var written: Int64 = 0
    private var handedToDisk: Int64 = 0
    private var isDirect = false
    private var isNamed = false
    /// Tells this file from another that got its name later.
    private let inode: ino_t

    /// Bytes after which the disk is set to work, so that the sync at the end finds little left to do.
    private static let syncStep: Int64 = 16 << 20

    init(path: String, finalPath: String, folder: String, permissions: UInt32) throws(Fault) {
        (self.path, self.finalPath, self.folder) = (path, finalPath, folder)
        url = "file://\(path)"
        let opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .store(errno, "creating an image's file") }
        descriptor = opened
        var info = stat()
        inode = fstat(opened, &info) == 0 ? info.st_ino : 0
        if permissions != 0 { fchmod(descriptor, mode_t(permissions)) }
    }

    deinit {
        if isNamed { closeFile() } else { discard() }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        useDirect(written >= Self.cached && written % Self.page == 0 && Self.isWholePages(bytes))
        var left = bytes
        while !left.isEmpty {
            let count = write(descriptor, left.baseAddress, left.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .store(errno, "writing an image's file")
            }
            left = UnsafeRawBufferPointer(rebasing: left[count...])
            written += Int64(count)
        }
        if !isDirect, written - handedToDisk >= Self.syncStep {
            _ = sync_file_range(descriptor, off_t(handedToDisk), off_t(written - handedToDisk), vitrine_sync_file_range_write)
            handedToDisk = written
        }
    }

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

    func commit() throws(Fault) -> ImageLocation {
        // A sync that failed once is final: the kernel has dropped the pages, and a second one would lie.
        guard fsync(descriptor) == 0 else { throw .store(errno, "syncing an image's file") }
        guard rename(path, finalPath) == 0 else { throw .store(errno, "naming an image's file") }
        isNamed = true
        try syncFolder()
        return ImageLocation(url: "file://\(finalPath)")
    }

    /// Under its final name the file is removed only if it is still this one: when the lease was lost, the image may have
    /// been given other bytes since. As long as the file is open, no other one gets its inode's number.
    func discard() {
        guard descriptor >= 0 else { return }
        defer { closeFile() }
        guard isNamed else {
            unlink(path)
            return
        }
        var info = stat()
        if stat(finalPath, &info) == 0, info.st_ino == inode { unlink(finalPath) }
    }

    private func closeFile() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func syncFolder() throws(Fault) {
        let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw .store(errno, "opening the store's folder") }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw .store(errno, "syncing the store's folder") }
    }
}

/// Reads an image's file from an offset on.
final class FileReader: ByteReader {
    private let descriptor: CInt

    init(path: String, offset: Int64) throws(Fault) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw .store(errno, "opening an image's file") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Fault) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .store(errno, "reading an image's file") }
        }
    }
}
