import Domain
import Foundation
import ImportTransforms
import TestSupport
import Testing

@Suite struct `A conversion` {
    private let folder = "\(TestFolder.root)/conversion-\(UInt64.random(in: 0 ... .max))"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    private func convert(
        _ name: String, from format: String, to target: ConversionSettings.Format = .raw, seconds: Double = 60,
        atMost most: Int64 = 1 << 30,
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> [Double] {
        var notes: [Double] = []
        try QemuImg(.init(format: target, seconds: seconds)).convert(
            fileAt: "\(folder)/\(name)", from: format, to: "\(folder)/out", atMost: most, isCancelled: isCancelled,
            note: { notes.append($0) })
        return notes
    }

    private var hasOutput: Bool { FileManager.default.fileExists(atPath: "\(folder)/out") }

    private func make(_ words: String...) throws { try Command("qemu-img", words).succeeded() }

    @Test(arguments: ConversionSettings.Format.allCases) func `makes each format that it may`(_ target: ConversionSettings.Format) throws {
        try Data(filled(3 << 20) { UInt8(truncatingIfNeeded: $0 >> 8) }).write(to: URL(filePath: "\(folder)/disk, 'x' =y"))
        try make("convert", "-f", "raw", "-O", "vdi", "\(folder)/disk, 'x' =y", "\(folder)/a, 'vdi'=:x")
        let notes = try convert("a, 'vdi'=:x", from: "vdi", to: target)
        #expect(notes == notes.sorted() && notes.last == 1)
        try make("compare", "-f", "raw", "-F", target.rawValue, "\(folder)/disk, 'x' =y", "\(folder)/out")
    }

    @Test func `sees nothing but the image`() throws {
        try Data("root:x:0:0".utf8).write(to: URL(filePath: "\(folder)/secret"))
        try make("create", "-q", "-f", "qcow2", "-b", "\(folder)/secret", "-F", "raw", "\(folder)/backed")
        try make("create", "-q", "-f", "qcow2", "-o", "data_file=\(folder)/data", "\(folder)/split", "1M")
        try make("create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", "\(folder)/flat", "1M")
        try make("create", "-q", "-f", "qcow2", "\(folder)/plain", "1M")
        let plain = Bytes(0).setting(Array(try Data(contentsOf: URL(filePath: "\(folder)/plain"))), at: 0)
        try Data(Made.encryptedQcow2(plain).all).write(to: URL(filePath: "\(folder)/locked"))
        #expect(try Command("qemu-img", ["info", "-f", "qcow2", "\(folder)/locked"]).text.contains("encrypted: yes"))
        for (name, format) in [("backed", "qcow2"), ("split", "qcow2"), ("flat", "vmdk"), ("locked", "qcow2")] {
            #expect(throws: Fault.of(.unsupportedMedia), "\(name)") { try convert(name, from: format) }
            #expect(!hasOutput)
        }
    }

    @Test func `believes no file to be what it is not`() throws {
        try make("create", "-q", "-f", "qcow2", "\(folder)/image", "1M")
        for format in ["vmdk", "vdi", "vhdx", "vhd", "nonsense", "iso", ""] {
            #expect(throws: Fault.of(.unsupportedMedia), "\(format)") { try convert("image", from: format) }
        }
        // As raw, any bytes are accepted.
        _ = try convert("image", from: "raw", to: .vmdk)
        try make("compare", "-f", "raw", "-F", "vmdk", "\(folder)/image", "\(folder)/out")
    }

    @Test func `ends in time and space`() throws {
        try make("create", "-q", "-f", "qcow2", "\(folder)/image", "100M")
        #expect(throws: Fault.of(.tooLarge)) { try convert("image", from: "qcow2", atMost: 100 << 20 - 1) }
        // More output than the image's virtual size.
        let bytes = Data(filled(8 << 20) { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
        try bytes.write(to: URL(filePath: "\(folder)/disk"))
        #expect(throws: Fault.of(.tooLarge)) { try convert("disk", from: "raw", to: .qcow2, atMost: 8 << 20) }
        #expect(!hasOutput)
        #expect(throws: Fault.of(.gone)) { try convert("image", from: "qcow2", isCancelled: { true }) }
        #expect(!hasOutput)
        // An L1 table of 2^31 entries.
        var evil = Array(try Data(contentsOf: URL(filePath: "\(folder)/image")))
        evil.replaceSubrange(36..<40, with: [0x80, 0, 0, 0])
        try Data(evil).write(to: URL(filePath: "\(folder)/evil"))
        #expect(throws: Fault.of(.unsupportedMedia)) { try convert("evil", from: "qcow2") }
    }
}
