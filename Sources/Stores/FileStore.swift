package import Domain
internal import Glibc

/// Images as files, one each, in Glance's own layout: `<folder>/<image id>`, location `file://<folder>/<image id>`.
///
/// Bytes come in under `.incoming/<image id>.<token>` and get their name when they are whole and synced. Glance writes under
/// the final name and never syncs; it can read what lies here, and what it left lies here as it should.
package struct FileStore: ImageStore {
    /// Without a slash at its end.
    private let folder: String
    private let incoming: String
    /// Where nginx finds the folder: `/_blobs/file`; nil when it is not to send files itself.
    private let internalPrefix: String?
    /// For new files; 0 leaves it to the umask.
    private let permissions: UInt32

    /// - Throws: `.unavailable` when the folder is not there and cannot be made.
    package init(folder: String, internalPrefix: String?, permissions: UInt32 = 0) throws(Fault) {
        self.folder = folder.count > 1 && folder.last == "/" ? String(folder.dropLast()) : folder
        incoming = self.folder + "/.incoming"
        self.internalPrefix = internalPrefix
        self.permissions = permissions
        try Self.makeFolder(self.folder)
        try Self.makeFolder(incoming)
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any PendingBytes {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name a file.") }
        if let size, size > (try freeBytes()) { throw .storeFull() }
        return try PendingFile(
            path: "\(incoming)/\(id).\(token)", finalPath: "\(folder)/\(id)", folder: folder, permissions: permissions)
    }

    package func discard(_ upload: Upload) throws(Fault) {
        // In this order: a worker that is still at it cannot name its bytes any more once the first is gone.
        try discardPending(upload)
        guard upload.image.isUUID else { return }
        try Self.unlinkIfThere("\(folder)/\(upload.image)")
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        guard let path = Self.path(of: upload.pendingURL), path.hasPrefix(incoming + "/") else { return }
        try Self.unlinkIfThere(path)
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        guard let entries = opendir(incoming) else { throw .store(errno, "reading the folder of unfinished uploads") }
        defer { closedir(entries) }
        var uploads: [Upload] = []
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var info = stat()
            let parts = name.split(separator: ".", maxSplits: 1)
            guard parts.count == 2, stat("\(incoming)/\(name)", &info) == 0, time(nil) - info.st_mtim.tv_sec > seconds else { continue }
            uploads.append(Upload(image: ImageID(String(parts[0])), token: String(parts[1]), pendingURL: "file://\(incoming)/\(name)"))
        }
        return uploads
    }

    package func remove(_ url: String) throws(Fault) {
        guard let path = ownPath(of: url) else { return }
        try Self.unlinkIfThere(path)
    }

    package func bytes(at url: String) throws(Fault) -> StoredBytes {
        guard let path = ownPath(of: url) else { throw .noBytes() }
        var info = stat()
        guard stat(path, &info) == 0 else { throw errno == ENOENT ? .noBytes() : .store(errno, "finding an image's file") }
        guard info.st_mode & S_IFMT == S_IFREG else { throw .noBytes() }
        return StoredBytes(
            size: Int64(info.st_size), internalPath: internalPrefix.map { "\($0)/\(path.dropFirst(folder.count + 1))" },
            open: { offset throws(Fault) in try FileReader(path: path, offset: offset) })
    }

    /// The path of an image's file, for a location that lies right in this folder under a plain name. A location may come
    /// from an old database or an administrator, so it is checked, and never pasted.
    private func ownPath(of url: String) -> String? {
        guard let path = Self.path(of: url), path.hasPrefix(folder + "/") else { return nil }
        let name = path.dropFirst(folder.count + 1)
        let isPlain = name.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || $0 == 0x2E || isalnum(CInt($0)) != 0 && $0 < 0x80 }
        return !name.isEmpty && name.first != "." && isPlain ? path : nil
    }

    private static func path(of url: String) -> String? {
        for scheme in ["file://", "filesystem://"] where url.hasPrefix(scheme) { return String(url.dropFirst(scheme.count)) }
        return nil
    }

    private func freeBytes() throws(Fault) -> Int64 {
        var info = statvfs()
        guard statvfs(folder, &info) == 0 else { throw .store(errno, "asking for free space") }
        return Int64(clamping: UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize)).partialValue)
    }

    private static func makeFolder(_ path: String) throws(Fault) {
        var made = ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty && path.first != "/" ? "" : "/") + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(made)") }
        }
    }

    private static func unlinkIfThere(_ path: String) throws(Fault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .store(errno, "removing an image's file") }
    }
}

extension FileStore: HealthProbe {
    package var healthName: String { "store file" }

    /// Whether images can be read and new ones be written. The folder that bytes come in by is made at the start: when it is
    /// gone, so is what was mounted there.
    package func checkHealth() throws(Fault) {
        for path in [folder, incoming] {
            guard access(path, R_OK | W_OK | X_OK) == 0 else { throw .store(errno, "asking for the store's folders") }
        }
    }
}

extension Fault {
    static func storeFull() -> Fault { Fault(.tooLarge, "There is not enough room in the image store.") }

    fileprivate static func noBytes() -> Fault { Fault(.notFound, "The image's data is not in the store.") }

    static func store(_ code: CInt, _ doing: String) -> Fault {
        let cause = StoreError(code: code, doing: doing)
        return switch code {
        case ENOSPC, EFBIG, EDQUOT: Fault(.tooLarge, "There is not enough room in the image store.", cause: cause)
        default: Fault(.unavailable, "The image store cannot be used now.", cause: cause)
        }
    }
}

/// What the system said, for the log.
package struct StoreError: Error {
    /// `errno`.
    package let code: CInt
    package let doing: String
}
