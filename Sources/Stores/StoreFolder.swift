internal import Domain
internal import Files
internal import Glibc
internal import Logging
internal import Numbers
internal import Synchronization
internal import Threading

/// A folder of images, with the folder `.incoming` for data that is being written.
///
/// A file that exists is used without a check. Before a missing file counts as missing, and before new data is written, the folder must
/// prove that it is the one that images were written to: an empty mount point and another machine's folder have the same path. The proof is
/// its mark, which is read each time in the folder that was opened.
final class StoreFolder: Sendable {
    /// The path, without a slash at its end.
    let path: String
    let incoming: String
    let priority: Int
    let internalPrefix: String?
    /// Nil when the folder is not checked.
    private let records: (any StoreFolderCatalog)?
    private let logger: Logger?
    private let state = Mutex(State())

    /// The actions that can fail; the log reports the first failure and the recovery of each.
    enum Doing: String {
        case making = "be made"
        case recognising = "be taken for the store's"
        case measuring = "be asked for free space"
        case taking = "take images"
        case listing = "be listed"
    }

    private struct State {
        /// The recorded mark; nil while it was not read, or none is recorded.
        var mark: String?
        var isAsking = false
        /// The time until which a refused folder is not checked again, and the reason of the refusal.
        var (restUntil, refusal): (Double, Fault?) = (-.infinity, nil)
        var troubles: Set<Doing> = []
    }

    /// The seconds between two checks whether a folder without a mark has the images that it should have.
    private static let rest = 5.0
    /// The largest number of images that are looked for.
    private static let sample = 50

    init(_ place: FileStore.Place, internalPrefix: String?, records: (any StoreFolderCatalog)?, logger: Logger?) {
        path = place.path.count > 1 && place.path.last == "/" ? String(place.path.dropLast()) : place.path
        incoming = FileNames.incoming(of: path)
        priority = place.priority
        (self.internalPrefix, self.records, self.logger) = (internalPrefix, records, logger)
    }

