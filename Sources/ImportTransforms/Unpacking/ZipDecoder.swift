internal import CPacking

/// Decodes a zip archive of exactly one file, stored or deflated, from its beginning to its end. The directory at the end must agree with
/// the data before it; the file's name is ignored. Source: PKWARE, APPNOTE.TXT 6.3.
final class ZipDecoder: Decoder {
    private let inflater = Inflater(windowBits: -15)
    private var place = Place.local
    /// The part of the current record that was read, and the record's size.
    private var record: [UInt8] = []
    private var wanted = 30
    /// The number of bytes to skip.
    private var skipped = 0

    private var isDeflated = false
    private var hasDescriptor = false
    private var isLong = false
    /// The sizes and checksum in the local header, and those of the data.
    private var said: Member?
    private var came = Member()
    private var checksum = crc32(0, nil, 0)
    /// Those in the directory.
    private var entry = Member()
    private var hasEntry = false
    /// The lengths in the current entry.
    private var (nameLength, commentLength) = (0, 0)

    private struct Member: Equatable {
        var checksum: UInt32 = 0
        /// The sizes in bytes, packed and unpacked.
        var packed: UInt64 = 0
        var size: UInt64 = 0
    }

    /// The next part of the archive.
    private enum Place {
        case local, localExtra, data, descriptorMark, descriptor, mark, entry, entryExtra, longEnd, longLocator, end, over
    }

    /// The largest number of bytes to skip; an archive of a single file needs no more.
    private static let mostSkipped = 1 << 20

