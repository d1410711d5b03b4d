/// VHDX: a table of regions at 192 KiB has the position of the metadata region, whose table has the position of the virtual size.
///
/// Each position must be behind the previous one, as the specification demands (regions from 1 MiB on, items from 64 KiB on within theirs),
/// so that one pass finds them all. A table with other positions is refused, and so is one with too many entries; oslo.utils accepts both,
/// without a size. Differencing disks are refused too, since they name their parent's file.
///
/// Source: MS-VHDX 2.2 and 2.6.
struct VHDX {
    private enum Step {
        case mark(Region), regions(Region), metadata(Region), size(Region)
        /// No more bytes are needed.
        case done
    }

    private var step = Step.mark(Region(at: 0, length: 8))
    private var match: Match?

    private static let metadata: [UInt8] = [
        0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E,
    ]
    private static let virtualDiskSize: [UInt8] = [
        0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8,
    ]
    private static let parentLocator: [UInt8] = [
        0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C,
    ]
    private static let tables = 64 * 1024

    var isDone: Bool {
        if case .done = step { true } else { false }
    }

    mutating func inspect(_ piece: Piece) {
        while advance(piece) {}
    }

    /// Whether the next step has begun, whose bytes may be in the same piece.
    private mutating func advance(_ piece: Piece) -> Bool {
        switch step {
        case .mark(var region):
            guard whole(&region, piece, Step.mark) else { return false }
            guard region.bytes.has("vhdxfile") else {
                step = .done
                return false
            }
            match = Match(format: .vhdx)
            step = .regions(Region(at: 192 * 1024, length: Self.tables))
        case .regions(var region):
            guard whole(&region, piece, Step.regions) else { return false }
            readRegions(region)
        case .metadata(var region):
            guard whole(&region, piece, Step.metadata) else { return false }
            readMetadata(region)
        case .size(var region):
            guard whole(&region, piece, Step.size) else { return false }
            match?.hasSize(region.bytes.littleEndian(at: 0), at: region.offset)
            step = .done
        case .done: return false
        }
        return true
    }

    private mutating func whole(_ region: inout Region, _ piece: Piece, _ kept: (Region) -> Step) -> Bool {
        step = .done  // Releases the array, so that it grows in place.
        region.capture(piece)
        if !region.isWhole { step = kept(region) }
        return region.isWhole
    }

    private mutating func readRegions(_ region: Region) {
        guard region.bytes.has("regi"), let count = region.bytes.littleEndian(UInt32.self, at: 8), count <= 2047 else {
            return refuse(at: region.offset, "The VHDX region table is broken.")
        }
        for start in (0..<Int(count)).map({ 16 + 32 * $0 }) where region.bytes[start..<start + 16].elementsEqual(Self.metadata) {
            guard let offset = region.bytes.littleEndian(UInt64.self, at: start + 16), offset >= 1 << 20, offset < 1 << 62 else {
                return refuse(at: region.offset + UInt64(start) + 16, "The VHDX metadata have an invalid position.")
            }
            step = .metadata(Region(at: offset, length: Self.tables))
            return
        }
        refuse(at: region.offset, "The VHDX region table names no metadata.")
    }

    private mutating func readMetadata(_ region: Region) {
        guard region.bytes.has("metadata"), let count = region.bytes.littleEndian(UInt16.self, at: 10), count <= 2047 else {
            return refuse(at: region.offset, "The VHDX metadata table is broken.")
        }
        var size: UInt32?
        for start in (0..<Int(count)).map({ 32 + 32 * $0 }) {
            let name = region.bytes[start..<start + 16]
            if name.elementsEqual(Self.parentLocator) {
                match?.refuse(.parent, at: region.offset + UInt64(start), "The image is a difference to another disk.")
            }
            if size == nil && name.elementsEqual(Self.virtualDiskSize) { size = region.bytes.littleEndian(at: start + 16) }
        }
        guard let size, size >= UInt32(Self.tables) else {
            return refuse(at: region.offset, "The VHDX metadata do not tell the virtual size.")
        }
        step = .size(Region(at: region.offset + UInt64(size), length: 8))
    }

    private mutating func refuse(at offset: UInt64, _ words: String) {
        match?.refuse(.header, at: offset, words)
        step = .done
    }

    /// - Parameter size: the size of the whole stream in bytes.
    func match(size: UInt64) -> Match? {
        guard var match else { return nil }
        if !isDone { match.refuse(.header, at: size, "The image ends before all that VHDX needs.") }
        return match
    }
}
