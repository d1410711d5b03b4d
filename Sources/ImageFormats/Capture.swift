/// A piece of a stream, valid for one call, with its position in the stream.
struct Piece {
    let bytes: UnsafeRawBufferPointer
    let position: UInt64

    var end: UInt64 { position + UInt64(bytes.count) }
}

/// A range of a stream's bytes, kept as they pass. Memory grows with the bytes that came, and not with the lengths that a header announces.
struct Region {
    /// The position in the stream. It must not have passed yet.
    let offset: UInt64
    /// The largest number of bytes.
    let length: Int
    private(set) var bytes: [UInt8] = []

    /// - Parameter bytes: the first bytes of the range, if they are known already.
    init(at offset: UInt64, length: Int, holding bytes: [UInt8] = []) { (self.offset, self.length, self.bytes) = (offset, length, bytes) }

    var isWhole: Bool { bytes.count == length }

    mutating func capture(_ piece: Piece) {
        let next = offset + UInt64(bytes.count)
        guard !isWhole, piece.position <= next, next < piece.end else { return }
        let first = Int(next - piece.position)
        let last = min(piece.bytes.count, first + length - bytes.count)
        bytes.append(contentsOf: piece.bytes[first..<last])
    }
}

/// The last bytes of a stream so far.
struct Tail {
    let length: Int
    private var bytes: [UInt8] = []

    init(length: Int) { self.length = length }

    mutating func capture(_ piece: Piece) {
        if piece.bytes.count >= length {
            bytes.removeAll(keepingCapacity: true)
        } else if bytes.count > 4 * length {
            bytes.removeFirst(bytes.count - length)
        }
        bytes.append(contentsOf: piece.bytes.suffix(length))
    }

    /// The last bytes of the stream, fewer than `length` if the stream is shorter.
    var last: [UInt8] { Array(bytes.suffix(length)) }
}

extension [UInt8] {
    /// The number at an offset; nil when the bytes end before it does.
    func bigEndian<Number: FixedWidthInteger>(_: Number.Type = Number.self, at offset: Int) -> Number? {
        guard offset >= 0, offset <= count - Number.bitWidth / 8 else { return nil }
        return self[offset..<offset + Number.bitWidth / 8].reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    func littleEndian<Number: FixedWidthInteger>(_: Number.Type = Number.self, at offset: Int) -> Number? {
        bigEndian(Number.self, at: offset)?.byteSwapped
    }

    /// Whether the text is at the offset.
    func has(_ text: StaticString, at offset: Int = 0) -> Bool {
        guard offset <= count - text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { self[offset..<offset + $0.count].elementsEqual($0) }
    }
}
