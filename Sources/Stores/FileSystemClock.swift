internal import Glibc
internal import Synchronization
internal import Text
internal import Threading

/// The clock by which a file system dates its files.
///
/// A shared file system has one clock for all nodes, that of its server. The age of a file by a node's own clock is wrong by the difference
/// of the two, so a node whose clock is ahead would take every file for an old one.
enum FileSystemClock {
    /// Reads the clock by a file that is made in a folder and removed at once.
    ///
    /// - Returns: seconds since 1970; by this machine's clock where no file can be made.
    static func now(in folder: String) -> Int {
        // A process that dies here leaves the name of an upload that nobody knows, which the sweeper removes.
        let path = "\(folder)/clock.\(randomName())"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return time(nil) }
        defer {
            close(descriptor)
            unlink(path)
        }
        var info = stat()
        return fstat(descriptor, &info) == 0 ? info.st_ctim.tv_sec : time(nil)
    }
}

/// The clocks of some folders, for the ages of many files: each is read once a minute.
final class FolderClocks: Sendable {
    /// Seconds by which a folder's clock is ahead of the monotonic one, and until when that counts.
    private let leads = Mutex<[String: (lead: Int, until: Double)]>([:])

    /// Seconds since 1970 by the clock of a folder.
    func now(in folder: String) -> Int {
        leads.withLock { leads in
            let monotonic = monotonicSeconds()
            if let known = leads[folder], known.until > monotonic { return known.lead + Int(monotonic) }
            let lead = FileSystemClock.now(in: folder) - Int(monotonic)
            leads[folder] = (lead, monotonic + 60)
            return lead + Int(monotonic)
        }
    }
}
