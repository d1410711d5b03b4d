internal import CMariaDB
internal import Glibc

/// The buffer that one column of a result is fetched into. It keeps its address until `grow`.
final class Column {
    enum Kind { case integer, time, text }

    let kind: Kind
    /// The name, and the type that the server tells.
    let description: ColumnDescription
    private(set) var buffer: UnsafeMutableRawBufferPointer
    /// The text of the row before, of a column whose texts repeat.
    var kept: String?
    /// Flags that MariaDB writes: whether the value is NULL, whether it was cut, and its full length.
    private let signs: UnsafeMutablePointer<Signs>

    private struct Signs {
        var length: UInt = 0
        var isNull: my_bool = 0
        var isCut: my_bool = 0
    }

    init(_ field: MYSQL_FIELD) {
        description = ColumnDescription(field)
        switch field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_LONG, MYSQL_TYPE_INT24, MYSQL_TYPE_LONGLONG: kind = .integer
        case MYSQL_TYPE_DATETIME, MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_DATE: kind = .time
        default: kind = .text
        }
        let size =
            switch kind {
            case .integer: MemoryLayout<Int64>.size
            case .time: MemoryLayout<MYSQL_TIME>.size
            case .text: 256
            }
        buffer = .allocate(byteCount: size, alignment: 16)
        signs = .allocate(capacity: 1)
        signs.initialize(to: Signs())
    }

    deinit {
        buffer.deallocate()
        signs.deallocate()
    }

    /// Points a bind of the result at this buffer.
    func fill(_ bind: inout MYSQL_BIND) {
        bind.buffer = buffer.baseAddress
        bind.buffer_length = UInt(buffer.count)
        bind.buffer_type =
            switch kind {
            case .integer: MYSQL_TYPE_LONGLONG
            case .time: MYSQL_TYPE_DATETIME
            case .text: MYSQL_TYPE_STRING
            }
        let signs = UnsafeMutableRawPointer(signs)
        bind.length = (signs + MemoryLayout<Signs>.offset(of: \.length)!).assumingMemoryBound(to: UInt.self)
        bind.is_null = (signs + MemoryLayout<Signs>.offset(of: \.isNull)!).assumingMemoryBound(to: my_bool.self)
        bind.error = (signs + MemoryLayout<Signs>.offset(of: \.isCut)!).assumingMemoryBound(to: my_bool.self)
    }

    var isNull: Bool { signs.pointee.isNull != 0 }
    /// The full length of the value in bytes, which may be more than the buffer holds.
    var length: Int { Int(signs.pointee.length) }

    /// Makes room for a longer value. The buffer moves, so the bind must be filled and bound again.
    func grow() {
        let size = length.nextPowerOfTwo
        buffer.deallocate()
        buffer = .allocate(byteCount: size, alignment: 16)
    }

    var integer: Int64? { kind == .integer ? buffer.load(as: Int64.self) : nil }

    var time: DateTime? {
        guard kind == .time else { return nil }
        let time = buffer.load(as: MYSQL_TIME.self)
        return DateTime(
            year: Int(time.year), month: Int(time.month), day: Int(time.day),
            hour: Int(time.hour), minute: Int(time.minute), second: Int(time.second))
    }

    /// Microseconds of a time.
    var microseconds: Int { kind == .time ? Int(buffer.load(as: MYSQL_TIME.self).second_part) : 0 }

    /// The bytes fetched: the whole value if it fits the buffer.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<min(length, buffer.count)]) }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
