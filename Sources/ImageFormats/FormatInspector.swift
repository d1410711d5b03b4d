/// Reads an image as it passes, in pieces of any size, and finds the formats whose signatures it has.
///
/// All formats are searched at once, whatever format was declared. Memory is bounded: the first 34 KiB, the last 1.5 KiB, and for VHDX one
/// table of 64 KiB at a time or for VMDK a descriptor of up to 1 MiB. After the headers, a piece costs the copy of its last 1.5 KiB. One
/// thread at a time uses it.
///
/// Verdicts equal those of oslo.utils' `imageutils.format_inspector`, except for the differences that each format's source file names.
package struct FormatInspector: Sendable {
    private var position: UInt64 = 0
    private var head = Region(at: 0, length: Beginnings.length)
    private var tail = Tail(length: Match.footerLength)
    private var vhdx = VHDX()
    private var vmdk = VMDK()

    /// Makes an inspector of a new stream.
    package init() {}

    /// Inspects the next bytes of the stream, which are valid for this call.
    package mutating func inspect(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let piece = Piece(bytes: bytes, position: position)
        head.capture(piece)
        tail.capture(piece)
        if !vhdx.isDone { vhdx.inspect(piece) }
        if !vmdk.isDone { vmdk.inspect(piece) }
        position = piece.end
    }

    /// The result for the bytes so far, as if the stream had ended.
    package func inspection() -> Inspection {
        var matches = Beginnings.matches(head.bytes, size: position)
        matches += [vhdx.match(size: position), vmdk.match(tail: tail.last, size: position)].compactMap(\.self)
        return Inspection(size: Int64(clamping: position), matches: matches, fixedDisk: fixedDisk)
    }

    /// The match of a fixed VHD: the disk's data followed by a footer.
    private var fixedDisk: Match? {
        let footer = Array(tail.last.suffix(512))
        guard footer.count == 512, footer.has("conectix"), footer.bigEndian(UInt32.self, at: 60) == 2,
            let size = footer.bigEndian(UInt64.self, at: 48),
            size == position - 512
        else { return nil }
        var match = Match(format: .vhd)
        match.hasSize(size, at: size + 48)
        return match
    }
}