    /// Makes the folder and its parents.
    func make() throws(Fault) {
        var made = ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty && path.first != "/" ? "" : "/") + part
            try Self.make(made)
        }
    }

    /// Makes `.incoming` if it is missing: backups and Glance have none. If the folder is not checked, as the staging area, the folder
    /// itself is made again too.
    func makeIncoming() throws(Fault) {
        do throws(Fault) {
            try Self.make(incoming)
        } catch {
            guard records == nil, (error.cause as? StoreError)?.code == ENOENT else { throw error }
            try make()
            try Self.make(incoming)
        }
    }

    /// Makes `.incoming` again, but only in the right folder, so that nothing is written into an empty mount point.
    func mendIncoming() throws(Fault) {
        guard access(incoming, F_OK) != 0, errno == ENOENT else { return }
        try check()
        try makeIncoming()
    }

    private static func make(_ path: String) throws(Fault) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(path)") }
    }

    func freeBytes() throws(Fault) -> Int64 {
        if records == nil, access(path, F_OK) != 0, errno == ENOENT { try make() }
        return try space().free
    }

    /// The bytes of the folder's file system that the service may use, all bytes of it, and its number on this machine.
    func space() throws(Fault) -> (free: Int64, size: Int64, fileSystem: UInt) {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { throw .store(errno, "asking for free space") }
        func bytes(_ blocks: UInt) -> Int64 { Int64(clamping: blocks.multipliedClamped(by: info.f_frsize)) }
        return (bytes(info.f_bavail), bytes(info.f_blocks), info.f_fsid)
    }

    /// Logs the first failure of an action, and its recovery.
    ///
    /// - Parameter fault: nil when the action succeeded.
    func note(_ doing: Doing, _ fault: Fault?) {
        let isNews = state.withLock { state in
            fault == nil ? state.troubles.remove(doing) != nil : state.troubles.insert(doing).inserted
        }
        guard isNews, let logger else { return }
        if let fault {
            logger.error("the store's folder \(path) cannot \(doing.rawValue): \(fault)")
        } else {
            logger.info("the store's folder \(path) can \(doing.rawValue) again")
        }
    }

    // MARK: missing files

    /// Looks for a file again, in the right folder.
    ///
    /// - Parameter name: the path within this folder.
    /// - Returns: nil when the file does not exist.
    /// - Throws: `.unavailable` when this is not the right folder, or that cannot be found out now.
    func look(for name: String) throws(Fault) -> stat? {
        guard records != nil else { return nil }
        let folder = try opened()
        defer { close(folder) }
        var info = stat()
        if fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 { return info }
        guard errno == ENOENT else { throw .store(errno, "finding an image's file") }
        return nil
    }

    /// Removes a file, in the right folder; throws as `look` does.
    func remove(_ name: String) throws(Fault) {
        guard records != nil else { return }
        let folder = try opened()
        defer { close(folder) }
        guard unlinkat(folder, name, 0) == 0 || errno == ENOENT else { throw .store(errno, "removing an image's file") }
    }

    /// Checks that this is the right folder.
    ///
    /// - Throws: as `look` does.
    func check() throws(Fault) {
        guard records != nil else { return }
        close(try opened())
    }

    /// Checks the folder by what is known now. If the recorded mark is unknown, another thread reads it for the next call.
    func checkSoon() throws(Fault) {
        guard records != nil else { return }
        let mustAsk = state.withLock { state in
            guard state.mark == nil, !state.isAsking else { return false }
            state.isAsking = true
            return true
        }
        if mustAsk {
            do throws(ThreadUnavailable) {
                try Thread.start {
                    do throws(Fault) { try self.check() } catch {}
                    self.state.withLock { $0.isAsking = false }
                }
            } catch {
                state.withLock { $0.isAsking = false }
            }
        }
        guard state.withLock({ $0.mark != nil }) else {
            if let refusal = state.withLock({ $0.refusal }) { throw refusal }
            return
        }
        try check()
    }

    // MARK: the mark

    /// The folder as this process sees it, to be compared with what other nodes see. It is not marked, nor are images looked for.
    ///
    /// - Returns: nil while it is not known which folder it is: it is not there, cannot be read, or was not used yet.
    func seen() -> NodeSetup.Folder? {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return nil }
        defer { close(folder) }
        do throws(Fault) {
            if let mark = try FolderMark.read(in: folder) { return NodeSetup.Folder(path: path, mark: mark, isWritable: isWritable) }
            guard let records, try records.mark(ofFolder: path) != nil else { return nil }
            return NodeSetup.Folder(path: path, mark: nil, isWritable: isWritable)
        } catch {
            return nil
        }
    }

    /// Whether this process may write to the folder; nil where the file system does not tell.
    private var isWritable: Bool? {
        if access(path, W_OK | X_OK) == 0 { return true }
        return [EROFS, EACCES, EPERM].contains(errno) ? false : nil
    }

    /// Opens the right folder.
    private func opened() throws(Fault) -> CInt {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            let fault = Fault.store(errno, "opening the folder \(path)")
            note(.recognising, fault)
            throw fault
        }
        do throws(Fault) {
            try recognise(folder)
        } catch {
            close(folder)
            note(.recognising, error)
            throw error
        }
        note(.recognising, nil)
        return folder
    }

    private func recognise(_ folder: CInt) throws(Fault) {
        guard let records else { return }
        let noted: String?
        if let known = state.withLock({ $0.mark }) { noted = known } else { noted = try records.mark(ofFolder: path) }
        state.withLock { $0.mark = noted }
        // The mark is read after the record: another process that marks the folder at this moment writes the mark first and then the
        // record.
        let there = try FolderMark.read(in: folder)
        let chosen: String?
        if let there { chosen = there } else { chosen = try marked(folder, noted, records) }
        guard let mark = chosen else { return state.withLock { $0.refusal = nil } }
        let right: String
        if let noted { right = noted } else { right = try records.note(mark: mark, ofFolder: path) }
        state.withLock { ($0.mark, $0.refusal) = (right, nil) }
        guard mark == right else {
            throw .folder(
                "\(path) is another folder than images were written to: its \(FolderMark.name) says \(mark), and \(right) is recorded")
        }
    }

    /// Marks a folder that has no mark, unless it seems to be the wrong one: at least half of the sampled images must be there; if no
    /// images are recorded, no mark may be recorded either.
    ///
    /// - Returns: nil for a folder that is read-only and has its images.
    private func marked(_ folder: CInt, _ noted: String?, _ records: any StoreFolderCatalog) throws(Fault) -> String? {
        if let refusal = state.withLock({ $0.restUntil > monotonicSeconds() ? $0.refusal : nil }) { throw refusal }
        let urls = try records.recordedURLs(inFolder: path, atMost: Self.sample)
        let names = urls.compactMap { $0.split(separator: "/").last.map(String.init) }
        var info = stat()
        let found = names.count { fstatat(folder, $0, &info, 0) == 0 }
        guard names.isEmpty ? noted == nil : found * 2 >= names.count else {
            let refusal = Fault.folder(
                """
                \(path) does not look like the folder that images were written to: it has no \(FolderMark.name), and \(found) of \
                \(names.count) images that should lie there. Is something to be mounted? If it is the right one all the same, write \
                \(noted ?? "a word of letters and digits") into \(path)/\(FolderMark.name)
                """)
            state.withLock { ($0.restUntil, $0.refusal) = (monotonicSeconds() + Self.rest, refusal) }
            throw refusal
        }
        do throws(Fault) {
            return try FolderMark.write(noted ?? FolderMark.fresh(), in: folder)
        } catch {
            let isReadOnly = (error.cause as? StoreError).map { [EROFS, EACCES, EPERM].contains($0.code) } ?? false
            guard isReadOnly, !names.isEmpty else { throw error }
            return nil
        }
    }

    // MARK: lists

    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        // The unfinished files in another folder belong to another installation.
        try check()
        try mendIncoming()
        let (names, now) = try oldFiles(in: incoming, olderThan: seconds)
        return names.compactMap { name in
            guard !FileNames.isMark(name) else {
                if FileNames.isOld("\(incoming)/\(name)", at: now) { unlink("\(incoming)/\(name)") }
                return nil
            }
            let parts = name.split(separator: ".", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return Upload(image: ImageID(String(parts[0])), token: String(parts[1]), pendingURL: "file://\(incoming)/\(name)")
        }
    }

    /// The names of the regular files that were not written to for some seconds, and the time by the file system's clock; it is 0 where
    /// there are no files.
    func oldFiles(in folder: String, olderThan seconds: Int) throws(Fault) -> (names: [String], now: Int) {
        guard let names = entryNames(in: folder) else { throw .store(errno, "reading a folder of the store") }
        guard !names.isEmpty else { return ([], 0) }
        let now = FileSystemClock.now(in: incoming)
        let old = names.filter { name in
            var info = stat()
            return stat("\(folder)/\(name)", &info) == 0 && info.st_mode & S_IFMT == S_IFREG && now - info.st_mtim.tv_sec > seconds
        }
        return (old, now)
    }
}
