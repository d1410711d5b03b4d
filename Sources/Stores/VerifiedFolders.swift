package import Domain
internal import CLinux
internal import Files
internal import Glibc
internal import JSONDocument

/// The stores of a set and the folders beside them, for a verification.
package struct VerifiedFolders: VerifiedStores {
    private let stores: StoreSet
    private let places: [Place]
    private let clocks = FolderClocks()

    /// A folder with the rules for its files.
    private struct Place: Sendable {
        let folder: VerifiedFolder
        /// Nil for the staging area and the cache.
        let base: StoreFolder?
        /// The permissions of new files; nil when they are not compared.
        let permissions: UInt32?
        /// Whether nginx sends the files.
        let isSentByNginx: Bool
    }

    /// The names of the staging area and of the image cache among those of stores.
    package static let (staging, cache) = ("staging", "cache")
    private static let usualPermissions: UInt32 = 0o644
    private static let atOnce = 500

    /// Makes the folders of a set of stores.
    ///
    /// - Parameters:
    ///   - staging: the folder of the staging area; nil without one.
    ///   - cache: the folder of this node's image cache; nil without one.
    package init(_ stores: StoreSet, staging: String?, cache: String?) {
        self.stores = stores
        var places: [Place] = []
        for (name, store) in stores.verified {
            guard let (folders, permissions, _) = (store as? FileStore)?.verified else { continue }
            places += folders.map { base in
                Place(
                    folder: VerifiedFolder(store: name, content: .images, path: base.path, incoming: base.incoming), base: base,
                    permissions: permissions == 0 ? Self.usualPermissions : permissions, isSentByNginx: base.internalPrefix != nil)
            }
        }
        if let staging {
            let folder = VerifiedFolder(store: Self.staging, content: .staged, path: staging, incoming: FileNames.incoming(of: staging))
            places.append(Place(folder: folder, base: nil, permissions: nil, isSentByNginx: false))
        }
        if let cache {
            let folder = VerifiedFolder(store: Self.cache, content: .cached, path: cache, incoming: nil)
            places.append(Place(folder: folder, base: nil, permissions: nil, isSentByNginx: false))
        }
        self.places = places
    }

    package var names: [String] {
        stores.verified.map(\.name) + places.filter { $0.folder.content != .images }.map(\.folder.store)
    }

    package var folders: [VerifiedFolder] { places.map(\.folder) }

    package func place(of location: ImageLocation) -> VerifiedPlace {
        if let path = FileStore.path(of: location.url), path.first == "/", !path.utf8.contains(0) {
            guard let slash = path.lastIndex(of: "/") else { return .nowhere }
            let parent = slash == path.startIndex ? "/" : String(path[..<slash])
            let place = places.first { $0.folder.content == .images && $0.folder.path.utf8.elementsEqual(parent.utf8) }
            return place.map { .file(path: path, in: $0.folder) } ?? .outside(path: path)
        }
        guard let holder = stores.verifiedHolder(of: location) else { return .nowhere }
        switch holder.store {
        case let store where !store.isReadable: return .absent(holder.name)
        case is HTTPStore: return .store(holder.name, isWeb: true)
        default: return .store(holder.name, isWeb: false)
        }
    }

    package var unfolderedStores: [String] { unfoldered.map(\.name) }

    private var unfoldered: [(name: String, store: any ImageStore)] {
        stores.verified.filter { $0.store.isReadable && !($0.store is FileStore) && !($0.store is HTTPStore) }
    }

    private func unfoldered(_ name: String) throws(Fault) -> any ImageStore {
        guard let found = unfoldered.first(where: { $0.name.isSame(as: name) }) else {
            throw Fault(.notFound, "There is no store '\(name)' without folders.")
        }
        return found.store
    }

    package func leftovers(in store: String, olderThan seconds: Int) throws(Fault) -> [Upload] {
        try unfoldered(store).pendingUploads(olderThan: seconds)
    }

    package func forEachItem(in store: String, olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        try (unfoldered(store) as? any ListedStore)?.forEachName(olderThan: seconds, body)
    }

    package func mayLie(_ location: ImageLocation, in store: String) -> Bool {
        if let named = unfoldered.first(where: { $0.name.isSame(as: store) }), named.store.holds(location.url) { return true }
        return place(of: location) == .nowhere
    }

    package func check(_ folder: VerifiedFolder) throws(Fault) { try place(folder)?.base?.check() }

    package func forEachEntry(in path: String, _ body: (_ entries: [FolderEntry]) -> Bool) throws(Fault) {
        let isRead = Files.forEachEntry(in: path, atOnce: Self.atOnce) { names in
            body(names.map { FolderEntry(name: $0.name, isFolder: $0.isFolder, isLink: $0.isLink) })
        }
        guard isRead || errno == ENOENT else { throw .store(errno, "reading the folder \(path)") }
    }

    package func facts(at path: String) throws(Fault) -> FileFacts? {
        var (own, info) = (stat(), stat())
        guard lstat(path, &own) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .store(errno, "finding the file \(path)") }
            return nil
        }
        let isLink = own.st_mode & S_IFMT == S_IFLNK
        var real: String? = path
        info = own
        if isLink {
            real = nil
            if stat(path, &info) == 0, let resolved = realpath(path, nil) {
                defer { free(resolved) }
                real = String(cString: resolved)
            } else {
                guard [0, ENOENT, ENOTDIR, ELOOP].contains(errno) else { throw .store(errno, "finding what \(path) leads to") }
                info = own
            }
        }
        let kind = info.st_mode & S_IFMT
        return FileFacts(
            path: path, isLink: isLink, realPath: real, isFolder: kind == S_IFDIR, isRegular: kind == S_IFREG, size: Int64(info.st_size),
            mode: info.st_mode & 0o7777, owner: info.st_uid, group: info.st_gid,
            age: Int64(now(for: path) - max(own.st_mtim.tv_sec, 0)),
            identity: "\(info.st_dev) \(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)")
    }

    /// The time by the clock of the file system that a file of a place lies in. The cache is this machine's own.
    private func now(for path: String) -> Int {
        let place = places.first {
            path.utf8.starts(with: $0.folder.path.utf8) && path.utf8.dropFirst($0.folder.path.utf8.count).first == 0x2F
        }
        return (place?.folder.incoming).map(clocks.now) ?? time(nil)
    }

    package func mayRead(_ path: String) -> Bool {
        stores.readableFolders?.contain(path) ?? false
            || places.contains { $0.folder.content == .images && path.utf8.starts(with: "\($0.folder.path)/".utf8) }
    }

    package func open(_ path: String) throws(Fault) -> (any ByteStream)? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            switch errno {
            case EACCES, EPERM: return nil
            case ENOENT: throw .noBytes()
            default: throw .store(errno, "opening the file \(path)")
            }
        }
        return GentleReader(owning: descriptor, path: path)
    }

    package func giveWay() { vitrine_give_way() }

    private func place(_ folder: VerifiedFolder) -> Place? { places.first { $0.folder == folder } }
}