    var isWhole: Bool { place == .over && skipped == 0 }

    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        var consumed = 0
        while true {
            let rest = UnsafeRawBufferPointer(rebasing: input[consumed...])
            if skipped > 0 {
                let count = min(skipped, rest.count)
                (skipped, consumed) = (skipped - count, consumed + count)
                if skipped > 0 { return (consumed, 0) }
            } else if place == .data {
                let step = try copy(rest, into: output)
                consumed += step.consumed
                if step.produced > 0 || place == .data { return (consumed, step.produced) }
            } else if place == .over {
                guard rest.isEmpty else { throw Flaw("There is data after the end of the zip archive.") }
                return (consumed, 0)
            } else {
                let taken = rest.prefix(wanted - record.count)
                record += taken
                consumed += taken.count
                guard record.count == wanted else { return (consumed, 0) }
                let whole = record
                record = []
                try understand(Record(bytes: whole))
            }
        }
    }

    // MARK: the data

    private func copy(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Flaw) -> (consumed: Int, produced: Int) {
        var step: (consumed: Int, produced: Int, isEnd: Bool, isSound: Bool)
        if isDeflated {
            step = inflater.inflate(input, into: output)
            guard step.isSound else { throw Flaw("The data in the zip archive are damaged.") }
        } else {
            let left = (said?.packed ?? 0) - came.packed
            let count = min(input.count, output.count, Int(clamping: left))
            if count > 0 { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count])) }
            step = (count, count, UInt64(count) == left, true)
        }
        checksum = crc32(checksum, output.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(step.produced))
        came.packed += UInt64(step.consumed)
        came.size += UInt64(step.produced)
        if step.isEnd {
            came.checksum = UInt32(checksum)
            if let said, said != came { throw Flaw("The data in the zip archive does not have the size or checksum that it records.") }
            hasDescriptor ? expect(.descriptorMark, 4) : expect(.mark, 4)
        }
        return (step.consumed, step.produced)
    }

    // MARK: records

    private func expect(_ next: Place, _ count: Int) { (place, wanted) = (next, count) }

    private func skip(_ count: some BinaryInteger) throws(Flaw) {
        guard count <= Self.mostSkipped else { throw Flaw("The zip archive has a comment or an extra field of more than 1 MiB.") }
        skipped = Int(count)
    }

    private func understand(_ record: Record) throws(Flaw) {
        switch place {
        case .local: try readLocal(record)
        case .localExtra: try readLocalExtra(record)
        case .descriptorMark:
            // The signature may be missing; then these bytes are the checksum.
            if record.long(0) != 0x0807_4B50 { self.record = record.bytes }
            expect(.descriptor, (isLong ? 20 : 12))
        case .descriptor:
            try check(
                Member(
                    checksum: record.long(0), packed: isLong ? record.double(4) : UInt64(record.long(4)),
                    size: isLong ? record.double(12) : UInt64(record.long(8))))
            expect(.mark, 4)
        case .mark: try readMark(record.long(0))
        case .entry: try readEntry(record)
        case .entryExtra: try readEntryExtra(record)
        case .longEnd:
            guard record.double(0) >= 44, record.double(0) < Self.mostSkipped else { throw Flaw("The end of the zip archive is damaged.") }
            try skip(record.double(0))
            expect(.mark, 4)
        case .longLocator: expect(.mark, 4)
        case .end:
            let counts = [record.short(4), record.short(6)]
            guard [record.short(0), record.short(2)].allSatisfy({ $0 == 0 || $0 == 0xFFFF }) else {
                throw Flaw("The zip archive is one of several volumes.")
            }
            guard hasEntry, counts.allSatisfy({ $0 == 1 || $0 == 0xFFFF }) else { throw Flaw("The end of the zip archive is damaged.") }
            try skip(record.short(16))
            expect(.over, 0)
        case .data, .over: break
        }
    }

    private func readLocal(_ record: Record) throws(Flaw) {
        let flags = record.short(6)
        guard flags & 1 == 0 else { throw Flaw("The zip archive is encrypted.") }
        switch record.short(8) {
        case 0: isDeflated = false
        case 8: isDeflated = true
        case let method: throw Flaw("The zip archive uses method \(method), which is not known here.")
        }
        hasDescriptor = flags & 8 != 0
        guard isDeflated || !hasDescriptor else { throw Flaw("The zip archive does not tell where its data end.") }
        said = Member(checksum: record.long(14), packed: UInt64(record.long(18)), size: UInt64(record.long(22)))
        nameLength = Int(record.short(26))
        expect(.localExtra, nameLength + Int(record.short(28)))
        if wanted == 0 { throw Flaw("The file in the zip archive has no name.") }
    }

    private func readLocalExtra(_ record: Record) throws(Flaw) {
        guard record.bytes[..<nameLength].last != UInt8(ascii: "/") else { throw Flaw("The zip archive has a folder in it.") }
        if let long = record.longSizes(from: nameLength) {
            isLong = true
            if said?.size == 0xFFFF_FFFF { said?.size = long.first ?? 0 }
            if said?.packed == 0xFFFF_FFFF { said?.packed = long.last ?? 0 }
        }
        // With a descriptor, the sizes follow the data.
        if hasDescriptor { said = nil }
        expect(.data, 0)
    }

    private func check(_ member: Member) throws(Flaw) {
        guard member == came else { throw Flaw("The data in the zip archive does not have the size or checksum that it records.") }
    }

    private func readMark(_ mark: UInt32) throws(Flaw) {
        switch mark {
        case 0x0403_4B50: throw Flaw("The zip archive has more than one file in it.")
        case 0x0201_4B50:
            guard !hasEntry else { throw Flaw("The zip archive has more than one file in it.") }
            expect(.entry, 42)
        case 0x0606_4B50 where hasEntry: expect(.longEnd, 8)
        case 0x0706_4B50 where hasEntry: expect(.longLocator, 16)
        case 0x0605_4B50 where hasEntry: expect(.end, 18)
        default: throw Flaw("The directory of the zip archive is damaged.")
        }
    }

    private func readEntry(_ record: Record) throws(Flaw) {
        entry = Member(checksum: record.long(12), packed: UInt64(record.long(16)), size: UInt64(record.long(20)))
        nameLength = Int(record.short(24))
        commentLength = Int(record.short(28))
        expect(.entryExtra, nameLength + Int(record.short(26)))
        if wanted == 0 { throw Flaw("The directory of the zip archive is damaged.") }
    }

    private func readEntryExtra(_ record: Record) throws(Flaw) {
        if var long = record.longSizes(from: nameLength)?[...] {
            if entry.size == 0xFFFF_FFFF, let size = long.popFirst() { entry.size = size }
            if entry.packed == 0xFFFF_FFFF, let size = long.popFirst() { entry.packed = size }
        }
        try check(entry)
        hasEntry = true
        try skip(commentLength)
        expect(.mark, 4)
    }
}

/// A record's numbers, which are little-endian.
private struct Record {
    let bytes: [UInt8]

    func short(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
    func long(_ offset: Int) -> UInt32 { UInt32(short(offset)) | UInt32(short(offset + 2)) << 16 }
    func double(_ offset: Int) -> UInt64 { UInt64(long(offset)) | UInt64(long(offset + 4)) << 32 }

    /// The 64-bit sizes in the extra fields; nil when there are none.
    func longSizes(from offset: Int) -> [UInt64]? {
        var offset = offset
        while offset + 4 <= bytes.count {
            let (kind, count) = (short(offset), Int(short(offset + 2)))
            guard offset + 4 + count <= bytes.count else { return nil }
            if kind == 1 { return stride(from: offset + 4, through: offset + 4 + count - 8, by: 8).map(double) }
            offset += 4 + count
        }
        return nil
    }
}
