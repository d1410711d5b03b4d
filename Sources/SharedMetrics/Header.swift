internal import Glibc

/// The header of a file of metrics.
struct Header {
    /// Tells a file from all others, also from one of the same name.
    var identity: (UInt64, UInt64)
    var process: Int64
    /// Nanoseconds since 1970.
    var startedAt: Int64
    var program: String
    var release: String
    /// Bytes for records, and the number of cells, that the file has room for.
    var recordsSize: Int
    var cells: Int
    /// Those that are used.
    var usedRecords = 0
    var usedCells = 0

    var fileSize: Int { Layout.headerSize + recordsSize + cells * 8 }

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Layout.headerSize)
        func put(_ value: some FixedWidthInteger, at place: Int) {
            bytes.replaceSubrange(place..<place + value.bitWidth / 8, with: Layout.bytes(value))
        }
        put(Layout.magic, at: Layout.Field.magic)
        put(Layout.version, at: Layout.Field.version)
        put(UInt32(Layout.headerSize), at: Layout.Field.headerSize)
        put(Int64(fileSize), at: Layout.Field.fileSize)
        put(identity.0, at: Layout.Field.identity)
        put(identity.1, at: Layout.Field.identity + 8)
        put(process, at: Layout.Field.process)
        put(startedAt, at: Layout.Field.startedAt)
        put(Int64(recordsSize), at: Layout.Field.recordsSize)
        put(Int64(cells), at: Layout.Field.cellsSize)
        put(Int64(usedRecords), at: Layout.Field.usedRecords)
        put(Int64(usedCells), at: Layout.Field.usedCells)
        for (text, place) in [(program, Layout.Field.program), (release, Layout.Field.release)] {
            let shown = Array(text.utf8.prefix(Layout.Field.textSize - 1))
            bytes.replaceSubrange(place..<place + shown.count, with: shown)
        }
        return bytes
    }

    /// Reads a header.
    ///
    /// - Parameter size: bytes of the file.
    init(_ bytes: [UInt8], size: Int) throws(Damage) {
        guard bytes.count >= Layout.headerSize else { throw Damage("is shorter than a header") }
        guard Self.get(UInt64.self, bytes, Layout.Field.magic) == Layout.magic else { throw Damage("is no file of metrics") }
        let version = Self.get(UInt32.self, bytes, Layout.Field.version)
        guard version == Layout.version else { throw Damage("has version \(version), not \(Layout.version)") }
        func number(_ place: Int, atMost most: Int) throws(Damage) -> Int {
            let value = Self.get(Int64.self, bytes, place)
            guard 0...Int64(most) ~= value else { throw Damage("has a wrong header") }
            return Int(value)
        }
        identity = (Self.get(UInt64.self, bytes, Layout.Field.identity), Self.get(UInt64.self, bytes, Layout.Field.identity + 8))
        process = Self.get(Int64.self, bytes, Layout.Field.process)
        startedAt = Int64(try number(Layout.Field.startedAt, atMost: .max))
        recordsSize = try number(Layout.Field.recordsSize, atMost: Layout.Limit.fileSize)
        cells = try number(Layout.Field.cellsSize, atMost: Layout.Limit.fileSize / 8)
        usedRecords = try number(Layout.Field.usedRecords, atMost: recordsSize)
        usedCells = try number(Layout.Field.usedCells, atMost: cells)
        program = try Self.text(bytes, Layout.Field.program)
        release = try Self.text(bytes, Layout.Field.release)
        guard Self.get(UInt32.self, bytes, Layout.Field.headerSize) == UInt32(Layout.headerSize), recordsSize % 8 == 0,
            Self.get(Int64.self, bytes, Layout.Field.fileSize) == Int64(fileSize)
        else { throw Damage("has a wrong header") }
        guard fileSize == size else { throw Damage("has \(size) bytes, not the \(fileSize) that its header tells") }
    }

    init(
        identity: (UInt64, UInt64), process: Int64, startedAt: Int64, program: String, release: String, recordsSize: Int, cells: Int
    ) {
        (self.identity, self.process, self.startedAt, self.program, self.release) = (identity, process, startedAt, program, release)
        (self.recordsSize, self.cells) = (recordsSize, cells)
    }

    private static func get<Value: FixedWidthInteger>(_ type: Value.Type, _ bytes: [UInt8], _ place: Int) -> Value {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: type) }
    }

    /// A text that ends with a zero.
    private static func text(_ bytes: [UInt8], _ place: Int) throws(Damage) -> String {
        let shown = bytes[place..<place + Layout.Field.textSize].prefix { $0 != 0 }
        guard shown.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw Damage("has a wrong header") }
        return String(decoding: shown, as: UTF8.self)
    }
}

/// Why a file of metrics is not read.
struct Damage: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
