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

/// Bytes, each made from its place. In a debug build this takes a twentieth of the time of `map`.
package func filled(_ count: Int, _ byte: (Int) -> UInt8) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
        while filled < count {
            bytes[filled] = byte(filled)
            filled += 1
        }
    }
}

/// Random bytes, which no two images share.
package func someData(_ count: Int = 3_000_000) -> [UInt8] {
    var state = UInt64.random(in: 1 ... .max)
    return filled(count) { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

extension [UInt8] {
    /// Whether the bytes are the same. If `#expect(a == b)` fails, Swift Testing looks for the difference, which takes hours for megabytes.
    package func isSame(as other: [UInt8]) -> Bool { self == other }
}
