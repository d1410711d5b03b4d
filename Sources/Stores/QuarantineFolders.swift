package import Domain
internal import Files
internal import Glibc
internal import Text

/// The quarantines of the folders of images: `<folder>/.quarantine/<day>/<image id or name>.<id>`, beside a manifest.
///
/// The names in a store's folder that begin with a dot belong to the service. So no location leads into a quarantine, nginx is never sent
/// there, and the sweeper and a verification pass by. Only the service's own user may open the folder, which its permissions say.
package struct QuarantineFolders: Quarantine {
    private let folders: [StoreFolder]

    /// Makes quarantines of the folders of a set's file stores, and of the staging area.
    ///
    /// - Parameter staging: the path of the staging area; nil without one. It is used without a mark.
    package init(_ stores: StoreSet, staging: String?) {
        let ofStores = stores.verified.flatMap { ($0.store as? FileStore)?.verified.folders ?? [] }
        folders =
            ofStores
            + [staging].compactMap(\.self).map {
                StoreFolder(FileStore.Place(path: $0), internalPrefix: nil, records: nil, logger: nil)
            }
    }

    /// The name of the folder in a folder of images.
    static let name = ".quarantine"

    private static func place(in folder: StoreFolder) -> String { "\(folder.path)/\(name)" }

    // MARK: taking

    package func take(
        _ path: String, _ reason: QuarantineReason, ifStill isMeant: () throws(Fault) -> Bool
    ) throws(Fault) -> QuarantineResult {
        guard let folder = owner(of: path) else { throw Fault(.invalid, "\(path) lies in no folder of images.") }
        try folder.check()
        guard let info = try Self.file(at: path) else {
            // A process that died had perhaps moved it.
            let earlier = try last(of: path, in: folder) { $0.reason.run == reason.run }
            return earlier.map { .taken($0) } ?? .gone
        }
        let base = String(path[path.index(after: path.lastIndex(of: "/")!)...])
        var result = QuarantineResult.kept
        func move() throws(Fault) {
            guard try isMeant() else { return }
            result = .taken(try take(path, base, info, reason, in: folder))
        }
        // Only names that begin with an image's id are ever given to a new file.
        if path.hasPrefix("\(folder.incoming)/") || !ImageID(String(base.prefix { $0 != "." })).isUUID {
            try move()
        } else {
            try folder.makeIncoming()
            try FileNames.underMark(base, in: folder.path, move)
        }
        return result
    }

    private func take(
        _ path: String, _ base: String, _ info: stat, _ reason: QuarantineReason, in folder: StoreFolder
    ) throws(Fault) -> QuarantinedFile {
        let now = FileSystemClock.now(in: folder.incoming)
        let day = "\(Self.place(in: folder))/\(CivilTime(seconds: now).text().prefix(10))"
        for made in [Self.place(in: folder), day] {
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(made)") }
        }
        try Self.sync(folder.path, Self.place(in: folder))
        let id = String(randomName().prefix(12))
        let file = QuarantinedFile(
            id: id, path: "\(day)/\(base.prefix(200)).\(id)", origin: path, reason: reason, bytes: Int64(info.st_size),
            takenAt: Timestamp(seconds: now))
        try QuarantineManifest(folder: day).add(file, info)
        guard rename(path, file.path) == 0 else {
            throw .store(errno, "moving \(path) into quarantine")
        }
        try Self.sync(day, path.hasPrefix("\(folder.incoming)/") ? folder.incoming : folder.path)
        return file
    }

    /// The folder of images in which a file lies directly, or in whose `.incoming`. The service's own names are no files of images.
    private func owner(of path: String) -> StoreFolder? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let (parent, base) = (path[..<slash], path[path.index(after: slash)...])
        guard !base.isEmpty, base.first != "." else { return nil }
        return folders.first { $0.path == parent || $0.incoming == parent }
    }

    /// - Returns: nil when there is no regular file and no link.
    private static func file(at path: String) throws(Fault) -> stat? {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .store(errno, "finding \(path)") }
            return nil
        }
        return [S_IFREG, S_IFLNK].contains(info.st_mode & S_IFMT) ? info : nil
    }

    private static func sync(_ paths: String...) throws(Fault) {
        for path in paths {
            let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard opened >= 0 else { throw .store(errno, "opening the folder \(path)") }
            defer { close(opened) }
            guard fsync(opened) == 0 else { throw .store(errno, "syncing the folder \(path)") }
        }
    }

    // MARK: looking

    package func list(_ note: (QuarantinedFile) throws(Fault) -> Void) throws(Fault) {
        for folder in folders { try each(in: folder, note) }
    }

    private func each(in folder: StoreFolder, _ note: (QuarantinedFile) throws(Fault) -> Void) throws(Fault) {
        guard let days = entryNames(in: Self.place(in: folder)) else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .store(errno, "reading the folder \(Self.place(in: folder))") }
            return
        }
        for day in days.sorted() {
            try QuarantineManifest(folder: "\(Self.place(in: folder))/\(day)").read { file throws(Fault) in
                // A line without its file: the move was not made, or the file was restored or removed.
                if try Self.file(at: file.path) != nil { try note(file) }
            }
        }
    }

    private func last(of path: String, in folder: StoreFolder, where isWanted: (QuarantinedFile) -> Bool) throws(Fault) -> QuarantinedFile?
    {
        var found: QuarantinedFile?
        try each(in: folder) { file throws(Fault) in
            if file.origin.utf8.elementsEqual(path.utf8), isWanted(file) { found = file }
        }
        return found
    }

    // MARK: restoring and removing

    package func restore(_ id: String) throws(Fault) -> QuarantinedFile {
        for folder in folders {
            var found: QuarantinedFile?
            try each(in: folder) { file throws(Fault) in if file.id == id { found = file } }
            guard let found else { continue }
            // The manifest is a file that anybody with access to the folder may have written.
            guard owner(of: found.origin)?.path == folder.path else {
                throw Fault(.invalid, "The manifest says that file \(id) came from \(found.origin), which is not in \(folder.path).")
            }
            try folder.check()
            try Self.giveBack(found)
            try Self.sync(String(found.origin[..<found.origin.lastIndex(of: "/")!]), String(found.path[..<found.path.lastIndex(of: "/")!]))
            return found
        }
        throw Fault(.notFound, "No file \(id) is in quarantine. `store quarantine list` shows those that are.")
    }

    private static func giveBack(_ file: QuarantinedFile) throws(Fault) {
        if link(file.path, file.origin) != 0 {
            switch errno {
            case EEXIST:
                // A process that died had perhaps made the link.
                guard let there = try Self.file(at: file.origin), let kept = try Self.file(at: file.path), there.st_ino == kept.st_ino,
                    there.st_dev == kept.st_dev
                else { throw Fault(.conflict, "\(file.origin) exists. Nothing was restored; move that file away first.") }
            case EPERM, EOPNOTSUPP, ENOSYS:
                guard try Self.file(at: file.origin) == nil else {
                    throw Fault(.conflict, "\(file.origin) exists. Nothing was restored; move that file away first.")
                }
                guard rename(file.path, file.origin) == 0 else { throw .store(errno, "restoring \(file.origin)") }
                return
            default: throw .store(errno, "restoring \(file.origin)")
            }
        }
        try FileNames.unlinkIfThere(file.path)
    }

    package func empty(olderThan seconds: Int, _ note: (QuarantinedFile) -> Void) throws(Fault) {
        var refusal: Fault?
        for folder in folders {
            let now = FileSystemClock.now(in: folder.incoming)
            do throws(Fault) {
                try each(in: folder) { file throws(Fault) in
                    guard now - file.takenAt.seconds >= seconds else { return }
                    do throws(Fault) {
                        try FileNames.unlinkIfThere(file.path)
                        note(file)
                    } catch {
                        refusal = refusal ?? error
                    }
                }
            } catch {
                refusal = refusal ?? error
            }
            Self.removeEmptyDays(in: folder, at: now)
        }
        if let refusal { throw refusal }
    }

    /// Removes the days that have nothing but a manifest. Those of today and yesterday stay, since a file may come at this moment.
    private static func removeEmptyDays(in folder: StoreFolder, at now: Int) {
        let recent = [0, 86_400].map { String(CivilTime(seconds: now - $0).text().prefix(10)) }
        for day in entryNames(in: place(in: folder)) ?? [] where !recent.contains(day) {
            let path = "\(place(in: folder))/\(day)"
            guard entryNames(in: path) == [QuarantineManifest.name] else { continue }
            unlink("\(path)/\(QuarantineManifest.name)")
            rmdir(path)
        }
    }
}
