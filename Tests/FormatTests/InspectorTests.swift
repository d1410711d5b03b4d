import ImageFormats
import TestSupport
import Testing

@Suite struct `An image's format` {
    @Test func `is told, and its virtual size`() {
        for image in Made.sound {
            let verdict = inspection(image.bytes.all).verdict(claimed: image.format, by: FormatRules())
            #expect(verdict.refusal == nil && verdict.virtualSize == image.virtualSize, "\(image.name): \(verdict)")
        }
    }

    @Test func `is refused for what is wrong with it, also where it is said to be raw`() {
        for image in Made.wrong {
            for claimed in [image.format, "raw", "ploop"] {
                let verdict = inspection(image.bytes.all).verdict(claimed: claimed, by: FormatRules())
                #expect(verdict.refusal?.rawValue == image.check, "\(image.name) as \(claimed): \(verdict)")
            }
        }
    }

    @Test(arguments: [1, 7, 511, 4096]) func `does not depend on how its bytes are cut up`(_ pieces: Int) {
        for (name, bytes) in Made.sound.map({ ($0.name, $0.bytes) }) + Made.wrong.map({ ($0.name, $0.bytes) })
        where pieces > 1 || bytes.all.count < 100_000 {
            #expect(inspection(bytes.all, pieces: pieces) == inspection(bytes.all), "\(name)")
        }
    }

    @Test func `does not depend on where its header is cut`() {
        for image in [Made.qcow2, Made.luks, Made.vmdk(), Made.footed(), Made.gpt, Made.iso] {
            let whole = inspection(image.all)
            for cut in Array(0...1100) + Array(32760...32780) + (image.all.count - 1600...image.all.count).filter({ $0 > 1100 })
            where cut <= image.all.count {
                #expect(inspection(image.all, cutAt: cut) == whole, "cut at \(cut)")
            }
        }
        let whole = inspection(Made.vhdx.all)
        for place in [0, 192 * 1024, 256 * 1024, 1 << 20, (1 << 20) + 65536] {
            for cut in max(0, place - 20)...place + 20 {
                #expect(inspection(Made.vhdx.all, cutAt: cut) == whole, "cut at \(cut)")
            }
        }
    }

    /// The memory is bounded: of five gigabytes behind the headers nothing is kept.
    @Test func `does not depend on what goes by behind its headers`() {
        let piece = [UInt8](repeating: 0, count: 4 << 20)
        for (image, format, size) in [(Made.qcow2, "qcow2", 8 << 20), (Made.gpt, "gpt", 5 << 30 + 2048)] as [(Bytes, String, Int64)] {
            var inspector = FormatInspector()
            image.all.withUnsafeBytes { inspector.inspect($0) }
            piece.withUnsafeBytes { for _ in 0..<1280 { inspector.inspect($0) } }
            let inspection = inspector.inspection()
            #expect(inspection.size == 5 << 30 + Int64(image.all.count))
            #expect(inspection.verdict(claimed: format, by: FormatRules()).virtualSize == size)
        }
    }

    @Test func `is refused under its own name where the image ends too early`() {
        for image in [
            ("qcow2", Made.qcow2, 512), ("vhd", Made.vhd, 512), ("vdi", Made.vdi, 512), ("luks", Made.luks, 592),
            ("vmdk", Made.vmdk(), 10752),
        ] {
            for count in 1..<image.2 {
                let verdict = inspection(image.1.first(count).all).verdict(claimed: image.0, by: FormatRules())
                #expect(verdict.refusal != nil, "\(image.0), \(count) bytes")
            }
            #expect(inspection(image.1.first(image.2).all).verdict(claimed: image.0, by: FormatRules()).refusal == nil)
        }
        for count in stride(from: 8, to: Made.vhdx.all.count, by: 4093) {
            let isWhole = count >= (1 << 20) + 65536 + 8
            #expect((inspection(Made.vhdx.first(count).all).verdict(claimed: "vhdx", by: FormatRules()).refusal == nil) == isWhole)
        }
    }

    @Test func `may be one alone, but for an ISO that boots`() {
        let both = Made.qcow2.setting([0x55, 0xAA], at: 510).setting([0x83], at: 450)
        for claimed in ["qcow2", "gpt", "raw"] {
            let verdict = inspection(both.all).verdict(claimed: claimed, by: FormatRules())
            #expect(verdict.refusal == .format, "\(verdict)")
        }
        let three = Made.iso.setting(Made.qcow2.first(446).all, at: 0).setting(Array(Made.gpt.all[446..<512]), at: 446)
        #expect(inspection(three.all).verdict(claimed: "iso", by: FormatRules()).refusal == .format)
    }
}