// MARK: permissions

extension VerifiedFolders {
    /// The service is known by the owner of `.incoming`, which it made. Which user nginx is, nobody tells: it reads as a member of the
    /// folder's group, or as anybody.
    package func trouble(with file: FileFacts, in folder: VerifiedFolder) -> String? {
        guard let place = place(folder), let permissions = place.permissions, let base = place.base else { return nil }
        let (owners, group) = Self.owners(of: base)
        guard let service = owners.last else { return nil }
        let mode = String(file.mode & 0o777, radix: 8)
        if file.mode & 0o400 == 0 || !Self.mayRead(file, service) {
            return "The service (user \(service.user)) cannot read it: it has the permissions \(mode) and belongs to user \(file.owner)."
        }
        let isForOthers = file.mode & 0o004 != 0 || file.mode & 0o040 != 0 && (permissions & 0o004 == 0 || file.group == group)
        if place.isSentByNginx, permissions & 0o044 != 0, !isForOthers {
            return "nginx cannot read it: it has the permissions \(mode), and new files have \(String(permissions, radix: 8))."
        }
        // What lies elsewhere belongs to whom the operator gave it to.
        if !file.isLink, !owners.contains(where: { $0.user == file.owner }) {
            return "It belongs to user \(file.owner), and the store's folder to user \(service.user)."
        }
        return nil
    }

    /// The owners of the folder, of its mark and of `.incoming`; the last one is the service.
    private static func owners(of folder: StoreFolder) -> (owners: [(user: UInt32, group: UInt32)], group: UInt32?) {
        var owners: [(user: UInt32, group: UInt32)] = []
        var group: UInt32?
        for path in [folder.path, "\(folder.path)/\(FolderMark.name)", folder.incoming] {
            var info = stat()
            guard stat(path, &info) == 0 else { continue }
            if path == folder.path { group = info.st_gid }
            owners.append((info.st_uid, info.st_gid))
        }
        return (owners, group)
    }

    private static func mayRead(_ file: FileFacts, _ service: (user: UInt32, group: UInt32)) -> Bool {
        // This process knows its groups.
        if service.user == geteuid() { return access(file.path, R_OK) == 0 || errno != EACCES }
        if service.user == 0 { return true }
        if file.owner == service.user { return file.mode & 0o400 != 0 }
        return file.mode & (file.group == service.group ? 0o044 : 0o004) != 0
    }
}
