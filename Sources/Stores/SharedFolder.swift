package import Domain
internal import Glibc
internal import Synchronization

/// A folder that several programs of one machine use, such as the staging area.
///
/// One path may lead two programs to two folders: systemd gives a service a `/tmp` of its own (`PrivateTmp=`), and a container has a file
/// system of its own. Then one program never finds the files of the other. So `glance-api` marks its folder, like that of a store, and
/// records the mark; `glance-tasks` compares the recorded mark with the one that it sees.
package final class SharedFolder: Sendable {
    /// The folder's path.
    package let path: String
    /// The option that names the folder.
    package let option: String
    private let name: String
    /// The mark that this process has seen or made: it makes the file again if it was cleaned away.
    private let known = Mutex<String?>(nil)

    /// Makes a folder of its path.
    ///
    /// - Parameter machine: the name of the machine, unique among those with the same database.
    package init(path: String, option: String, machine: String) {
        (self.path, self.option) = (path, option)
        // Unlike the name of a store's folder, this does not begin with a slash.
        name = "shared on \(machine): \(path)"
    }

    /// Records that this folder is the one that `glance-api` uses.
    ///
    /// - Returns: false when another process has recorded another folder since this process did.
    /// - Throws: when the folder cannot be marked, or the records cannot be read.
    package func claim(_ records: some MaintenanceCatalog) throws(Fault) -> Bool {
        // A folder that was never used does not exist yet.
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(path)") }
        let before = known.withLock { $0 }
        let mark = try mark(orElse: before ?? FolderMark.fresh())
        known.withLock { $0 = mark }
        let recorded = try records.mark(ofSharedFolder: name)
        guard recorded != mark else { return true }
        try records.record(mark: mark, ofSharedFolder: name)
        return before == nil
    }

    /// Whether this is the recorded folder of this machine's `glance-api`; true when none is recorded.
    ///
    /// - Throws: when the folder or the records cannot be read.
    package func isTheRecordedOne(_ records: some MaintenanceCatalog) throws(Fault) -> Bool {
        guard let recorded = try records.mark(ofSharedFolder: name) else { return true }
        let isKnown = known.withLock { $0 == recorded }
        guard try mark(orElse: isKnown ? recorded : nil) == recorded else { return false }
        known.withLock { $0 = recorded }
        return true
    }

    /// The mark that the folder bears now; nil while it bears none, or cannot be read.
    package var seenMark: String? {
        do throws(Fault) { return try mark(orElse: nil) } catch { return nil }
    }

    private func mark(orElse new: String) throws(Fault) -> String { try mark(orElse: .some(new)) ?? new }

    /// - Parameter new: the mark to write into a folder without one.
    private func mark(orElse new: String?) throws(Fault) -> String? {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            guard errno == ENOENT, new == nil else { throw .store(errno, "opening the folder \(path)") }
            return nil
        }
        defer { close(folder) }
        if let there = try FolderMark.read(in: folder) { return there }
        guard let new else { return nil }
        return try FolderMark.write(new, in: folder)
    }
}
