internal import CLinux
internal import Domain
internal import Files
internal import Glibc

/// The names of an upload's file in a folder of the store, and the way in which it gets and loses them.
///
/// A file is named after its image's id, as in Glance. Another upload of the same image may have had that name before, or may get it later.
/// POSIX has no call that removes or replaces a name only if it refers to a certain file: a process that looks and then acts may be stopped
/// in between for any time, and the name may refer to another file when it goes on. So:
///
/// 1. A file gets a name by a link, which fails if the name exists, so that no file replaces another one. A file that has the name already
/// belongs to no image, since this image has no data: Glance leaves such files when it dies. It stays, and the new file gets a name that no
/// other upload ever has, `<image id>.<token>`. (On a file system without links the file is renamed, to that name where it can be.)
/// 2. A process that removes the image's name first makes a mark, then checks whether the name refers to the file to remove, then removes
/// the name, and then the mark.
/// 3. A process that has given the image's name to a file then looks for marks. If there is one, another process may be about to remove the
/// name: the file gets a name of its own.
///
/// So either the removing process sees the new file and leaves it alone, or the other one sees the mark. (On NFS a mark of another machine
/// is seen after half a minute at the latest; a process that was stopped for longer is certainly seen.) To remove an upload's file, its
/// unfinished name is renamed to a mark, so that the upload's worker can no longer give it a final name.
struct FileNames {
    /// The folder of the images.
    let folder: String
    let image: String
    /// The token of the upload.
    let token: String
    /// Whether locations record where a file lies. If not, a file is found by the image's id, and has that name or none.
    let mayHaveOwn: Bool

    /// The path of the unfinished file.
    var pending: String { "\(incoming)/\(image).\(token)" }
    /// The path by the image's id.
    var shared: String { "\(folder)/\(image)" }
    /// The path by the image's id and the upload's token.
    var own: String { "\(folder)/\(image).\(token)" }
    private var incoming: String { Self.incoming(of: folder) }

    static func incoming(of folder: String) -> String { "\(folder)/.incoming" }

    // MARK: naming

    /// Gives a complete file its final name. The unfinished name stays beside it, so that the sweeper recognizes the file of a dead worker.
    /// On a file system without links it does not stay: there a file is left over when a worker dies before the record is written.
    ///
    /// - Returns: the path, and whether the unfinished name still exists.
    func give() throws(Fault) -> (path: String, isLinked: Bool) {
        if link(pending, shared) == 0 { return (try hasMark() ? try giveOwnInstead() : shared, true) }
        switch errno {
        case EEXIST where mayHaveOwn:
            guard link(pending, own) == 0 else { throw .store(errno, "naming an image's file") }
            return (own, true)
        case EEXIST:
            try replaceUnownedFile()
            return (shared, true)
        case EPERM, EOPNOTSUPP, ENOSYS:
            let name = mayHaveOwn ? own : shared
            guard rename(pending, name) == 0 else { throw .store(errno, "naming an image's file") }
            return (name, false)
        default: throw .store(errno, "naming an image's file")
        }
    }

    /// Gives the file a name of its own, since another process may be about to remove the image's name.
    private func giveOwnInstead() throws(Fault) -> String {
        guard mayHaveOwn else { throw .isBeingRemoved() }
        let mark = freshMark()
        guard link(pending, own) == 0, link(pending, mark) == 0 else { throw .store(errno, "naming an image's file") }
        defer { unlink(mark) }
        try Self.remove(shared, ifItIs: mark)
        return own
    }

    /// Takes the image's name from a file that belongs to no upload any more. The mark is a link to the unfinished file, so that it can be
    /// made only until the upload is removed; a later upload begins after that, and sees the mark.
    private func replaceUnownedFile() throws(Fault) {
        let mark = freshMark()
        guard link(pending, mark) == 0 else { throw .store(errno, "naming an image's file") }
        defer { unlink(mark) }
        try Self.unlinkIfThere(shared)
        guard link(pending, shared) == 0 else { throw .store(errno, "naming an image's file") }
        if try hasMark(but: mark) { throw .isBeingRemoved() }
    }

    // MARK: removing

