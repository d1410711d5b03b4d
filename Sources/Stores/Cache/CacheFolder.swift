package import Domain
internal import Files
internal import Glibc
internal import Threading

/// The image cache as a folder, in Glance's layout: complete images are `<folder>/<image id>`; beside them are `incomplete/`, `invalid/`
/// and `queue/`.
///
/// The process that fills the cache with an image holds a lock on its file in `incomplete/`. Only the holder of the lock removes or renames
/// the file, so two processes never write the same file. Processes of other nodes must not share the folder.
package struct CacheFolder: ImageCache {
    private let folder: String
    private let internalPrefix: String?

    /// Makes a cache. The folder is not made here: if it cannot be made later, images are sent without it.
    ///
    /// - Parameters:
    ///   - folder: the path without a slash at its end.
    ///   - internalPrefix: the path under which nginx finds the folder; nil when nginx does not send files.
    package init(_ folder: String, internalPrefix: String?) { (self.folder, self.internalPrefix) = (folder, internalPrefix) }

    package func bytes(of id: ImageID) -> Blob? {
        guard id.isUUID, let info = fileInfo(of: wholePath(id)) else { return nil }
        var bytes = Blob(
            size: Int64(info.st_size), internalPath: internalPrefix.map { "\($0)/\(id)" },
            open: { offset throws(Fault) in try FileReader(path: wholePath(id), offset: offset) })
        bytes.path = wholePath(id)
        return bytes
    }

    /// Sets the time of the last access: reading by nginx does not change it on a file system that is mounted with `relatime`.
    package func touch(_ id: ImageID) {
        let times = [timespec(tv_sec: 0, tv_nsec: CacheFolder.now), timespec(tv_sec: 0, tv_nsec: CacheFolder.leave)]
        _ = utimensat(AT_FDCWD, wholePath(id), times, 0)
    }

    /// UTIME_NOW and UTIME_OMIT, which are macros that Swift does not import.
    private static let (now, leave) = (0x3FFF_FFFF, 0x3FFF_FFFE)

    package func begin(_ id: ImageID) throws(Fault) -> (any CacheFill)? {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name a file.") }
        for name in [folder, part(.incomplete), part(.invalid)] { try make(name) }
        let path = path(.incomplete, id)
        // The file may belong to a fill that ends at this moment, or to a dead process. It is replaced by a new file, since followers of
        // the old one must not read the new one's bytes. Each pass of the loop finds another such file.
        for _ in 0..<10 {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .cache(errno, "opening a file to fill") }
            guard FileLock.take(descriptor) else {
                close(descriptor)
                return nil
            }
            let (named, opened) = (fileInfo(of: path), fileInfo(of: descriptor))
            if let named, let opened, named.st_ino == opened.st_ino, opened.st_size == 0, opened.st_mode & 0o777 == 0o600 {
                return CacheFile(
                    descriptor, path: path, wholePath: wholePath(id), invalidPath: self.path(.invalid, id), folder: folder)
            }
            if let named, named.st_ino == opened?.st_ino { unlink(path) }
            close(descriptor)
        }
        return nil
    }

    package func growing(_ id: ImageID) -> (any GrowingBytes)? {
        guard id.isUUID else { return nil }
        let descriptor = open(path(.incomplete, id), O_RDONLY | O_CLOEXEC)
        return descriptor >= 0 ? FollowedFile(descriptor) : nil
    }

    // MARK: lists

    package func images() throws(Fault) -> [CachedFile] {
        try names(in: folder).compactMap { name in
            guard let info = fileInfo(of: "\(folder)/\(name)") else { return nil }
            return CachedFile(
                image: ImageID(name), size: Int64(info.st_size), lastAccessed: info.st_atim.seconds, lastModified: info.st_mtim.seconds)
        }
    }

    package func queue() throws(Fault) -> [ImageID] {
        let marks = try names(in: part(.queue)).compactMap { name in
            fileInfo(of: "\(part(.queue))/\(name)").map { (name, $0.st_mtim.seconds) }
        }
        return marks.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map { ImageID($0.0) }
    }

    package func enqueue(_ id: ImageID) throws(Fault) {
        guard id.isUUID else { throw Fault(.notFound, "There is no image \(id).") }
        for name in [folder, part(.queue)] { try make(name) }
        let descriptor = open(path(.queue, id), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 || errno == EEXIST else { throw .cache(errno, "marking an image as wanted") }
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Sets the time exactly: files that are made within one tick of the kernel's clock would have no order.
        let now = wallTime()
        futimens(descriptor, [now, now])
    }

    package func dequeue(_ id: ImageID) throws(Fault) -> Bool { id.isUUID ? try remove(path(.queue, id)) : false }
    package func remove(_ id: ImageID) throws(Fault) -> Bool { id.isUUID ? try remove(wholePath(id)) : false }

    package func clean(olderThan seconds: Int) throws(Fault) {
        var refusal: Fault?
        for name in try files(in: part(.invalid)) {
            do throws(Fault) { try remove("\(part(.invalid))/\(name)") } catch { refusal = error }
        }
        for name in try files(in: part(.incomplete)) {
            let descriptor = open("\(part(.incomplete))/\(name)", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard FileLock.take(descriptor), let opened = fileInfo(of: descriptor), time(nil) - opened.st_mtim.tv_sec >= seconds,
                fileInfo(of: "\(part(.incomplete))/\(name)", behindLinks: true)?.st_ino == opened.st_ino
            else { continue }
            do throws(Fault) { try remove("\(part(.incomplete))/\(name)") } catch { refusal = error }
        }
        if let refusal { throw refusal }
    }

    // MARK: paths

    private enum Part: String {
        case incomplete, invalid, queue
    }

    private func part(_ part: Part) -> String { "\(folder)/\(part.rawValue)" }
    private func path(_ part: Part, _ id: ImageID) -> String { "\(self.part(part))/\(id)" }
    private func wholePath(_ id: ImageID) -> String { "\(folder)/\(id)" }

    private func make(_ path: String) throws(Fault) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .cache(errno, "making a folder of the cache") }
    }

    @discardableResult
    private func remove(_ path: String) throws(Fault) -> Bool {
        if unlink(path) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw .cache(errno, "removing a file of the cache") }
        return false
    }

    /// The files whose names are image ids; none while the folder does not exist.
    private func names(in folder: String) throws(Fault) -> [String] { try entries(of: folder).filter { ImageID($0).isUUID } }

    /// All files with any name, and symbolic links to files, which are removed as links. As in Glance, database files are left out: its
    /// cache may keep one there.
    private func files(in folder: String) throws(Fault) -> [String] {
        try entries(of: folder).filter { !$0.hasSuffix(".db") && fileInfo(of: "\(folder)/\($0)", behindLinks: true) != nil }
    }

    private func entries(of folder: String) throws(Fault) -> [String] {
        guard let names = entryNames(in: folder) else {
            guard errno == ENOENT else { throw .cache(errno, "reading a folder of the cache") }
            return []
        }
        return names
    }

    /// A file; by default a symbolic link is none, since nginx would not follow it. Cleaning follows links.
    private func fileInfo(of path: String, behindLinks follows: Bool = false) -> stat? {
        var info = stat()
        let isThere = (follows ? stat(path, &info) : lstat(path, &info)) == 0
        return isThere && info.st_mode & S_IFMT == S_IFREG ? info : nil
    }

    private func fileInfo(of descriptor: CInt) -> stat? {
        var info = stat()
        return fstat(descriptor, &info) == 0 ? info : nil
    }
}

extension Fault {
    static func cache(_ code: CInt, _ doing: String) -> Fault {
        let kind: Kind = [ENOSPC, EFBIG, EDQUOT].contains(code) ? .tooLarge : .unavailable
        return Fault(kind, "The image cache cannot be used now.", cause: StoreError(code: code, doing: doing))
    }
}
