package import Domain
internal import Glibc
internal import Synchronization

/// A folder that several programs of one machine work in, such as the one where images wait for their import.
///
/// One path may lead two programs to two folders: systemd gives a service a `/tmp` of its own (`PrivateTmp=`), and a container has a file
/// system of its own. What one program leaves there the other never finds. So `glance-api` marks the folder that it sees, as those of stores
/// are marked, and records the mark; `glance-tasks` compares it with what it sees itself.
package final class SharedFolder: Sendable {
    package let path: String
    /// The option that says where it lies.
    package let option: String
    private let name: String
    /// The mark that this process has seen or made: it is made again when a file of that name is swept away.
    private let known = Mutex<String?>(nil)

    /// - Parameter machine: names the machine among all that have the same database.
    package init(path: String, option: String, machine: String) {
        (self.path, self.option) = (path, option)
        // A store's folder begins with a slash.
        name = "shared on \(machine): \(path)"
    }

    /// Records that this folder is the one that `glance-api` uses.
    ///
    /// - Returns: false when another process has recorded another folder since this one did.
    /// - Throws: when the folder cannot be marked, or the records cannot be asked.
    package func claim(_ records: some MaintenanceCatalog) throws(Fault) -> Bool {
        // One that nobody has used yet is not there.
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .store(errno, "making the folder \(path)") }
        let before = known.withLock { $0 }
        let mark = try mark(orElse: before ?? FolderMark.fresh())
        known.withLock { $0 = mark }
        let recorded = try records.mark(ofSharedFolder: name)
        guard recorded != mark else { return true }
        try records.record(mark: mark, ofSharedFolder: name)
        return before == nil
    }

    /// Whether it is the folder that `glance-api` of this machine uses, as far as that is recorded.
    ///
    /// - Throws: when the folder cannot be looked at, or the records cannot be asked.
    package func isTheRecordedOne(_ records: some MaintenanceCatalog) throws(Fault) -> Bool {
        guard let recorded = try records.mark(ofSharedFolder: name) else { return true }
        let isKnown = known.withLock { $0 == recorded }
        guard try mark(orElse: isKnown ? recorded : nil) == recorded else { return false }
        known.withLock { $0 = recorded }
        return true
    }

    private func mark(orElse new: String) throws(Fault) -> String { try mark(orElse: .some(new)) ?? new }

    /// - Parameter new: the mark that a folder without one gets.
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
