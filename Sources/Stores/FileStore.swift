package import Domain
internal import Glibc
package import JSONDocument

/// Images as files, one each, in Glance's own layout: `<folder>/<image id>`, location `file://<folder>/<image id>`.
///
/// Bytes come in under `.incoming/<image id>.<token>` and get their name when they are whole and synced. Glance writes under
/// the final name and never syncs; it can read what lies here, and what it left lies here as it should. Where a file has the image's
/// name that no record tells of, as Glance leaves it when it dies, that stays as it is, and the image's file is called
/// `<image id>.<token>`; see `FileNames`.
package struct FileStore: ImageStore {
    private let name: String?
    private let settings: Settings
    private let folders: [Folder]

    /// Options are those of Glance's file store. Source: glance_store, `_drivers/filesystem.py`.
    package struct Settings: Sendable {
        /// Where nginx finds the first folder: `/_blobs/file`; nil when it is not to send files itself. Of several folders each
        /// has its number behind it.
        package var internalPrefix: String?
        /// For new files; 0 leaves it to the umask.
        package var permissions: UInt32 = 0
        /// Runs of zeros are left out of files (`filesystem_thin_provisioning`).
        package var isThin = false
        /// What new locations say besides, where the file lies below a mount point (`filesystem_store_metadata_file`).
        package var mounts: [FileMount] = []
        /// Whether each file's location is recorded, so that one may have another name than its image's id.
        package var hasLocations = true

        package init() {}
    }

    /// One of the places that files are kept in.
    package struct Place: Sendable {
        package let path: String
        /// Of places with enough room that of the highest number takes an image, and of equals the emptiest.
        package let priority: Int

        package init(path: String, priority: Int = 0) { (self.path, self.priority) = (path, priority) }
    }

    /// - Parameters:
    ///   - name: the store's, by which its locations are labelled; nil for the only store of a site.
    ///   - places: one at least.
    /// - Throws: `.unavailable` when a folder is not there and cannot be made.
    package init(name: String? = nil, _ places: [Place], _ settings: Settings = Settings()) throws(Fault) {
        (self.name, self.settings) = (name, settings)
        var folders: [Folder] = []
        for (number, place) in places.enumerated() {
            let prefix = settings.internalPrefix.map { places.count == 1 ? $0 : "\($0)/\(number)" }
            folders.append(try Folder(place, internalPrefix: prefix))
        }
        self.folders = folders
    }

    /// The folders, and where nginx is to find them.
    package var internalFolders: [(prefix: String, folder: String)] {
        folders.compactMap { folder in folder.internalPrefix.map { ($0, folder.path) } }
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any PendingBytes {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name a file.") }
        let folder = try folder(for: size ?? 0)
        return try PendingFile(
            FileNames(folder: folder.path, image: id.text, token: token, mayHaveOwn: settings.hasLocations),
            metadata: metadata(of: "\(folder.path)/\(id)"), permissions: settings.permissions, isThin: settings.isThin)
    }

    /// The file goes only where it still has its unfinished name: else it is settled.
    package func discard(_ upload: Upload) throws(Fault) {
        guard let folder = folderOfPending(upload), let path = Self.path(of: upload.pendingURL),
            path.hasPrefix("\(folder.incoming)/\(upload.image).")
        else { return }
        let token = String(path.dropFirst("\(folder.incoming)/\(upload.image).".count))
        try FileNames(folder: folder.path, image: upload.image.text, token: token, mayHaveOwn: settings.hasLocations).remove()
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        guard folderOfPending(upload) != nil, let path = Self.path(of: upload.pendingURL) else { return }
        try FileNames.unlinkIfThere(path)
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        var uploads: [Upload] = []
        for folder in folders { uploads += try folder.pendingUploads(olderThan: seconds) }
        return uploads
    }

    package func remove(_ url: String) throws(Fault) {
        guard let (path, _) = ownFile(of: url) else { return }
        try FileNames.unlinkIfThere(path)
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        guard let (path, folder) = ownFile(of: url) else { return }
        // Where nothing is owed, nothing has to be done about what is gone.
        guard settings.hasLocations || access(path, F_OK) == 0 else { return }
        try FileNames.underMark(String(path.dropFirst(folder.path.count + 1)), in: folder.path) { () throws(Fault) in
            if try isMeant() { try remove(url) }
        }
    }

    package func holds(_ url: String) -> Bool { ownFile(of: url) != nil }

    package func bytes(at url: String) throws(Fault) -> StoredBytes {
        guard let (path, folder) = ownFile(of: url) else { throw .noBytes() }
        var info = stat()
        guard stat(path, &info) == 0 else { throw errno == ENOENT ? .noBytes() : .store(errno, "finding an image's file") }
        guard info.st_mode & S_IFMT == S_IFREG else { throw .noBytes() }
        var bytes = StoredBytes(
            size: Int64(info.st_size), internalPath: folder.internalPrefix.map { "\($0)/\(path.dropFirst(folder.path.count + 1))" },
            open: { offset throws(Fault) in try FileReader(path: path, offset: offset) })
        bytes.path = path
        return bytes
    }

    // MARK: places

    /// Source: glance_store, `_find_best_datadir`.
    private func folder(for size: Int64) throws(Fault) -> Folder {
        var best: (folder: Folder, free: Int64)?
        for folder in folders {
            let free = try folder.freeBytes()
            guard free >= size else { continue }
            if let best, (best.folder.priority, best.free) >= (folder.priority, free) { continue }
            best = (folder, free)
        }
        guard let best else { throw .storeFull() }
        return best.folder
    }

    private func folderOfPending(_ upload: Upload) -> Folder? {
        Self.path(of: upload.pendingURL).flatMap { path in folders.first { path.hasPrefix($0.incoming + "/") } }
    }

    /// An image's file, for a location that lies right in one of the folders under a plain name. A location may come from an old
    /// database or an administrator, so it is checked, and never pasted.
    private func ownFile(of url: String) -> (path: String, folder: Folder)? {
        guard let path = Self.path(of: url), let slash = path.lastIndex(of: "/"),
            // One folder may lie in another.
            let folder = folders.first(where: { $0.path == path[..<slash] })
        else { return nil }
        let name = path[path.index(after: slash)...]
        let isPlain = name.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || $0 == 0x2E || isalnum(CInt($0)) != 0 && $0 < 0x80 }
        return !name.isEmpty && name.first != "." && isPlain ? (path, folder) : nil
    }

    private func metadata(of path: String) -> String {
        var fields = settings.mounts.first { $0.holds(path) }?.fields ?? [:]
        if let name { fields["store"] = .string(name) }
        return String(decoding: JSON.object(fields).text, as: UTF8.self)
    }

    private static func path(of url: String) -> String? {
        for scheme in ["file://", "filesystem://"] where url.hasPrefix(scheme) { return String(url.dropFirst(scheme.count)) }
        return nil
    }
}

