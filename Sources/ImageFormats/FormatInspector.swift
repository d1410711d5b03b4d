/// Reads an image as it goes by, in pieces of any size, and tells which formats it bears the marks of.
///
/// All formats are looked for at once, whatever the image was said to be. What is kept is bounded: the first 34 KiB, the last
/// 1.5 KiB, and for VHDX a table at a time of 64 KiB or for VMDK a descriptor of up to 1 MiB. Once the headers have gone by, a
/// piece costs the copy of its last 1.5 KiB. Held by one thread at a time.
///
/// Verdicts equal those of oslo.utils' `imageutils.format_inspector`, but for what each format's source file says.
package struct FormatInspector: Sendable {
    private var position: UInt64 = 0
    private var head = Region(at: 0, length: Beginnings.length)
    private var tail = Tail(length: Match.footerLength)
    private var vhdx = VHDX()
    private var vmdk = VMDK()

    package init() {}

    /// Takes the stream's next bytes, which are lent for this call.
    package mutating func inspect(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let piece = Piece(bytes: bytes, position: position)
        head.capture(piece)
        tail.capture(piece)
        if !vhdx.isDone { vhdx.inspect(piece) }
        if !vmdk.isDone { vmdk.inspect(piece) }
        position = piece.end
    }

    /// What the bytes until now are, if they are all.
    package func inspection() -> Inspection {
        var matches = Beginnings.matches(head.bytes, size: position)
        matches += [vhdx.match(size: position), vmdk.match(tail: tail.last, size: position)].compactMap(\.self)
        return Inspection(size: Int64(clamping: position), matches: matches, fixedDisk: fixedDisk)
    }

    /// A fixed VHD: the disk as it is, and a footer behind it.
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
