internal import Files
internal import Glibc
internal import Synchronization

/// The file of a log, to which many threads of many processes add lines.
///
/// If the file was renamed or removed, a new one is opened before the next line is written. When the file's time or size has come, one of
/// the processes renames it; the others then see that it has another name.
final class LogFile: Sendable {
    private let path: String
    private let rotation: LogRotation
    /// Stays the same number, whatever file is behind it: a thread that writes needs no lock.
    private let descriptor: CInt
    private let state: Mutex<State>

    private struct State: Sendable {
        var inode: UInt = 0
        var device: UInt = 0
        /// When the file is to be rotated by time.
        var end: time_t = 0
        /// Until when a rename or an open that failed is not tried again.
        var rest: time_t = 0
        var isInTrouble = false
    }

    /// - Throws: when the file cannot be opened.
    init(path: String, rotation: LogRotation) throws(LogUnwritable) {
        (self.path, self.rotation) = (path, rotation)
        descriptor = Self.open(path)
        guard descriptor >= 0 else { throw LogUnwritable(path: path, code: errno) }
        state = Mutex(State())
        state.withLock { note(descriptor, in: &$0) }
    }

    deinit { close(descriptor) }

    /// Adds a line.
    ///
    /// - Returns: bytes that could not be written, and a message about the file, if there is one.
    func write(_ line: UnsafeRawBufferPointer) -> (left: Int, news: String?) {
        // While another thread looks, this one writes to the file that is open.
        let news = state.withLockIfAvailable { look(&$0, adding: line.count) } ?? nil
        return (writeAll(line, to: descriptor), news)
    }

    /// Opens whatever file has the name now.
    ///
    /// - Returns: a message about the file, if there is one.
    func reopen() -> String? { state.withLock { open(&$0) } }

    // MARK: looking

    private func look(_ state: inout State, adding count: Int) -> String? {
        guard let size = sizeIfCurrent(state) else { return mayTry(state) ? open(&state) : nil }
        switch rotation {
        case .never: return nil
        case .bySize(let limit, let kept):
            guard kept > 0, limit > 0, size > 0, size + count >= limit, mayTry(state) else { return nil }
            return giveWay(&state) { shift(kept) }
        case .byTime(let interval, let kept):
            guard time(nil) >= state.end, mayTry(state) else { return nil }
            let end = state.end
            return giveWay(&state) { setAside(interval, endedAt: end, kept) }
        }
    }

    private func mayTry(_ state: State) -> Bool { time(nil) >= state.rest }

    /// Bytes of the file; nil when another one has its name, or none.
    private func sizeIfCurrent(_ state: State) -> Int? {
        var named = stat()
        guard stat(path, &named) == 0, named.st_ino == state.inode, named.st_dev == state.device else { return nil }
        return Int(named.st_size)
    }

    /// Opens the file that has the name now under the same descriptor.
    private func open(_ state: inout State) -> String? {
        let opened = Self.open(path)
        guard opened >= 0, dup2(opened, descriptor) >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            let code = errno
            if opened >= 0 { close(opened) }
            return fail(&state, "cannot be opened again: \(String(cString: strerror(code))); lines go to the file of before")
        }
        close(opened)
        note(descriptor, in: &state)
        (state.rest, state.isInTrouble) = (0, false)
        return nil
    }

    private func note(_ descriptor: CInt, in state: inout State) {
        var own = stat()
        fstat(descriptor, &own)
        (state.inode, state.device) = (UInt(own.st_ino), UInt(own.st_dev))
        if case .byTime(let interval, _) = rotation { state.end = interval.end(after: own.st_mtim.tv_sec) }
    }

    private func fail(_ state: inout State, _ reason: String) -> String? {
        state.rest = time(nil) + 1
        defer { state.isInTrouble = true }
        return state.isInTrouble ? nil : "the log file \(path) \(reason)"
    }

    private static func open(_ path: String) -> CInt { Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640) }

    // MARK: rotation

    /// Renames the file and opens a new one. Only the holder of the file's lock does so, and only while the file still has its name. No thread
    /// waits for the lock, since lines may also be added to the renamed file.
    private func giveWay(_ state: inout State, _ rename: () -> Bool) -> String? {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
        // The lock belongs to the open file and ends with it.
        defer { flock(descriptor, LOCK_UN) }
        guard sizeIfCurrent(state) != nil else { return open(&state) }
        guard rename() else {
            return fail(&state, "cannot be rotated: \(String(cString: strerror(errno))); it grows on")
        }
        return open(&state)
    }

    private func shift(_ kept: Int) -> Bool {
        for number in stride(from: kept - 1, to: 0, by: -1) where access("\(path).\(number)", F_OK) == 0 {
            guard rename("\(path).\(number)", "\(path).\(number + 1)") == 0 else { return false }
        }
        return rename(path, "\(path).1") == 0
    }

    private func setAside(_ interval: LogInterval, endedAt end: time_t, _ kept: Int) -> Bool {
        let wanted = "\(path).\(interval.suffix(endedAt: end))"
        var (name, number) = (wanted, 0)
        while access(name, F_OK) == 0 {
            number += 1
            name = "\(wanted).\(number)"
        }
        guard rename(path, name) == 0 else { return false }
        if kept > 0 { removeOldest(interval, keeping: kept) }
        return true
    }

    private func removeOldest(_ interval: LogInterval, keeping kept: Int) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let prefix = path[(slash.map { path.index(after: $0) } ?? path.startIndex)...] + "."
        let old = (entryNames(in: folder) ?? []).filter { $0.hasPrefix(prefix) && interval.isSuffix($0.dropFirst(prefix.count)) }
        for name in old.sorted().dropLast(kept) { unlink("\(folder)/\(name)") }
    }
}
