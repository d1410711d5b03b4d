internal import ServiceMetrics

/// How a file of metrics is laid out. Numbers are of this machine's byte order; every program of a node reads the files of all.
///
/// A header, records and cells. Records tell families and series, and are only added: `usedRecords` and `usedCells` grow once a record and
/// its cells are whole. A cell is a number of 64 bits that its process changes at any time.
enum Layout {
    static let magic: UInt64 = 0x314D_5845_4E49_5456  // "VTINEXM1"
    static let version: UInt32 = 1
    static let headerSize = 4096

    /// Places in the header.
    enum Field {
        static let (magic, version, headerSize) = (0, 8, 12)
        static let (fileSize, identity, process, startedAt) = (16, 24, 40, 48)
        static let (recordsSize, cellsSize) = (56, 64)
        static let (usedRecords, usedCells) = (72, 80)
        static let (program, release, textSize) = (96, 128, 32)
    }

    /// Bytes of records, and cells, that a process may use.
    static let (records, cells) = (256 * 1024, 32 * 1024)

    enum Record: UInt8 { case family = 1, series, folded }

    /// What a reader accepts.
    enum Limit {
        static let fileSize = 16 << 20
        static let (families, series) = (512, 16_384)
        static let (labels, bounds) = (12, 30)
        static let (name, help, text) = (160, 1000, 256)
    }

    /// The value of a gauge that nobody has set.
    static let unset = Int64.min

    /// Bytes with a length that is a multiple of 8, so that every record begins at one.
    static func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8) }

    /// A record as it stands in a file.
    static func record(_ kind: Record, _ body: [UInt8]) -> [UInt8] {
        var body = padded(body)
        body.insert(contentsOf: bytes(UInt32(body.count + 8)) + [kind.rawValue, 0, 0, 0], at: 0)
        return body
    }

    static func record(_ family: MetricFamily) -> [UInt8] {
        var (kind, bounds): ([UInt8], [Double]) =
            switch family.kind {
            case .counter: ([0, 0], [])
            case .level: ([1, 0], [])
            case .gauge(let rule): ([2, UInt8(MetricFamily.Rule.allCases.firstIndex(of: rule)!)], [])
            case .histogram(let bounds): ([3, 0], bounds)
            }
        kind += [family.showsUnused ? 1 : 0, UInt8(family.labels.count), UInt8(bounds.count), 0, 0, 0]
        let numbers = bounds.flatMap { bytes($0.bitPattern) }
        return record(.family, kind + numbers + text(family.name) + text(family.help) + family.labels.flatMap { text($0.name) })
    }

    static func record(seriesOf family: Int, firstCell: Int, _ labels: [String]) -> [UInt8] {
        record(.series, bytes(UInt32(family)) + bytes(UInt32(firstCell)) + labels.flatMap { text($0) })
    }

    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    private static func text(_ text: String) -> [UInt8] { bytes(UInt16(text.utf8.count)) + Array(text.utf8) }
}

extension MetricFamily {
    /// Whether a file can hold it and every reader shows it.
    var isWritable: Bool {
        guard Self.isName(name), name.utf8.count <= Layout.Limit.name, help.utf8.count <= Layout.Limit.help else { return false }
        guard labels.count <= Layout.Limit.labels, Set(labels.map(\.name)).count == labels.count else { return false }
        guard labels.allSatisfy({ Self.isName($0.name) && $0.name != "le" && $0.name.utf8.count <= Layout.Limit.name }) else {
            return false
        }
        guard case .histogram(let bounds) = kind else { return true }
        return bounds.count <= Layout.Limit.bounds && bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy(<)
    }

    /// Whether a text may be the name of a metric or of a label. Source: Prometheus, "Data model".
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
            default: false
            }
        }
    }

    /// Whether the values of both can be added up.
    func agrees(with other: MetricFamily) -> Bool {
        name == other.name && kind == other.kind && labels.map(\.name) == other.labels.map(\.name)
    }
}