@Suite struct `What an image was said to be` {
    @Test func `must be what it is`() {
        var lenient = FormatRules()
        lenient.requiresMatch = false
        for image in Made.sound where image.name != "iso boots" {
            for claimed in ["qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso", "gpt", "luks", "qed"] where claimed != image.format {
                let inspection = inspection(image.bytes.all)
                #expect(inspection.verdict(claimed: claimed, by: FormatRules()).refusal == .format, "\(image.name) as \(claimed)")
                let warned = inspection.verdict(claimed: claimed, by: lenient)
                #expect(warned.refusal == nil && warned.virtualSize == nil && warned.warnings.map(\.check) == [.format])
            }
        }
    }

    @Test func `may be raw, whose size is that of its bytes`() {
        for image in Made.sound {
            let verdict = inspection(image.bytes.all).verdict(claimed: "raw", by: FormatRules())
            #expect(verdict.virtualSize == Int64(image.bytes.all.count), "\(image.name): \(verdict)")
        }
    }

    /// Found by the fuzzer: the footer of a fixed VHD in an image that is shorter than the footer.
    @Test func `may end within what is looked for at its end`() {
        var footer = [UInt8]("conectix".utf8) + [UInt8](repeating: 0, count: 504)
        footer[63] = 2
        for count in 0..<512 {
            let verdict = inspection(Array(footer[..<count])).verdict(claimed: "raw", by: FormatRules())
            // A text that begins like a VHD is not a complete one.
            #expect((verdict.refusal == nil) == (count < 8), "\(count) bytes: \(verdict)")
        }
    }

    @Test(arguments: ["ami", "aki", "ari", "ploop"]) func `may be what nobody can tell`(_ claimed: String) {
        #expect(inspection(Bytes(5000).all).verdict(claimed: claimed, by: FormatRules()) == .accepted(virtualSize: nil, warnings: []))
        #expect(inspection(Made.qcow2.all).verdict(claimed: claimed, by: FormatRules()).refusal == .format)
    }

    @Test func `may be a kernel, which begins like a disk without partitions`() {
        let kernel = Bytes(4096).setting([0x55, 0xAA], at: 510)
        #expect(inspection(kernel.all).verdict(claimed: "aki", by: FormatRules()).refusal == nil)
        #expect(inspection(kernel.all).verdict(claimed: "ami", by: FormatRules()).refusal == .mbr)
    }

    @Test func `may be a fixed VHD, whose mark is at its end`() {
        let footer = Made.vhd.first(512).setting(big: UInt64(2048), at: 48).setting(big: UInt32(2), at: 60)
        for disk in [Bytes(2048), Made.gpt] {
            let image = disk.setting(footer.all, at: 2048)
            #expect(inspection(image.all).verdict(claimed: "vhd", by: FormatRules()).virtualSize == 2048)
            #expect(inspection(image.all).verdict(claimed: "raw", by: FormatRules()).virtualSize == 2560)
        }
        let hidden = Made.qcow2.setting(footer.all, at: 2048)
        #expect(inspection(hidden.all).verdict(claimed: "vhd", by: FormatRules()).refusal == .format)
    }
}

@Suite struct `A site's rules` {
    @Test func `say which kinds of VMDK it takes`() {
        var rules = FormatRules()
        rules.vmdkTypes = ["STREAMOPTIMIZED", "monolithicFlat"]
        #expect(inspection(Made.vmdk().all).verdict(claimed: "vmdk", by: rules).refusal == .descriptor)
        #expect(inspection(Made.footed().all).verdict(claimed: "vmdk", by: rules).refusal == nil)
        let flat = Made.vmdk(Made.lines.replacing("monolithicSparse", with: "monolithicFlat"))
        #expect(inspection(flat.all).verdict(claimed: "vmdk", by: rules).refusal == .descriptor)
    }

    @Test func `say which checks of a partition table only warn, and of nothing else`() {
        var rules = FormatRules()
        rules.nonfatalChecksOfGPT = ["mbr", "backing_file"]
        let odd = inspection(Made.gpt.setting([1], at: 447).all).verdict(claimed: "gpt", by: rules)
        #expect(odd.refusal == nil && odd.warnings.map(\.check) == [.mbr])
        #expect(inspection(Made.qcow2.setting(big: UInt64(512), at: 8).all).verdict(claimed: "qcow2", by: rules).refusal == .backingFile)
    }
}
