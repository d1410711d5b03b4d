internal import Glibc
internal import ServiceMetrics
internal import Synchronization
internal import Threading

/// The file that a process counts into, mapped into its memory.
///
/// The process holds a lock on its file while it lives; the kernel releases it however the process ends. So readers know who lives, also
/// where they cannot see the process by its number (containers). The file is named only when it is locked and whole.
final class MetricsFile: @unchecked Sendable {
    let path: String
    private let descriptor: CInt
    private let base: UnsafeMutableRawPointer
    private static let size = Layout.headerSize + Layout.records + Layout.cells * 8
    /// Both are changed under the factory's lock.
    private var (usedRecords, usedCells) = (0, 0)

    /// The ending of a process's file, and the one of a file that is not yet whole.
    static let (ending, unfinished) = (".metrics", ".unfinished")

    /// Makes the file of this process.
    ///
    /// - Parameter folder: a folder that this user alone writes.
    init(in folder: String, program: String, release: String) throws(MetricsError) {
        let identity = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        let name = "\(program).\(getpid()).\(String(identity.0, radix: 16))"
        path = "\(folder)/\(name)\(Self.ending)"
        let (opened, unfinished) = try Self.openLocked("\(folder)/\(name)")
        descriptor = opened
        do throws(MetricsError) {
            base = try Self.map(opened, folder)
        } catch {
            unlink(unfinished)
            close(opened)
            throw error
        }
        writeHeader(identity, program: program, release: release)
        guard rename(unfinished, path) == 0 else {
            let code = errno
            unlink(unfinished)
            throw MetricsError(path, errno: code)
        }
    }

    deinit {
        munmap(base, Self.size)
        close(descriptor)
    }

    /// Makes a file and locks it. A reader removes an unfinished file that nobody has locked, which may be one that was made this moment;
    /// then another one is made.
    private static func openLocked(_ start: String) throws(MetricsError) -> (CInt, path: String) {
        for attempt in 1...5 {
            let path = "\(start).\(attempt)\(unfinished)"
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
            guard descriptor >= 0 else { throw MetricsError(path, errno: errno) }
            var info = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &info) == 0, info.st_nlink == 1 { return (descriptor, path) }
            close(descriptor)
        }
        throw MetricsError("\(start): the file is removed as soon as it is made")
    }

    /// Takes the space for the whole file, so that a full disk is an error here and no signal later, and maps it.
    private static func map(_ descriptor: CInt, _ folder: String) throws(MetricsError) -> UnsafeMutableRawPointer {
        let code = posix_fallocate(descriptor, 0, off_t(size))
        guard code == 0 else { throw MetricsError("\(folder): no space for \(size) bytes", errno: code) }
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw MetricsError("\(folder): cannot map a file", errno: errno)
        }
        return base
    }

    private func writeHeader(_ identity: (UInt64, UInt64), program: String, release: String) {
        let now = wallTime()
        let header = Header(
            identity: identity, process: Int64(getpid()), startedAt: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec),
            program: program, release: release, recordsSize: Layout.records, cells: Layout.cells)
        header.bytes.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }

    /// Adds a record without cells.
    ///
    /// - Returns: false if the file is full.
    func add(_ record: [UInt8]) -> Bool {
        guard usedRecords + record.count <= Layout.records else { return false }
        record.withUnsafeBytes { (base + Layout.headerSize + usedRecords).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        usedRecords += record.count
        // A reader that sees the larger number sees the record.
        atomic(at: Layout.Field.usedRecords).store(Int64(usedRecords), ordering: .releasing)
        return true
    }

    /// Adds a series.
    ///
    /// - Returns: its cells; nil if the file is full.
    func addSeries(of family: Int, _ labels: [String], cells count: Int, from initial: Int64) -> Cells? {
        let record = Layout.record(seriesOf: family, firstCell: usedCells, labels)
        guard usedCells + count <= Layout.cells, usedRecords + record.count <= Layout.records else { return nil }
        let cells = Cells(file: self, base + Layout.headerSize + Layout.records + usedCells * 8)
        cells.store(initial)
        usedCells += count
        atomic(at: Layout.Field.usedCells).store(Int64(usedCells), ordering: .releasing)
        return add(record) ? cells : nil
    }

    private func atomic(at place: Int) -> SharedInteger { SharedInteger(base + place) }
}

/// The cells of one series.
struct Cells: @unchecked Sendable {
    /// Keeps the memory mapped.
    private let file: MetricsFile
    private let base: UnsafeMutableRawPointer

    init(file: MetricsFile, _ base: UnsafeMutableRawPointer) { (self.file, self.base) = (file, base) }

    func add(_ amount: Int64, to place: Int = 0) { SharedInteger(base + place * 8).add(amount) }

    func store(_ value: Int64) { SharedInteger(base).store(value, ordering: .relaxed) }

    /// Adds to a number that may be unset, which counts as 0.
    func addToGauge(_ amount: Int64) {
        SharedInteger(base).change { $0 == Layout.unset ? amount : $0 &+ amount }
    }
}

/// An integer in memory that processes share. All access is atomic.
struct SharedInteger: @unchecked Sendable {
    private let raw: UnsafeMutablePointer<Atomic<Int64>>

    init(_ place: UnsafeMutableRawPointer) { raw = place.assumingMemoryBound(to: Atomic<Int64>.self) }

    func add(_ amount: Int64) { raw.pointee.wrappingAdd(amount, ordering: .relaxed) }

    func store(_ value: Int64, ordering: AtomicStoreOrdering) {
        switch ordering {
        case .releasing: raw.pointee.store(value, ordering: .releasing)
        default: raw.pointee.store(value, ordering: .relaxed)
        }
    }

    func change(_ body: (Int64) -> Int64) {
        var old = raw.pointee.load(ordering: .relaxed)
        while true {
            let result = raw.pointee.compareExchange(expected: old, desired: body(old), ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}
