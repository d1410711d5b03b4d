internal import Glibc
internal import ServiceMetrics

/// What a file of metrics held when it was read.
struct FileContents {
    let header: Header
    /// Each family with its series, in the order in which they were made.
    private(set) var readings: [MetricReading] = []
    /// The files whose counters are in this one.
    private(set) var folded: [Identity] = []

    /// The identity of a file, as texts compare it.
    struct Identity: Hashable {
        let (high, low): (UInt64, UInt64)
        init(_ pair: (UInt64, UInt64)) { (high, low) = pair }
    }

    /// Reads an open file. Whatever it holds, it is read within bounds: it may have been cut, overwritten or written by another release.
    init(of descriptor: CInt) throws(Damage) {
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { throw Damage("is no regular file") }
        guard info.st_uid == geteuid() || info.st_uid == 0 else { throw Damage("belongs to user \(info.st_uid)") }
        guard info.st_size <= Layout.Limit.fileSize else { throw Damage("has \(info.st_size) bytes, which is too many") }
        header = try Header(try Self.read(descriptor, at: 0, Layout.headerSize), size: Int(info.st_size))
        // It is read and not mapped, since a file that is cut meanwhile would end this process. A read copies aligned numbers whole.
        let records = try Self.read(descriptor, at: Layout.headerSize, header.usedRecords)
        let cells = try Self.read(descriptor, at: Layout.headerSize + header.recordsSize, header.usedCells * 8)
        try take(records, cells.withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) })
    }

    private static func read(_ descriptor: CInt, at start: Int, _ count: Int) throws(Damage) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(start + filled))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else { break }
                filled += got
            }
        }
        guard bytes.count == count else { throw Damage("ends before it should") }
        return bytes
    }

    private mutating func take(_ records: [UInt8], _ cells: [Int64]) throws(Damage) {
        var (left, series) = (RecordBytes(records[...]), 0)
        while !left.isEmpty {
            let length = Int(try left.number(UInt32.self))
            let kind = Layout.Record(rawValue: try left.number(UInt8.self))
            _ = try left.take(3)
            guard length >= 8, length % 8 == 0 else { throw Damage("has a damaged record") }
            var body = RecordBytes(try left.take(length - 8))
            switch kind {
            case .family:
                guard readings.count < Layout.Limit.families else { throw Damage("has too many metrics") }
                readings.append(MetricReading(try Self.family(&body), []))
            case .series:
                series += 1
                guard series <= Layout.Limit.series else { throw Damage("has too many series") }
                let place = Int(try body.number(UInt32.self))
                guard readings.indices.contains(place) else { throw Damage("has a series of no metric") }
                readings[place].rows.append(try Self.row(of: readings[place].family, &body, cells))
            case .folded: folded.append(Identity((try body.number(UInt64.self), try body.number(UInt64.self))))
            case nil: throw Damage("has a record of an unknown kind")
            }
        }
    }

    private static func family(_ body: inout RecordBytes) throws(Damage) -> MetricFamily {
        let head = Array(try body.take(8))
        let (labelCount, boundCount) = (Int(head[3]), Int(head[4]))
        guard labelCount <= Layout.Limit.labels, boundCount <= Layout.Limit.bounds else { throw Damage("has a damaged metric") }
        var bounds: [Double] = []
        for _ in 0..<boundCount { bounds.append(Double(bitPattern: try body.number(UInt64.self))) }
        let name = try body.text(atMost: Layout.Limit.name)
        let help = try body.text(atMost: Layout.Limit.help)
        var labels: [MetricFamily.Label] = []
        for _ in 0..<labelCount { labels.append(MetricFamily.Label(try body.text(atMost: Layout.Limit.name), values: nil)) }
        let kind: MetricFamily.Kind
        switch head[0] {
        case 0: kind = .counter
        case 1: kind = .level
        case 2 where head[1] < MetricFamily.Rule.allCases.count: kind = .gauge(MetricFamily.Rule.allCases[Int(head[1])])
        case 3: kind = .histogram(bounds: bounds)
        default: throw Damage("has a metric of an unknown kind")
        }
        let family = MetricFamily(name: name, help: help, kind: kind, labels: labels, showsUnused: head[2] != 0)
        guard family.isWritable else { throw Damage("has a metric that cannot be shown") }
        return family
    }

    private static func row(of family: MetricFamily, _ body: inout RecordBytes, _ cells: [Int64]) throws(Damage) -> MetricReading.Row {
        let first = Int(try body.number(UInt32.self))
        guard first + family.cells <= cells.count else { throw Damage("has a series without numbers") }
        var labels: [String] = []
        for _ in family.labels { labels.append(try body.text(atMost: Layout.Limit.text)) }
        let numbers = Array(cells[first..<first + family.cells])
        switch family.kind {
        case .counter, .histogram: guard numbers.allSatisfy({ $0 >= 0 }) else { throw Damage("has a counter below zero") }
        case .level, .gauge: break
        }
        return MetricReading.Row(labels, cells: numbers)
    }
}

/// Bytes of records that are still to be read.
private struct RecordBytes {
    private var left: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { left = bytes }

    var isEmpty: Bool { left.isEmpty }

    mutating func take(_ count: Int) throws(Damage) -> ArraySlice<UInt8> {
        guard count <= left.count else { throw Damage("has a damaged record") }
        defer { left = left.dropFirst(count) }
        return left.prefix(count)
    }

    mutating func number<Value: FixedWidthInteger>(_ type: Value.Type) throws(Damage) -> Value {
        try take(MemoryLayout<Value>.size).withUnsafeBytes { $0.loadUnaligned(as: type) }
    }

    mutating func text(atMost most: Int) throws(Damage) -> String {
        let count = Int(try number(UInt16.self))
        guard count <= most, let text = String(validating: try take(count), as: UTF8.self) else { throw Damage("has a damaged text") }
        return text
    }
}
