/// An image that is put together by hand: zeros, and the bytes that are set.
package struct Bytes: Sendable {
    package var all: [UInt8]

    package init(_ count: Int) { all = Array(repeating: 0, count: count) }

    package func setting(_ text: String, at offset: Int) -> Bytes { setting(Array(text.utf8), at: offset) }

    package func setting(_ bytes: [UInt8], at offset: Int) -> Bytes {
        var copy = self
        if copy.all.count < offset + bytes.count { copy.all += Array(repeating: 0, count: offset + bytes.count - copy.all.count) }
        copy.all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return copy
    }

    package func setting<Number: FixedWidthInteger>(big number: Number, at offset: Int) -> Bytes {
        setting(withUnsafeBytes(of: number.bigEndian) { Array($0) }, at: offset)
    }

    package func setting<Number: FixedWidthInteger>(little number: Number, at offset: Int) -> Bytes {
        setting(withUnsafeBytes(of: number.littleEndian) { Array($0) }, at: offset)
    }

    package func first(_ count: Int) -> Bytes {
        var copy = self
        copy.all = Array(all.prefix(count))
        return copy
    }
}

/// Random bytes, which no two images share.
package func someData(_ count: Int = 3_000_000) -> [UInt8] {
    var state = UInt64.random(in: 1 ... .max)
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}
