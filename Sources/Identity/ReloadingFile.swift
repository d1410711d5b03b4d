internal import Glibc
internal import Logging
internal import Synchronization

/// What stands in some files, read again when one of them changes. A change that cannot be read leaves what was before, and is
/// said in the log.
final class ReloadingFile<Value: Sendable>: Sendable {
    private let name: String
    private let files: @Sendable () -> [String]?
    private let read: @Sendable () throws -> Value
    private let logger: Logger
    private let known: Mutex<Known>

    private struct Known: Sendable {
        var value: Value
        var versions: [FileVersion?]
        /// Seconds of the monotonic clock when the files were last looked at: a request costs no system call for it.
        var looked: Int
        var order: Int
    }

    /// - Parameters:
    ///   - name: what they are, for the log: "the rules".
    ///   - files: those that count now, whether they are there or not; nil while nobody can say, which leaves all as it is.
    /// - Throws: what `read` throws at the first time.
    init(
        _ name: String, logger: Logger, files: @escaping @Sendable () -> [String]?, read: @escaping @Sendable () throws -> Value
    ) throws {
        (self.name, self.files, self.read, self.logger) = (name, files, read, logger)
        let versions = (files() ?? []).map { FileVersion(of: $0) }
        known = Mutex(
            Known(value: try read(), versions: versions, looked: monotonicSecond(), order: Reloading.orders.load(ordering: .relaxed)))
    }

    var current: Value {
        known.withLock { known in
            let now = monotonicSecond()
            let order = Reloading.orders.load(ordering: .relaxed)
            guard now != known.looked || order != known.order else { return known.value }
            known.looked = now
            guard let versions = files()?.map({ FileVersion(of: $0) }) else { return known.value }
            guard versions != known.versions || order != known.order else { return known.value }
            known.order = order
            known.versions = versions
            do {
                known.value = try read()
                logger.info("\(name) were read again")
            } catch {
                logger.error("\(name) of before stay in force: \(error)")
            }
            return known.value
        }
    }
}

/// The operator's order (SIGHUP) to read files again, whether they look changed or not.
package enum Reloading {
    /// How many orders there were.
    fileprivate static let orders = Atomic(0)

    /// All files of this process that may change are read again when they are asked for next.
    package static func order() { orders.add(1, ordering: .relaxed) }
}

/// What a file shows when it is another one than before.
private struct FileVersion: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// Nil when there is no such file.
    init?(of path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        seconds = info.st_mtim.tv_sec
        nanoseconds = info.st_mtim.tv_nsec
    }
}

private func monotonicSecond() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return now.tv_sec
}