/// A file system that those who are told of a location may have mounted too.
package struct FileMount: Sendable {
    private let mountPoint: String
    /// With the mount point and whatever else the operator says of it.
    let fields: JSONObject

    /// - Returns: nil for what names no `id` and no `mountpoint`.
    package init?(_ fields: JSONObject) {
        guard fields["id"]?.string != nil, let point = fields["mountpoint"]?.string, point.hasPrefix("/") else { return nil }
        mountPoint = point.last == "/" ? point : point + "/"
        self.fields = fields
    }

    func holds(_ path: String) -> Bool { path.hasPrefix(mountPoint) }
}

extension FileStore: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] {
        var names: [String] = []
        for folder in folders { names += try folder.names(in: folder.path, olderThan: seconds) }
        return names
    }
}

extension FileStore: HealthProbe {
    package var healthName: String { "store \(name ?? "file")" }

    /// Whether images can be read and new ones be written. The folder that bytes come in by is made at the start: when it is
    /// gone, so is what was mounted there.
    package func checkHealth() throws(Fault) {
        for path in folders.flatMap({ [$0.path, $0.incoming] }) {
            guard access(path, R_OK | W_OK | X_OK) == 0 else { throw .store(errno, "asking for the store's folders") }
        }
    }
}

/// A folder of images, and the one in it that they come in by.
private struct Folder: Sendable {
    /// Without a slash at its end.
    let path: String
    let incoming: String
    let priority: Int
    let internalPrefix: String?

    init(_ place: FileStore.Place, internalPrefix: String?) throws(Fault) {
        path = place.path.count > 1 && place.path.last == "/" ? String(place.path.dropLast()) : place.path
        incoming = FileNames.incoming(of: path)
        priority = place.priority
        self.internalPrefix = internalPrefix
        try Self.make(path)
        try Self.make(incoming)
    }

    private static func make(_ path: String) throws(Fault) {
        var made = ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty && path.first != "/" ? "" : "/") + part
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(made)") }
        }
    }

    func freeBytes() throws(Fault) -> Int64 {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { throw .store(errno, "asking for free space") }
        return Int64(clamping: UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize)).partialValue)
    }

    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try names(in: incoming, olderThan: seconds).compactMap { name in
            guard !FileNames.isMark(name) else {
                if FileNames.isOld("\(incoming)/\(name)") { unlink("\(incoming)/\(name)") }
                return nil
            }
            let parts = name.split(separator: ".", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return Upload(image: ImageID(String(parts[0])), token: String(parts[1]), pendingURL: "file://\(incoming)/\(name)")
        }
    }

    /// The names of files that nothing was written to for some seconds.
    func names(in folder: String, olderThan seconds: Int) throws(Fault) -> [String] {
        guard let names = entries(of: folder) else { throw .store(errno, "reading a folder of the store") }
        return names.filter { name in
            var info = stat()
            return stat("\(folder)/\(name)", &info) == 0 && info.st_mode & S_IFMT == S_IFREG && time(nil) - info.st_mtim.tv_sec > seconds
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
package struct StoreError: Error, CustomStringConvertible {
    /// `errno`.
    package let code: CInt
    package let doing: String

    package var description: String { "\(doing): \(String(cString: strerror(code)))" }
}

/// The names of all that is in a folder; nil when it cannot be read, for the reason in `errno`.
func entries(of folder: String) -> [String]? {
    guard let handle = opendir(folder) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        names.append(
            withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            })
    }
    return names
}
