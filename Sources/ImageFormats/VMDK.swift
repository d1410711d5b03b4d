internal import Numbers

/// VMDK in one file: a header with a descriptor, or a descriptor alone, which is text.
///
/// A descriptor alone, and VMware's older sparse header (`COWD`), are recognized and never allowed: the data is in other files, or no
/// descriptor describes it. oslo.utils takes a descriptor that is padded with NULs, as QEMU often writes it, for raw.
///
/// Source: VMware, "Virtual Disk Format 5.0"; QEMU, block/vmdk.c.
struct VMDK {
    /// The largest size of a descriptor that QEMU reads.
    static let descriptorLimit = (1 << 20) - 1
    /// The position of a descriptor behind a header.
    static let descriptorOffset: UInt64 = 512

    private enum Step {
        case header(Region), descriptor(Region), text(Region)
        /// No more bytes are needed.
        case done
    }

    private var step = Step.header(Region(at: 0, length: 512))
    private var header: SparseHeader?
    private var match: Match?

    var isDone: Bool {
        if case .done = step { true } else { false }
    }

    mutating func inspect(_ piece: Piece) {
        while advance(piece) {}
    }

    /// Whether the next step has begun, whose bytes may be in the same piece.
    private mutating func advance(_ piece: Piece) -> Bool {
        let current = step
        step = .done  // Releases the array, so that it grows in place.
        switch consume current {
        case .header(var region):
            region.capture(piece)
            guard region.isWhole else { return keep(.header(region)) }
            readHeader(region.bytes)
        case .descriptor(var region):
            region.capture(piece)
            guard region.isWhole else { return keep(.descriptor(region)) }
            readDescriptor(region.bytes)
        case .text(var region):
            let known = region.bytes.count
            region.capture(piece)
            guard region.isWhole || !region.bytes[known...].allSatisfy(\.isText) else { return keep(.text(region)) }
            readText(region.bytes)
        case .done: return false
        }
        return true
    }

    private mutating func keep(_ step: Step) -> Bool {
        self.step = step
        return false
    }

    private mutating func readHeader(_ bytes: [UInt8]) {
        if bytes.has("COWD") { return isOldSparse() }
        guard bytes.has("KDMV") else {
            let text = Array(bytes.prefix(while: \.isText))
            if text.count < bytes.count {
                readText(text)
            } else {
                step = .text(Region(at: 0, length: Self.descriptorLimit, holding: text))
            }
            return
        }
        var match = Match(format: .vmdk)
        let header = SparseHeader(bytes, at: 0)
        if let header, 1...3 ~= header.version, header.descriptor == 1 {
            self.header = header
            if header.capacity == 0 {
                match.refuse(.descriptor, at: 12, "The VMDK header tells no size, so that its descriptor would count.")
            }
            match.hasSize(header.capacity.multipliedClamped(by: 512), at: 12)
            let length = header.descriptorSectors < 2048 ? Int(header.descriptorSectors) * 512 : Self.descriptorLimit
            step = .descriptor(Region(at: Self.descriptorOffset, length: length))
        } else {
            match.refuse(.descriptor, at: header.map { 1...3 ~= $0.version } == true ? 28 : 4, "No descriptor found.")
        }
        self.match = match
    }

    private mutating func isOldSparse() {
        match = Match(format: .vmdk)
        match?.refuse(.descriptor, at: 0, "VMDK without a descriptor is not supported.")
    }

    private mutating func readDescriptor(_ bytes: [UInt8]) {
        match?.read(VMDKDescriptor(bytes))
    }

    private mutating func readText(_ bytes: [UInt8]) {
        let text = Array(bytes.prefix(while: \.isText))
        guard text.lowercased.contains("createtype=\"") || VMDKDescriptor.isProbed(text) else { return }
        var match = Match(format: .vmdk)
        match.refuse(.descriptor, at: 0, "The image is only a descriptor, whose data are in other files.")
        self.match = match
    }

    /// - Parameters:
    ///   - tail: the last bytes of the stream, `footerLength` of them unless the stream is shorter.
    ///   - size: the size of the whole stream in bytes.
    func match(tail: [UInt8], size: UInt64) -> Match? {
        var ended = self
        switch step {
        case .header(let region):
            if region.bytes.has("KDMV") || region.bytes.has("COWD") {
                ended.match = Match(format: .vmdk)
                ended.match?.refuse(.header, at: size, "The VMDK header is cut off.")
            } else {
                ended.readText(region.bytes)
            }
        case .descriptor: ended.match?.refuse(.descriptor, at: size, "The descriptor is cut off.")
        case .text(let region): ended.readText(region.bytes)
        case .done: break
        }
        if let header, header.hasFooter { ended.match?.checkFooter(tail, against: header, size: size) }
        return ended.match
    }
}

/// The relevant fields of a "hosted sparse extent" header; a sector has 512 bytes.
struct SparseHeader {
    let version: UInt32
    let capacity: UInt64
    let descriptor: UInt64
    let descriptorSectors: UInt64
    let directory: UInt64

    /// Whether the header is repeated at the end of the stream, and that copy counts.
    var hasFooter: Bool { directory == .max }

    init?(_ bytes: [UInt8], at start: Int) {
        guard bytes.has("KDMV", at: start), let version = bytes.littleEndian(UInt32.self, at: start + 4),
            let capacity = bytes.littleEndian(UInt64.self, at: start + 12),
            let descriptor = bytes.littleEndian(UInt64.self, at: start + 28),
            let sectors = bytes.littleEndian(UInt64.self, at: start + 36), let directory = bytes.littleEndian(UInt64.self, at: start + 56)
        else { return nil }
        (self.version, self.capacity, self.descriptor, descriptorSectors, self.directory) = (
            version, capacity, descriptor, sectors, directory
        )
    }
}

extension Match {
    static let footerLength = 1536

    /// Checks the last three sectors: a marker, the repeated header, and the end-of-stream marker.
    fileprivate mutating func checkFooter(_ tail: [UInt8], against header: SparseHeader, size: UInt64) {
        let start = size - UInt64(tail.count)
        guard tail.count == Self.footerLength, size >= 1024 + UInt64(tail.count), let footer = SparseHeader(tail, at: 512) else {
            return refuse(.footer, at: start, "The image has no footer, and its header says it has.")
        }
        if footer.version != header.version || footer.capacity != header.capacity || footer.descriptor != header.descriptor
            || footer.descriptorSectors != header.descriptorSectors || footer.hasFooter
        {
            refuse(.footer, at: start + 512, "The footer does not repeat the header.")
        }
        if tail.littleEndian(UInt32.self, at: 8) != 0 || tail.littleEndian(UInt32.self, at: 12) != 3
            || tail[16..<512].contains(where: { $0 != 0 })
        {
            refuse(.footer, at: start, "The footer's marker is invalid.")
        }
        if tail[1024...].contains(where: { $0 != 0 }) { refuse(.footer, at: start + 1024, "The marker of the stream's end is invalid.") }
    }

    fileprivate mutating func read(_ descriptor: VMDKDescriptor) {
        subformat = descriptor.createType
        for problem in descriptor.problems {
            refuse(problem.check, at: VMDK.descriptorOffset + UInt64(problem.offset), problem.words)
        }
    }
}
