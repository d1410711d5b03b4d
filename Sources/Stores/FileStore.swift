package import Domain
internal import Glibc
package import JSONDocument
package import Logging

/// A store that keeps each image in a file, in Glance's layout: `<folder>/<image id>`, with the location `file://<folder>/<image id>`.
///
/// Data is written to `.incoming/<image id>.<token>`, which gets its final name when it is complete and synced. Glance writes to the final
/// name and never syncs; each service can read the files of the other. If a file without a record has the image's name, as Glance leaves it
/// when it dies, that file stays, and the image's file is named `<image id>.<token>`; see `FileNames`.
package struct FileStore: ImageStore {
    private let name: String?
    private let settings: Settings
    private let folders: [StoreFolder]
    private let readable: ReadableFolders

    /// The settings; they are options of Glance's file store. Source: glance_store, `_drivers/filesystem.py`.
    package struct Settings: Sendable {
        /// The path under which nginx finds the first folder, for example `/_blobs/file`; nil when nginx does not send files. If there are
        /// several folders, each one's number is appended.
        package var internalPrefix: String?
        /// The permissions of new files; 0 for those of the umask.
        package var permissions: UInt32 = 0
        /// Whether runs of zeros become holes (`filesystem_thin_provisioning`).
        package var isThin = false
        /// Metadata of new locations whose file lies below a mount point (`filesystem_store_metadata_file`).
        package var mounts: [FileMount] = []
        /// Whether each file's location is recorded, so that the file may have another name than the image's id.
        package var hasLocations = true
        /// The folders to which a symbolic link may lead; nil for the store's own folders only.
        package var readable: ReadableFolders?

        /// Makes default settings.
        package init() {}
    }

    /// One of the store's folders.
    package struct Place: Sendable {
        /// The folder's path.
        package let path: String
        /// Of the folders with enough space, the one with the highest priority takes an image; of equal ones, the one with the most space.
        package let priority: Int

        /// Makes a place of its parts.
        package init(path: String, priority: Int = 0) { (self.path, self.priority) = (path, priority) }
    }

    /// Makes a store of its folders.
    ///
    /// - Parameters:
    ///   - name: the store's name, for the label of its locations; nil for a single store without a name.
    ///   - places: at least one.
    ///   - records: the records of the folders' marks; nil when the folders are not checked.
    ///   - logger: logs folders that cannot be used while others can.
    /// - Throws: `.unavailable` when no folder exists or can be made. A folder that fails in another way may recover later.
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

    /// The folders, and the paths under which nginx finds them.
    package var internalFolders: [(prefix: String, folder: String)] {
        folders.compactMap { folder in folder.internalPrefix.map { ($0, folder.path) } }
    }

    /// The space of the folders' file systems, each of which counts once.
    ///
    /// - Throws: when a folder cannot be asked.
    package func space() throws(Fault) -> StoreSpace {
        var (seen, sum): (Set<UInt>, (free: Int64, size: Int64)) = ([], (0, 0))
        for folder in folders {
            let space = try folder.space()
            if seen.insert(space.fileSystem).inserted { sum = (sum.free + space.free, sum.size + space.size) }
        }
        return StoreSpace(free: sum.free, size: sum.size)
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
        // A file system that was mounted since the start may not have this folder yet.
        try folder.makeIncoming()
        folder.note(.making, nil)
        return try FileBlobWriter(
            FileNames(folder: folder.path, image: id.text, token: token, mayHaveOwn: settings.hasLocations),
            metadata: metadata(of: "\(folder.path)/\(id)"), permissions: settings.permissions, isThin: settings.isThin)
    }

    /// Removes the file only while it has its unfinished name; otherwise the upload is confirmed.
    package func discard(_ upload: Upload) throws(Fault) {
        guard let folder = folderOfPending(upload), let path = Self.path(of: upload.pendingURL),
            path.hasPrefix("\(folder.incoming)/\(upload.image).")
        else { return }
        let token = String(path.dropFirst("\(folder.incoming)/\(upload.image).".count))
        // A missing file counts as removed only in the right folder.
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

    /// Lists all folders together. A folder that cannot be read does not hide the others.
    ///
    /// - Throws: when no folder can be read.
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
        // A missing file counts as removed only in the right folder.
        try folder.remove(String(path.dropFirst(folder.path.count + 1)))
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        guard let (path, folder) = ownFile(of: url) else { return }
        // Without recorded locations no removals are owed, so a missing file needs no check of the folder.
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

    /// Opens the file behind a symbolic link. nginx does not follow links, so the worker sends it.
    ///
    /// - Throws: `.forbidden` for a link to a file that the service may not read.
    private func linkedBytes(at path: String) throws(Fault) -> Blob {
        do throws(Fault) {
            guard let file = try readable.open(path) else { throw .noBytes() }
            return Blob(of: file, in: readable)
        } catch {
            throw error.isElsewhere ? Fault(.forbidden, error.message, cause: error.cause) : error
        }
    }

    // MARK: folders

    /// The folders with enough space, the best one first. Source: glance_store, `_find_best_datadir`.
    ///
    /// - Parameter refusal: set to the fault of a folder that could not be measured.
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

    /// The file of a location directly in one of the folders, with a plain name; nil for other locations. A location may come from an old
    /// database or an administrator, so it is checked.
    private func ownFile(of url: String) -> (path: String, folder: StoreFolder)? {
        guard let path = Self.path(of: url), let slash = path.lastIndex(of: "/"),
            // One folder may be inside another.
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

    /// The path in a location of a file, with each run of slashes reduced to one (`file:////folder/image`); nil for other locations.
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

/// A file system that the readers of a location may have mounted too.
package struct FileMount: Sendable {
    private let mountPoint: String
    /// The mount point and the operator's other fields.
    let fields: JSONObject

    /// Makes a mount of its fields.
    ///
    /// - Returns: nil when `id` or `mountpoint` is missing.
    package init?(_ fields: JSONObject) {
        guard fields["id"]?.string != nil, let point = fields["mountpoint"]?.string, point.hasPrefix("/") else { return nil }
        mountPoint = point.last == "/" ? point : point + "/"
        self.fields = fields
    }

    func holds(_ path: String) -> Bool { path.hasPrefix(mountPoint) }
}

extension FileStore: MeasuredStore {}

extension FileStore: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] {
        try ofEach { folder throws(Fault) in try folder.oldFiles(in: folder.path, olderThan: seconds).names }
    }
}

extension FileStore {
    /// The folders as this process sees them; nil while that is not known of one of them.
    var seenFolders: [NodeSetup.Folder]? {
        let seen = folders.compactMap { $0.seen() }
        return seen.count == folders.count ? seen : nil
    }

    /// The folders and the permissions of new files, for a verification.
    var verified: (folders: [StoreFolder], permissions: UInt32, readable: ReadableFolders) { (folders, settings.permissions, readable) }
}

extension FileStore: HealthProbe {
    package var healthName: String { "store \(name ?? "file")" }

    /// Checks whether images can be read and written in every folder. A missing `.incoming` is made again in the right folder, but not in
    /// an empty mount point. A full folder is well: a balancer that takes its machine out would take the downloads away, too.
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
    static func storeFull() -> Fault { Fault(.tooLarge, "There is not enough space in the image store.") }

    /// Whether the folder does not exist and cannot be made because of the configuration, and not because of a failing disk.
    fileprivate var isNoFolder: Bool {
        guard let code = (cause as? StoreError)?.code else { return false }
        return [ENOENT, ENOTDIR, EACCES, EPERM, ENAMETOOLONG, ELOOP].contains(code)
    }

    static func noBytes() -> Fault { Fault(.notFound, "The image's data is not in the store.") }

    static func store(_ code: CInt, _ doing: String) -> Fault {
        let cause = StoreError(code: code, doing: doing)
        return switch code {
        case ENOSPC, EFBIG, EDQUOT: Fault(.tooLarge, "There is not enough space in the image store.", cause: cause)
        default: Fault(.unavailable, "The image store cannot be used now.", cause: cause)
        }
    }
}

/// An error of the operating system, for the log.
package struct StoreError: Error, CustomStringConvertible {
    /// The value of `errno`.
    package let code: CInt
    /// The action that failed, for example `opening an image's file`.
    package let doing: String

    package var description: String { "\(doing): \(String(cString: strerror(code)))" }
}
