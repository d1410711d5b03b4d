internal import CLinux
internal import Domain
internal import Files
internal import Glibc

/// The names that an upload's file has in a folder of the store, and how it gets and loses them.
///
/// A file is called by its image's id, as Glance has it. Another upload of the image may have that name before it and after it, and POSIX
/// cannot remove or replace a name only while it leads to a certain file: whoever looks and then acts may be stopped in between, for as long
/// as it likes, and wake when the name is another's. So:
///
/// 1. A name is given by a link, which fails where something is; nothing is ever renamed over. What lies there already belongs to nobody, as
///    the image has no data: Glance leaves such when it dies. It stays, and the file gets a name that no other upload ever has,
///    `<image id>.<token>`.
/// 2. Who is to remove the image's name first makes a mark, then looks whether it leads to the file that is to go, then removes it, and
///    then takes the mark away.
/// 3. Who has given the image's name to a file then looks for marks. If there is one, somebody may be about to remove what he saw
///    there before: the file gets the name of its own.
///
/// Either the one who removes sees the new file and leaves it alone, or the other one sees the mark. (On NFS one made on another machine is
/// seen after half a minute at the latest, so that only who is stopped for longer is seen for certain.) An upload's unfinished name is
/// made its mark, so that it cannot be named any more by whoever still works on it.
struct FileNames {
    /// That of images.
    let folder: String
    let image: String
    /// Names the upload.
    let token: String
    /// Whether locations tell where a file lies. Where it is found by the image's id alone, it has that name or none.
    let mayHaveOwn: Bool

    /// Under which the bytes come in.
    var pending: String { "\(incoming)/\(image).\(token)" }
    var shared: String { "\(folder)/\(image)" }
    var own: String { "\(folder)/\(image).\(token)" }
    private var incoming: String { Self.incoming(of: folder) }

    static func incoming(of folder: String) -> String { "\(folder)/.incoming" }

    // MARK: giving

    /// Gives a whole file its final name. The unfinished one stays beside it: by that whoever clears up after a dead worker knows the file.
    /// A file system without links is left with less: what dies between here and the record stays.
    ///
    /// - Returns: the name, and whether the unfinished one is there still.
    func give() throws(Fault) -> (path: String, isLinked: Bool) {
        if link(pending, shared) == 0 { return (try hasMark() ? try giveOwnInstead() : shared, true) }
        switch errno {
        case EEXIST where mayHaveOwn:
            guard link(pending, own) == 0 else { throw .store(errno, "naming an image's file") }
            return (own, true)
        case EEXIST:
            try replaceNobodys()
            return (shared, true)
        case EPERM, EOPNOTSUPP, ENOSYS:
            let name = mayHaveOwn ? own : shared
            guard rename(pending, name) == 0 else { throw .store(errno, "naming an image's file") }
            return (name, false)
        default: throw .store(errno, "naming an image's file")
        }
    }

    /// Somebody may be about to remove the image's name.
    private func giveOwnInstead() throws(Fault) -> String {
        guard mayHaveOwn else { throw .isBeingRemoved() }
        let mark = freshMark()
        guard link(pending, own) == 0, link(pending, mark) == 0 else { throw .store(errno, "naming an image's file") }
        defer { unlink(mark) }
        try Self.remove(shared, ifItIs: mark)
        return own
    }

    /// Takes the image's name from a file that no upload waits for any more. The mark is made of the unfinished name, so that it can be made
    /// only while the upload is not taken back; a later one begins after that, and sees the mark.
    private func replaceNobodys() throws(Fault) {
        let mark = freshMark()
        guard link(pending, mark) == 0 else { throw .store(errno, "naming an image's file") }
        defer { unlink(mark) }
        try Self.unlinkIfThere(shared)
        guard link(pending, shared) == 0 else { throw .store(errno, "naming an image's file") }
        if try hasMark(but: mark) { throw .isBeingRemoved() }
    }

    // MARK: taking

    /// Takes all names from the file of an upload that has come to nothing, and so removes it. Can be done again where it was interrupted, and
    /// by several at once; nothing happens where the upload is settled.
    func remove() throws(Fault) {
        let mark = freshMark()
        if rename(pending, mark) != 0 {
            guard errno == ENOENT else { throw .store(errno, "removing an image's file") }
            // Somebody has begun to remove it, and perhaps died.
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
            // For the next try.
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
        // Whoever made another mark of it may still be about to act, or have died: that stays for a while, with nothing in it.
        truncate(mark, 0)
    }

    /// Looks at a name and removes it, where somebody else may have removed it and given it to another file.
    static func underMark(_ name: String, in folder: String, _ body: () throws(Fault) -> Void) throws(Fault) {
        let image = String(name.prefix { $0 != "." })
        let mark = FileNames(folder: folder, image: image, token: "", mayHaveOwn: false).freshMark()
        let made = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard made >= 0 else { throw .store(errno, "removing an image's file") }
        close(made)
        defer { unlink(mark) }
        try body()
    }

    /// - Parameter mark: another name of the file that is meant; it keeps its number from others.
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

    /// Seconds that marks stay of those who died. Nobody is about to act any more then.
    static let oldestMark = 86_400
    /// The same where a mark keeps clients waiting, and what it guards can be sent again.
    private static let longestWait = 600

    private func freshMark() -> String {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(incoming)/\(image).\(token.isEmpty ? "" : "\(token).")\(random)\(Self.markEnding)"
    }

    private func hasMark(but own: String? = nil) throws(Fault) -> Bool {
        let age = mayHaveOwn ? Self.oldestMark : Self.longestWait
        return try marks().contains { "\(incoming)/\($0)" != own && !Self.isOld("\(incoming)/\($0)", age) }
    }

    /// A mark counts from when it was made: it may be a name of a file that is older.
    static func isOld(_ mark: String, _ seconds: Int = oldestMark) -> Bool {
        var info = stat()
        return stat(mark, &info) != 0 || time(nil) - info.st_ctim.tv_sec > seconds
    }

    private func marks() throws(Fault) -> [String] {
        guard let names = entryNames(in: incoming) else { throw .store(errno, "reading a folder of the store") }
        return names.filter { $0.hasPrefix("\(image).") && Self.isMark($0) }
    }
}

extension Fault {
    fileprivate static func isBeingRemoved() -> Fault { Fault(.unavailable, "The image's former data are being removed; try again.") }
}
