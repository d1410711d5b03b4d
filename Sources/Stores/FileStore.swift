package import Domain
internal import Glibc
package import JSONDocument
package import Logging

/// Images as files, one each, in Glance's own layout: `<folder>/<image id>`, location `file://<folder>/<image id>`.
///
/// Bytes come in under `.incoming/<image id>.<token>` and get their name when they are whole and synced. Glance writes under
/// the final name and never syncs; it can read what lies here, and what it left lies here as it should. Where a file has the image's
/// name that no record tells of, as Glance leaves it when it dies, that stays as it is, and the image's file is called
/// `<image id>.<token>`; see `FileNames`.
package struct FileStore: ImageStore {
    private let name: String?
    private let settings: Settings
    private let folders: [StoreFolder]
    private let readable: ReadableFolders

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
        /// Where a file that is a link may lead; nil for the store's own folders alone.
        package var readable: ReadableFolders?

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
    ///   - records: where the folders' marks are noted; nil where a folder need not show that it is the right one.
    ///   - logger: told of folders that cannot be used while others can.
    /// - Throws: `.unavailable` when none of the folders is there or can be made. What is there and fails may be well again later.
    package init(
        name: String? = nil, _ places: [Place], _ settings: Settings = Settings(), records: (any StoreFolderCatalog)? = nil,
        logger: Logger? = nil
    ) throws(Fault) {
        (self.name, self.settings) = (name, settings)
        readable = settings.readable ?? ReadableFolders(places.map(\.path))
        var folders: [StoreFolder] = []
        var missing: [Fault] = []
        for (number, place) in places.enumerated() {
            let prefix = settings.internalPrefix.map { places.count == 1 ? $0 : "\($0)/\(number)" }
            let folder = StoreFolder(place, internalPrefix: prefix, records: records, logger: logger)
            do throws(Fault) {
                try folder.make()
            } catch {
                if error.isNoFolder { missing.append(error) }
                folder.note(.making, error)
            }
            do throws(Fault) { try folder.makeIncoming() } catch { folder.note(.making, error) }
            folders.append(folder)
        }
        if let fault = missing.last, missing.count == places.count { throw fault }
        self.folders = folders
    }

    /// The folders, and where nginx is to find them.
    package var internalFolders: [(prefix: String, folder: String)] {
        folders.compactMap { folder in folder.internalPrefix.map { ($0, folder.path) } }
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name a file.") }
        var refusal: Fault?
        for folder in candidates(for: size ?? 0, &refusal) {
            do throws(Fault) {
                let bytes = try begin(id, token, in: folder)
                folder.note(.taking, nil)
                return bytes
            } catch {
                if error.kind != .tooLarge { folder.note(.taking, error) }
                refusal = error
            }
        }
        throw refusal ?? .storeFull()
    }

    private func begin(_ id: ImageID, _ token: String, in folder: StoreFolder) throws(Fault) -> FileBlobWriter {
        try folder.check()
        // What was mounted since the start may not have it yet.
        try folder.makeIncoming()
        folder.note(.making, nil)
        return try FileBlobWriter(
            FileNames(folder: folder.path, image: id.text, token: token, mayHaveOwn: settings.hasLocations),
            metadata: metadata(of: "\(folder.path)/\(id)"), permissions: settings.permissions, isThin: settings.isThin)
    }

    /// The file goes only where it still has its unfinished name: else it is settled.
    package func discard(_ upload: Upload) throws(Fault) {
        guard let folder = folderOfPending(upload), let path = Self.path(of: upload.pendingURL),
            path.hasPrefix("\(folder.incoming)/\(upload.image).")
        else { return }
        let token = String(path.dropFirst("\(folder.incoming)/\(upload.image).".count))
        // What is not there is gone only in the right folder.
        try folder.check()
        try folder.makeIncoming()
        try FileNames(folder: folder.path, image: upload.image.text, token: token, mayHaveOwn: settings.hasLocations).remove()
        try folder.check()
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        guard folderOfPending(upload) != nil, let path = Self.path(of: upload.pendingURL) else { return }
        try FileNames.unlinkIfThere(path)
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try ofEach { folder throws(Fault) in try folder.pendingUploads(olderThan: seconds) }
    }

    /// What the folders have together. One that cannot be read hides nothing of the others.
    ///
    /// - Throws: when none can be read.
    private func ofEach<Element>(_ list: (StoreFolder) throws(Fault) -> [Element]) throws(Fault) -> [Element] {
        var (all, faults): ([Element], [Fault]) = ([], [])
        for folder in folders {
            do throws(Fault) {
                all += try list(folder)
                folder.note(.listing, nil)
            } catch {
                folder.note(.listing, error)
                faults.append(error)
            }
        }
        if let fault = faults.first, faults.count == folders.count { throw fault }
        return all
    }

    package func remove(_ url: String) throws(Fault) {
        guard let (path, folder) = ownFile(of: url) else { return }
        guard unlink(path) != 0 else { return }
        guard errno == ENOENT else { throw .store(errno, "removing an image's file") }
        // Not there is removed only in the right folder.
        try folder.remove(String(path.dropFirst(folder.path.count + 1)))
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        guard let (path, folder) = ownFile(of: url) else { return }
        // Where nothing is owed, nothing has to be done about what is gone.
        guard settings.hasLocations || access(path, F_OK) == 0 else { return }
        try folder.check()
        try folder.makeIncoming()
        try FileNames.underMark(String(path.dropFirst(folder.path.count + 1)), in: folder.path) { () throws(Fault) in
            if try isMeant() { try remove(url) }
        }
    }

    package func holds(_ url: String) -> Bool { ownFile(of: url) != nil }

    package func bytes(at url: String) throws(Fault) -> Blob {
        guard let (path, folder) = ownFile(of: url) else { throw .noBytes() }
        var info = stat()
        if lstat(path, &info) != 0 {
            guard errno == ENOENT else { throw .store(errno, "finding an image's file") }
            guard let found = try folder.look(for: String(path.dropFirst(folder.path.count + 1))) else { throw .noBytes() }
            info = found
        }
        if info.st_mode & S_IFMT == S_IFLNK { return try linkedBytes(at: path) }
        guard info.st_mode & S_IFMT == S_IFREG else { throw .noBytes() }
        var bytes = Blob(
            size: Int64(info.st_size), internalPath: folder.internalPrefix.map { "\($0)/\(path.dropFirst(folder.path.count + 1))" },
            open: { offset throws(Fault) in try FileReader(path: path, offset: offset) })
        bytes.path = path
        return bytes
    }

    /// nginx is told to follow no links, so the worker sends what lies behind one.
    ///
    /// - Throws: `.forbidden` for a link that leads to where the service may not read.
    private func linkedBytes(at path: String) throws(Fault) -> Blob {
        do throws(Fault) {
            guard let file = try readable.open(path) else { throw .noBytes() }
            return Blob(of: file, in: readable)
        } catch {
            throw error.isElsewhere ? Fault(.forbidden, error.message, cause: error.cause) : error
        }
    }

    // MARK: places

    /// The folders that have room, the best first. Source: glance_store, `_find_best_datadir`.
    ///
    /// - Parameter refusal: why a folder could not be asked.
    private func candidates(for size: Int64, _ refusal: inout Fault?) -> [StoreFolder] {
        var found: [(folder: StoreFolder, free: Int64, number: Int)] = []
        for (number, folder) in folders.enumerated() {
            do throws(Fault) {
                let free = try folder.freeBytes()
                folder.note(.measuring, nil)
                if free >= size { found.append((folder, free, number)) }
            } catch {
                folder.note(.measuring, error)
                refusal = error
            }
        }
        return found.sorted { ($1.folder.priority, $1.free, $0.number) < ($0.folder.priority, $0.free, $1.number) }.map(\.folder)
    }

    private func folderOfPending(_ upload: Upload) -> StoreFolder? {
        Self.path(of: upload.pendingURL).flatMap { path in folders.first { path.hasPrefix($0.incoming + "/") } }
    }

    /// An image's file, for a location that lies right in one of the folders under a plain name. A location may come from an old
    /// database or an administrator, so it is checked, and never pasted.
    private func ownFile(of url: String) -> (path: String, folder: StoreFolder)? {
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

    /// The path that a location of a file names, with one slash where it has several (`file:////folder/image`); nil for other locations.
    static func path(of url: String) -> String? {
        for scheme in ["file://", "filesystem://"] where url.utf8.starts(with: scheme.utf8) {
            let path = url.utf8.dropFirst(scheme.utf8.count)
            guard path.firstRange(of: "//".utf8) != nil else { return String(path) }
            var (bytes, last): ([UInt8], UInt8) = ([], 0)
            for byte in path {
                if byte != UInt8(ascii: "/") || last != byte { bytes.append(byte) }
                last = byte
            }
            return String(decoding: bytes, as: UTF8.self)
        }
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
        try ofEach { folder throws(Fault) in try folder.names(in: folder.path, olderThan: seconds) }
    }
}

extension FileStore: HealthProbe {
    package var healthName: String { "store \(name ?? "file")" }

    /// Whether images can be read and new ones be written, in every folder. The folder that bytes come in by is made again where it is gone
    /// from the right folder: from an empty mount point it is gone for good.
    package func checkHealth() throws(Fault) {
        for folder in folders {
            try folder.mendIncoming()
            for path in [folder.path, folder.incoming] {
                guard access(path, R_OK | W_OK | X_OK) == 0 else { throw .store(errno, "asking for the folder \(path)") }
            }
            _ = try folder.freeBytes()
            try folder.checkSoon()
        }
    }
}

extension Fault {
    static func storeFull() -> Fault { Fault(.tooLarge, "There is not enough room in the image store.") }

    /// Nothing is there and cannot be made, by what the configuration says and not by what a disk does.
    fileprivate var isNoFolder: Bool {
        guard let code = (cause as? StoreError)?.code else { return false }
        return [ENOENT, ENOTDIR, EACCES, EPERM, ENAMETOOLONG, ELOOP].contains(code)
    }

    static func noBytes() -> Fault { Fault(.notFound, "The image's data is not in the store.") }

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
