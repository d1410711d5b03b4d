internal import Files
internal import Glibc
package import ServiceMetrics
internal import Synchronization

/// The folder in which the processes of a node keep their metrics, and what they count together.
///
/// One reader at a time, of all processes, looks at the folder, under a lock. It adds up the files of the processes that live and the file
/// of those that have ended. A process has ended when nobody holds its file's lock: its counters are then added to that file, which names
/// the files that it has taken, so that a reader that is killed between its two steps takes nothing twice.
package final class MetricsFolder: Sendable {
    private let path: String
    private let report: @Sendable (String) -> Void
    private let said = Mutex<Set<String>>([])

    /// The file of the processes that have ended, the lock of the readers, and seconds that a reader waits for it.
    private static let (endedName, lockName, patience) = ("ended", "lock", 5.0)
    /// Files that are read; further ones are left out.
    private static let mostFiles = 1024

    /// - Parameters:
    ///   - path: an existing folder.
    ///   - report: gets a sentence for the operator, each once.
    package init(_ path: String, report: @escaping @Sendable (String) -> Void) { (self.path, self.report) = (path, report) }

    /// A process that keeps metrics.
    struct Process: Sendable, Equatable {
        let program, release: String
        /// Nanoseconds since 1970.
        let startedAt: Int64
    }

    /// What the processes of the node count together.
    struct Sum {
        var totals = MetricTotals()
        var processes: [Process] = []
        /// Files that could not be read.
        var skipped = 0
    }

    /// Adds up what all processes count, those that have ended among them.
    func sum() throws(MetricsError) -> Sum {
        guard let lock = try acquireLock(within: Self.patience) else {
            throw MetricsError("\(path): another reader has held the lock for \(Self.patience) s")
        }
        defer { close(lock) }
        return try sumUnderLock()
    }

    private func sumUnderLock() throws(MetricsError) -> Sum {
        guard let names = entryNames(in: path) else { throw MetricsError(path, errno: errno) }
        var sum = Sum()
        let ended = readEnded(&sum)
        var (living, dead): ([FileContents], [EndedFile]) = ([], [])
        defer { for file in dead { close(file.descriptor) } }
        for name in names.sorted().prefix(Self.mostFiles) { look(at: name, ended, &living, &dead, &sum) }
        if names.count > Self.mostFiles { say("has more than \(Self.mostFiles) files; the rest are not read") }

        // The newest first: where two releases declare a metric in two ways, the newer one is right.
        for file in living.sorted(by: { $0.header.startedAt > $1.header.startedAt }) {
            sum.totals.add(file.readings, hasEnded: false)
            sum.processes.append(
                Process(program: file.header.program, release: file.header.release, startedAt: file.header.startedAt))
        }
        if dead.isEmpty {
            if let ended { sum.totals.add(ended.readings, hasEnded: true) }
        } else {
            sum.totals.add(fold(dead, into: ended), hasEnded: true)
        }
        for trouble in sum.totals.troubles { say(trouble) }
        return sum
    }

    /// What all processes count together and which there are, in no order of names.
    package func readings() throws(MetricsError) -> [MetricReading] {
        let sum = try sum()
        return sum.totals.readings + ProcessMetrics.readings(of: sum)
    }

    /// Takes over what ended processes have counted, so that their files go; does nothing while a reader does it.
    package func tidy() throws(MetricsError) {
        guard let lock = try acquireLock(within: 0) else { return }
        defer { close(lock) }
        _ = try sumUnderLock()
    }

    // MARK: reading

    /// A file whose process has ended. Its descriptor holds the lock.
    private struct EndedFile {
        let path: String
        let contents: FileContents
        let descriptor: CInt
    }

    private func look(at name: String, _ ended: FileContents?, _ living: inout [FileContents], _ dead: inout [EndedFile], _ sum: inout Sum)
    {
        let file = "\(path)/\(name)"
        if name.hasSuffix(MetricsFile.unfinished) { return removeUnfinished(file) }
        guard name.hasSuffix(MetricsFile.ending) else { return }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            // A reader without the lock, such as an operator, may have removed it.
            if errno != ENOENT { skip(name, Damage("cannot be opened: \(String(cString: strerror(errno)))"), &sum) }
            return
        }
        // The lock is asked for before the numbers are read: those of a process that has ended do not change any more.
        let hasEnded = flock(descriptor, LOCK_SH | LOCK_NB) == 0
        var keepsOpen = false
        defer { if !keepsOpen { close(descriptor) } }
        do throws(Damage) {
            let contents = try hasEnded ? FileContents(of: descriptor) : ofLiving(descriptor)
            if !hasEnded {
                living.append(contents)
            } else if let ended, ended.folded.contains(FileContents.Identity(contents.header.identity)) {
                unlink(file)
            } else {
                dead.append(EndedFile(path: file, contents: contents, descriptor: descriptor))
                keepsOpen = true
            }
        } catch {
            skip(name, error, &sum)
        }
    }

    /// Reads a file whose process may be adding to it. Nothing says that its header is read in one step, so a mistake is looked at again.
    private func ofLiving(_ descriptor: CInt) throws(Damage) -> FileContents {
        for _ in 0..<3 { if let contents = try? FileContents(of: descriptor) { return contents } }
        return try FileContents(of: descriptor)
    }

    /// Removes what a process left that ended while it made its file.
    private func removeUnfinished(_ file: String) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(file) }
    }

    private func readEnded(_ sum: inout Sum) -> FileContents? {
        let descriptor = open("\(path)/\(Self.endedName)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno != ENOENT { skip(Self.endedName, Damage("cannot be opened: \(String(cString: strerror(errno)))"), &sum) }
            return nil
        }
        defer { close(descriptor) }
        do throws(Damage) {
            return try FileContents(of: descriptor)
        } catch {
            skip(Self.endedName, error, &sum)
            return nil
        }
    }

    private func skip(_ name: String, _ damage: Damage, _ sum: inout Sum) {
        sum.skipped += 1
        say("the file \(name) \(damage.reason); it is not read. Remove it if no program of another release uses it")
    }

    private func say(_ trouble: String) {
        let isNew = said.withLock { said in
            // What changes with every file must not fill the memory.
            if said.count > 1000 { said.removeAll() }
            return said.insert(trouble).inserted
        }
        if isNew { report("metrics in \(path): \(trouble)") }
    }

    // MARK: the processes that have ended

    /// Adds the counters of files to those of all processes that have ended, and removes the files.
    ///
    /// - Returns: the new sums, also where they cannot be written; the files then stay and are taken at the next look.
    private func fold(_ dead: [EndedFile], into ended: FileContents?) -> [MetricReading] {
        var totals = MetricTotals()
        for file in dead.sorted(by: { $0.contents.header.startedAt > $1.contents.header.startedAt }) {
            totals.add(file.contents.readings, hasEnded: true)
            totals.add([MetricReading(ProcessMetrics.ends, [.init([file.contents.header.program], 1)])], hasEnded: true)
        }
        if let ended { totals.add(ended.readings, hasEnded: true) }
        for trouble in totals.troubles { say(trouble) }
        let readings = totals.readings
        // The files of the time before are gone, or this reader would have met them again.
        let taken = dead.map { FileContents.Identity($0.contents.header.identity) } + (ended?.folded ?? []).suffix(Self.mostFiles)
        do throws(MetricsError) {
            try EndedFileWriter.write(readings, folded: taken, in: path, as: Self.endedName)
            for file in dead { unlink(file.path) }
        } catch {
            say("what ended processes have counted cannot be written (\(error)); their files stay until it can")
        }
        return readings
    }

    // MARK: the lock

    /// - Returns: a descriptor that holds the lock; nil if another process held it for some seconds.
    private func acquireLock(within seconds: Double) throws(MetricsError) -> CInt? {
        let file = "\(path)/\(Self.lockName)"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
        guard descriptor >= 0 else { throw MetricsError(file, errno: errno) }
        var waited = 0.0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR else {
                close(descriptor)
                throw MetricsError(file, errno: code)
            }
            guard waited < seconds else {
                close(descriptor)
                return nil
            }
            usleep(10_000)
            waited += 0.01
        }
        return descriptor
    }
}
