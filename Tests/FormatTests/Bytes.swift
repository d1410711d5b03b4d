import ImageFormats

/// An image that is put together by hand: zeros, and what is set.
struct Bytes {
    var all: [UInt8]

    init(_ count: Int) { all = Array(repeating: 0, count: count) }

    func setting(_ text: String, at offset: Int) -> Bytes { setting(Array(text.utf8), at: offset) }

    func setting(_ bytes: [UInt8], at offset: Int) -> Bytes {
        var copy = self
        if copy.all.count < offset + bytes.count { copy.all += Array(repeating: 0, count: offset + bytes.count - copy.all.count) }
        copy.all.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return copy
    }

    func setting<Number: FixedWidthInteger>(big number: Number, at offset: Int) -> Bytes {
        setting(withUnsafeBytes(of: number.bigEndian) { Array($0) }, at: offset)
    }

    func setting<Number: FixedWidthInteger>(little number: Number, at offset: Int) -> Bytes {
        setting(withUnsafeBytes(of: number.littleEndian) { Array($0) }, at: offset)
    }

    func first(_ count: Int) -> Bytes {
        var copy = self
        copy.all = Array(all.prefix(count))
        return copy
    }
}

/// What the inspector says of bytes that come in pieces of one length, or in two that are cut at one place.
func inspection(_ bytes: [UInt8], pieces: Int = .max, cutAt cut: Int? = nil) -> Inspection {
    var inspector = FormatInspector()
    bytes.withUnsafeBytes { bytes in
        if let cut {
            inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
            inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[cut...]))
        } else {
            for start in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
                inspector.inspect(UnsafeRawBufferPointer(rebasing: bytes[start..<start + min(pieces, bytes.count - start)]))
            }
        }
    }
    return inspector.inspection()
}

extension Verdict {
    /// The check that refused; nil where none did.
    var refusal: Finding.Check? {
        if case .refused(let finding) = self { finding.check } else { nil }
    }

    var virtualSize: Int64? {
        if case .accepted(let size, _) = self { size } else { nil }
    }

    var warnings: [Finding] {
        if case .accepted(_, let warnings) = self { warnings } else { [] }
    }
}