    /// Removes all names of the file of a failed upload, and so the file. It may be repeated after an interruption, and several processes
    /// may do it at once; nothing happens when the upload is confirmed.
    func remove() throws(Fault) {
        let mark = freshMark()
        if rename(pending, mark) != 0 {
            guard errno == ENOENT else { throw .store(errno, "removing an image's file") }
            // Another process has begun to remove it, and has perhaps died.
            guard let other = try marks().first(where: { $0.hasPrefix("\(image).\(token).") }) else { return }
            guard link("\(incoming)/\(other)", mark) == 0 else {
                guard errno == ENOENT else { throw .store(errno, "removing an image's file") }
                return
            }
            defer { unlink(mark) }
            return try removeNames(of: mark)
        }
        do throws(Fault) {
            try removeNames(of: mark)
            try Self.unlinkIfThere(mark)
        } catch {
            // For the next attempt.
            rename(mark, pending)
            throw error
        }
    }

    /// Removes a file that has a final name and no unfinished one.
    func remove(_ path: String, ifItIs descriptor: CInt) throws(Fault) {
        try Self.underMark(String(path.dropFirst(folder.utf8.count + 1)), in: folder) { () throws(Fault) in
            var (there, meant) = (stat(), stat())
            guard lstat(path, &there) == 0, fstat(descriptor, &meant) == 0, there.st_ino == meant.st_ino else { return }
            try Self.unlinkIfThere(path)
        }
    }

    private func removeNames(of mark: String) throws(Fault) {
        for name in [shared, own] { try Self.remove(name, ifItIs: mark) }
        // Another process that made a mark of this file may still be about to act, or may have died: its mark stays for a while, empty.
        truncate(mark, 0)
    }

    /// Runs a closure that checks and removes a name, under a mark, since another process may remove the name and give it to another file.
    static func underMark(_ name: String, in folder: String, _ body: () throws(Fault) -> Void) throws(Fault) {
        let image = String(name.prefix { $0 != "." })
        let mark = FileNames(folder: folder, image: image, token: "", mayHaveOwn: false).freshMark()
        let made = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard made >= 0 else { throw .store(errno, "removing an image's file") }
        close(made)
        defer { unlink(mark) }
        try body()
    }

    /// - Parameter mark: another name of the file to remove; as long as it exists, the inode number is not used for another file.
    private static func remove(_ name: String, ifItIs mark: String) throws(Fault) {
        var (there, meant) = (stat(), stat())
        guard lstat(name, &there) == 0, lstat(mark, &meant) == 0, there.st_ino == meant.st_ino, there.st_dev == meant.st_dev else { return }
        try unlinkIfThere(name)
    }

    static func unlinkIfThere(_ path: String) throws(Fault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .store(errno, "removing an image's file") }
    }

    // MARK: marks

    private static let markEnding = ".removing"

    static func isMark(_ name: String) -> Bool { name.hasSuffix(markEnding) }

    /// The seconds after which the mark of a dead process is ignored. No process is stopped for so long.
    static let oldestMark = 86_400
    /// The same when a mark makes clients wait, and the upload that it protects can be repeated.
    private static let longestWait = 600

    private func freshMark() -> String {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(incoming)/\(image).\(token.isEmpty ? "" : "\(token).")\(random)\(Self.markEnding)"
    }

    private func hasMark(but own: String? = nil) throws(Fault) -> Bool {
        let age = mayHaveOwn ? Self.oldestMark : Self.longestWait
        let others = try marks().map { name -> String in "\(incoming)/\(name)" }.filter { $0 != own }
        guard !others.isEmpty else { return false }
        let now = FileSystemClock.now(in: incoming)
        return others.contains { !Self.isOld($0, age, at: now) }
    }

    /// Whether a mark is too old. Its age counts from its creation, since it may be a link to an older file.
    ///
    /// - Parameter now: by the clock of the mark's file system.
    static func isOld(_ mark: String, _ seconds: Int = oldestMark, at now: Int) -> Bool {
        var info = stat()
        return stat(mark, &info) != 0 || now - info.st_ctim.tv_sec > seconds
    }

    private func marks() throws(Fault) -> [String] {
        guard let names = entryNames(in: incoming) else { throw .store(errno, "reading a folder of the store") }
        return names.filter { $0.hasPrefix("\(image).") && Self.isMark($0) }
    }
}

extension Fault {
    fileprivate static func isBeingRemoved() -> Fault { Fault(.unavailable, "The image's former data are being removed; try again.") }
}
