package import Domain
internal import Files
internal import Glibc

/// The cache as a folder, in Glance's own layout: `<folder>/<image id>` whole, `incomplete/`, `invalid/` and `queue/` beside.
///
/// Who brings an image in holds a lock on its file in `incomplete/`. Only the holder of that lock removes the file or gives it another
/// name, so no two ever write under one. Processes of other nodes must not share the folder.
package struct CacheFolder: ImageCache {
    private let folder: String
    private let internalPrefix: String?

    /// Makes nothing: where the folder cannot be had, images are sent without it.
    ///
    /// - Parameters:
    ///   - folder: without a slash at its end.
    ///   - internalPrefix: where nginx finds it; nil when it is not to send files itself.
    package init(_ folder: String, internalPrefix: String?) { (self.folder, self.internalPrefix) = (folder, internalPrefix) }

    package func bytes(of id: ImageID) -> Blob? {
        guard id.isUUID, let info = fileInfo(of: wholePath(id)) else { return nil }
        var bytes = Blob(
            size: Int64(info.st_size), internalPath: internalPrefix.map { "\($0)/\(id)" },
            open: { offset throws(Fault) in try FileReader(path: wholePath(id), offset: offset) })
        bytes.path = wholePath(id)
        return bytes
    }

    /// The time of access is set by ourselves: what nginx sends does not change it where the file system was mounted `relatime`.
    package func touch(_ id: ImageID) {
        let times = [timespec(tv_sec: 0, tv_nsec: CacheFolder.now), timespec(tv_sec: 0, tv_nsec: CacheFolder.leave)]
        _ = utimensat(AT_FDCWD, wholePath(id), times, 0)
    }

    /// UTIME_NOW and UTIME_OMIT, macros that Swift does not see.
    private static let (now, leave) = (0x3FFF_FFFF, 0x3FFF_FFFE)

    package func begin(_ id: ImageID) throws(Fault) -> (any CacheFill)? {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name a file.") }
        for name in [folder, part(.incomplete), part(.invalid)] { try make(name) }
        let path = path(.incomplete, id)
        // What is found may be somebody else's who just ends, or a dead one's, in whose place a new file comes: followers of the old
        // one must not take the new one's bytes for its own. Each turn of the loop is another such file.
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
        // Of files that are made within one tick of the kernel's clock nobody would know which came first.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
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

    // MARK: places

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

    /// The files that are called like images; none where there is no folder yet.
    private func names(in folder: String) throws(Fault) -> [String] { try entries(of: folder).filter { ImageID($0).isUUID } }

    /// All files, whatever they are called, and links to some; of a link the link itself is meant. As in Glance, a database is none: its
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

    /// A link is no image of the cache's, since nginx would not follow it; to be cleaned away it is what it leads to.
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

extension timespec {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_nsec) / 1e9 }
}

extension Fault {
    static func cache(_ code: CInt, _ doing: String) -> Fault {
        let kind: Kind = [ENOSPC, EFBIG, EDQUOT].contains(code) ? .tooLarge : .unavailable
        return Fault(kind, "The image cache cannot be used now.", cause: StoreError(code: code, doing: doing))
    }
}
