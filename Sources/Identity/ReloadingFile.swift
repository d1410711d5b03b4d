internal import Glibc
internal import Logging
internal import Synchronization

/// A value that is read from files, and read again when one of them changes. If a change cannot be read, the previous value stays, and the
/// log reports it.
final class ReloadingFile<Value: Sendable>: Sendable {
    private let name: String
    private let files: @Sendable () -> [String]?
    private let read: @Sendable () throws -> Value
    private let logger: Logger
    private let known: Mutex<Known>

    private struct Known: Sendable {
        var value: Value
        var versions: [FileVersion?]
        /// The second of the monotonic clock when the files were last checked: further requests within it cost no system call.
        var looked: Int
        var order: Int
    }

    /// - Parameters:
    ///   - name: the name of the value in the log, for example `the rules`.
    ///   - files: the paths that count now, whether the files exist or not; nil when they cannot be listed, and then nothing changes.
    /// - Throws: what `read` throws at the first reading.
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
                logger.error("\(name) stay in force as they were before: \(error)")
            }
            return known.value
        }
    }
}

/// The operator's request (SIGHUP) to read files again, whether or not they have changed.
package enum Reloading {
    /// The number of requests so far.
    fileprivate static let orders = Atomic(0)

    /// Makes all files of this process be read again at their next use.
    package static func order() { orders.add(1, ordering: .relaxed) }
}

/// The attributes by which a changed file is recognized.
private struct FileVersion: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// - Returns: nil when the file does not exist.
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
