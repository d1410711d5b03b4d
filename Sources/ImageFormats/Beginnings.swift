/// The formats that are recognized by their first bytes.
///
/// An image that has a format's signature and ends before its header does has that format, and is refused. oslo.utils takes it for raw, and
/// so accepts a qcow2 of less than 512 bytes that names a backing file.
enum Beginnings {
    /// The number of bytes at the beginning that the formats need; ISO 9660 needs the most.
    static let length = 34 * 1024

    /// - Parameters:
    ///   - head: the first bytes of the stream, `length` of them unless the stream is shorter.
    ///   - size: the size of the whole stream in bytes.
    static func matches(_ head: [UInt8], size: UInt64) -> [Match] {
        [qcow2(head), vhd(head), vdi(head), qed(head), iso(head), gpt(head), luks(head, size: size)].compactMap(\.self)
    }

    /// Source: QEMU, "Qcow2 image file format". Version 1 is refused, and so are all incompatible features except dirty, corrupt and the
    /// compression type.
    private static func qcow2(_ head: [UInt8]) -> Match? {
        guard head.starts(with: [0x51, 0x46, 0x49, 0xFB]) else { return nil }
        var match = Match(format: .qcow2)
        match.hasSize(head.bigEndian(at: 24), at: 24)
        guard head.count >= 512, let version = head.bigEndian(UInt32.self, at: 4),
            let backing = head.bigEndian(UInt64.self, at: 8), let features = head.bigEndian(UInt64.self, at: 72)
        else {
            match.refuse(.header, at: UInt64(head.count), "The qcow2 header is cut off.")
            return match
        }
        if backing != 0 { match.refuse(.backingFile, at: 8, "The image has a backing file.") }
        switch version {
        case 2: break
        case 3:
            if features & 0b100 != 0 { match.refuse(.dataFile, at: 72, "The image has an external data file.") }
            if features & ~0b1111 != 0 { match.refuse(.unknownFeatures, at: 72, "The image has unknown incompatible features.") }
        default: match.refuse(.unknownFeatures, at: 4, "qcow2 version \(version) is not supported.")
        }
        return match
    }

    /// Source: Microsoft, "Virtual Hard Disk Image Format Specification". Dynamic disks begin with a copy of their footer.
    ///
    /// Differencing disks are refused, since they name their parent's file. oslo.utils does not check this.
    private static func vhd(_ head: [UInt8]) -> Match? {
        guard head.has("conectix") else { return nil }
        var match = Match(format: .vhd)
        match.hasSize(head.bigEndian(at: 40), at: 40)
        guard head.count >= 512, let type = head.bigEndian(UInt32.self, at: 60) else {
            match.refuse(.header, at: UInt64(head.count), "The VHD header is cut off.")
            return match
        }
        if type == 4 { match.refuse(.parent, at: 60, "The image is a difference to another disk.") }
        return match
    }

    /// Source: QEMU, block/vdi.c.
    private static func vdi(_ head: [UInt8]) -> Match? {
        guard head.littleEndian(UInt32.self, at: 0x40) == 0xBEDA_107F else { return nil }
        var match = Match(format: .vdi)
        match.hasSize(head.littleEndian(at: 0x170), at: 0x170)
        if head.count < 512 { match.refuse(.header, at: UInt64(head.count), "The VDI header is cut off.") }
        return match
    }

    private static func qed(_ head: [UInt8]) -> Match? {
        guard head.has("QED\0") else { return nil }
        var match = Match(format: .qed)
        match.refuse(.banned, at: 0, "The format qed is not allowed.")
        return match
    }

    /// Source: ECMA-119 8.4; ECMA-167 for the signatures of UDF. Only a primary volume descriptor has the size.
    private static func iso(_ head: [UInt8]) -> Match? {
        let start = 32 * 1024
        guard head.count >= start + 2048,
            head.has("CD001", at: start + 1) || head.has("NSR02", at: start + 1) || head.has("NSR03", at: start + 1)
        else { return nil }
        var match = Match(format: .iso)
        if head[start] == 1, let blocks = head.littleEndian(UInt32.self, at: start + 80),
            let block = head.littleEndian(UInt16.self, at: start + 128)
        {
            match.virtualSize = Int64(blocks) * Int64(block)
        }
        return match
    }

    /// A partition table: a GPT behind a protective MBR, or an MBR alone. The first sector of a FAT file system ends in the same two bytes
    /// and is not matched.
    ///
    /// Source: UEFI Specification 2.10, 5.2.
    private static func gpt(_ head: [UInt8]) -> Match? {
        guard head.count >= 512, head[510] == 0x55, head[511] == 0xAA else { return nil }
        let (copiesOfFAT, medium) = (head[0x10], head[0x15])
        if copiesOfFAT == 2 && medium == 0xF8 { return nil }
        var match = Match(format: .gpt)
        var used: [Int] = []
        var protects = false
        for number in 0..<4 {
            let start = 446 + 16 * number
            let (flag, type) = (head[start], head[start + 4])
            if flag & 0x7F != 0 { match.refuse(.mbr, at: UInt64(start), "Partition \(number) has an invalid boot flag.") }
            if type != 0 { used.append(number) }
            guard type == 0xEE else { continue }
            protects = true
            if !head[start + 1...start + 3].elementsEqual([0, 2, 0]) {
                match.refuse(.mbr, at: UInt64(start + 1), "The protective partition has an invalid start in CHS.")
            }
            if head.littleEndian(UInt32.self, at: start + 8) != 1 {
                match.refuse(.mbr, at: UInt64(start + 8), "The protective partition has an invalid start in LBA.")
            }
        }
        if protects && used != [0] { match.refuse(.mbr, at: 446, "There are partitions beside the protective one.") }
        if used.isEmpty { match.refuse(.mbr, at: 446, "There are no partitions.") }
        return match
    }

    /// Source: "LUKS On-Disk Format Specification" 1.2.3. The encrypted data begins at the payload's offset (in sectors) and ends with the
    /// image. If the offset is beyond the end, oslo.utils reports a negative size, and this code none.
    private static func luks(_ head: [UInt8], size: UInt64) -> Match? {
        guard head.starts(with: [0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE]) else { return nil }
        var match = Match(format: .luks)
        guard head.count >= 592, let version = head.bigEndian(UInt16.self, at: 6), let payload = head.bigEndian(UInt32.self, at: 104) else {
            match.refuse(.header, at: UInt64(head.count), "The LUKS header is cut off.")
            return match
        }
        if version != 1 {
            match.refuse(.version, at: 6, "LUKS version \(version) is not supported.")
        } else if UInt64(payload) * 512 <= size {
            match.hasSize(size - UInt64(payload) * 512, at: 104)
        }
        return match
    }
}
