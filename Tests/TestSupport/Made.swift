/// Images that are put together by hand, each wrong, or valid, in one way that its name tells.
package enum Made {
    package static let qcow2 = Bytes(1024).setting([0x51, 0x46, 0x49, 0xFB], at: 0).setting(big: UInt32(3), at: 4).setting(
        big: UInt32(16), at: 20
    )
    .setting(big: UInt64(8 << 20), at: 24).setting(big: UInt32(104), at: 100)
    package static let vhd = Bytes(2048).setting("conectix", at: 0).setting(big: UInt64(4 << 20), at: 40).setting(big: UInt32(3), at: 60)
    package static let vdi = Bytes(2048).setting(little: UInt32(0xBEDA_107F), at: 0x40).setting(little: UInt64(4 << 20), at: 0x170)
    package static let luks = Bytes(4096).setting([0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE, 0, 1], at: 0).setting(big: UInt32(4), at: 104)
    package static let iso = Bytes(36 * 1024).setting([1] + Array("CD001".utf8), at: 32768).setting(little: UInt32(18), at: 32768 + 80)
        .setting(little: UInt16(2048), at: 32768 + 128)
    package static let gpt = Bytes(2048).setting([0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF], at: 446).setting(little: UInt32(1), at: 454)
        .setting([0x55, 0xAA], at: 510)

    package static let lines = """
        # Disk DescriptorFile
        version=1
        CID=12345678
        parentCID=ffffffff
        createType="monolithicSparse"

        RW 16 SPARSE "a.vmdk"
        ddb.adapterType = "ide"
        """

    package static func vmdk(_ lines: String = lines, sectors: UInt64 = 20) -> Bytes {
        Bytes(64 * 1024).setting("KDMV", at: 0).setting(little: UInt32(1), at: 4).setting(little: UInt64(16), at: 12)
            .setting(little: UInt64(1), at: 28).setting(little: sectors, at: 36).setting(little: UInt64(128), at: 56)
            .setting(lines, at: 512)
    }

    /// streamOptimized, with the header again at its end.
    package static func footed(_ change: (Bytes) -> Bytes = { $0 }) -> Bytes {
        let headed = vmdk(lines.replacing("monolithicSparse", with: "streamOptimized")).setting(little: UInt64.max, at: 56)
        let end = headed.all.count
        return change(
            headed.setting(little: UInt32(3), at: end + 12).setting(Array(headed.first(512).all), at: end + 512)
                .setting(little: UInt64(200), at: end + 512 + 56).setting([UInt8](repeating: 0, count: 512), at: end + 1024))
    }

    private static let metadata: [UInt8] = [
        0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E,
    ]
    private static let diskSize: [UInt8] = [0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8]
    private static let parent: [UInt8] = [0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C]
    private static let table = 192 * 1024
    private static let meta = 1 << 20
    package static let vhdx = Bytes(meta + 128 * 1024).setting("vhdxfile", at: 0).setting("regi", at: table).setting(
        little: UInt32(1), at: table + 8
    )
    .setting(metadata, at: table + 16).setting(little: UInt64(meta), at: table + 32).setting("metadata", at: meta)
    .setting(little: UInt16(1), at: meta + 10).setting(diskSize, at: meta + 32).setting(little: UInt32(65536), at: meta + 48)
    .setting(little: UInt32(8), at: meta + 52).setting(little: UInt64(4 << 20), at: meta + 65536)

    /// Valid ones, and their formats.
    package static let sound: [(name: String, format: String, bytes: Bytes, virtualSize: Int64)] = [
        ("qcow2", "qcow2", qcow2, 8 << 20), ("qcow2 v2", "qcow2", qcow2.setting(big: UInt32(2), at: 4), 8 << 20),
        ("qcow2 dirty corrupt zstd", "qcow2", qcow2.setting(big: UInt64(0b1011), at: 72), 8 << 20), ("vhd", "vhd", vhd, 4 << 20),
        ("vdi", "vdi", vdi, 4 << 20), ("luks", "luks", luks, 2048), ("iso", "iso", iso, 36864),
        ("iso boots", "iso", iso.setting(Array(gpt.all[446..<512]), at: 446), 36864), ("gpt", "gpt", gpt, 2048),
        ("mbr", "gpt", gpt.setting([0x80, 1, 1, 0, 0x83], at: 446), 2048), ("vmdk", "vmdk", vmdk(), 8192),
        ("vmdk stream", "vmdk", footed(), 8192), ("vhdx", "vhdx", vhdx, 4 << 20), ("empty", "raw", Bytes(0), 0),
        ("short", "raw", Bytes(3), 3),
        ("text", "raw", Bytes(0).setting(String(repeating: "#!ipxe\n", count: 300), at: 0), 2100),
        ("fat", "raw", gpt.setting([2], at: 0x10).setting([0xF8], at: 0x15), 2048),
    ]

    /// Wrong ones: the format that they look like, and the check that finds it.
    package static let wrong: [(name: String, format: String, bytes: Bytes, check: String)] = [
        ("qcow2 backing", "qcow2", qcow2.setting(big: UInt64(512), at: 8), "backing_file"),
        ("qcow2 backing far", "qcow2", qcow2.setting(big: UInt64.max, at: 8), "backing_file"),
        ("qcow2 data file", "qcow2", qcow2.setting(big: UInt64(4), at: 72), "data_file"),
        ("qcow2 extended L2", "qcow2", qcow2.setting(big: UInt64(16), at: 72), "unknown_features"),
        ("qcow2 last feature", "qcow2", qcow2.setting(big: UInt64(1) << 63, at: 72), "unknown_features"),
        ("qcow2 v1", "qcow2", qcow2.setting(big: UInt32(1), at: 4), "unknown_features"),
        ("qcow2 v4", "qcow2", qcow2.setting(big: UInt32(4), at: 4), "unknown_features"),
        ("qcow2 huge", "qcow2", qcow2.setting(big: UInt64.max, at: 24), "size"),
        ("qcow2 short backing", "qcow2", qcow2.setting(big: UInt64(104), at: 8).first(300), "header"),
        ("qed", "qed", Bytes(1024).setting("QED\0", at: 0), "banned"), ("qed short", "qed", Bytes(4).setting("QED\0", at: 0), "banned"),
        ("luks v2", "luks", luks.setting(big: UInt16(2), at: 6), "version"), ("luks short", "luks", luks.first(591), "header"),
        ("vhd difference", "vhd", vhd.setting(big: UInt32(4), at: 60), "parent"), ("vhd short", "vhd", vhd.first(511), "header"),
        ("vdi huge", "vdi", vdi.setting(little: UInt64.max, at: 0x170), "size"), ("vdi short", "vdi", vdi.first(400), "header"),
        ("mbr flag", "gpt", gpt.setting([0x81, 1, 1, 0, 0x83], at: 446), "mbr"),
        ("mbr empty", "gpt", Bytes(512).setting([0x55, 0xAA], at: 510), "mbr"),
        ("gpt second", "gpt", gpt.setting([0x83], at: 466), "mbr"), ("gpt lba", "gpt", gpt.setting(little: UInt32(2), at: 454), "mbr"),
        ("gpt chs", "gpt", gpt.setting([1], at: 447), "mbr"),
        ("gpt third", "gpt", gpt.setting([0], at: 450).setting([0xEE], at: 482), "mbr"),
        ("vmdk flat", "vmdk", vmdk(lines.replacing("monolithicSparse", with: "monolithicFlat")), "descriptor"),
        ("vmdk path", "vmdk", vmdk(lines.replacing("a.vmdk", with: "/etc/passwd")), "descriptor"),
        ("vmdk flat extent", "vmdk", vmdk(lines.replacing("SPARSE \"a.vmdk\"", with: "FLAT \"passwd\" 0")), "descriptor"),
        ("vmdk no extent", "vmdk", vmdk(lines.replacing("RW 16", with: "# ")), "descriptor"),
        ("vmdk unknown line", "vmdk", vmdk(lines + "\nWO 16 SPARSE \"b\"\n"), "descriptor"),
        (
            "vmdk type in comment", "vmdk",
            vmdk("# createType=\"monolithicSparse\"\n" + lines.replacing("monolithicSparse", with: "custom")), "descriptor"
        ),
        ("vmdk two types", "vmdk", vmdk("createType=\"streamOptimized\"\n" + lines), "descriptor"),
        ("vmdk no type", "vmdk", vmdk(lines.replacing("createType", with: "kind")), "descriptor"),
        ("vmdk latin", "vmdk", vmdk(lines + "\n# caf\u{e9}"), "descriptor"),
        ("vmdk control", "vmdk", vmdk(lines + "\n# \u{1}"), "descriptor"),
        ("vmdk parent", "vmdk", vmdk(lines + "\nparentFileNameHint=\"/etc/passwd\"\n"), "parent"),
        ("vmdk parent in comment", "vmdk", vmdk(lines + "\n# parentFileNameHint=\"base\"\n"), "parent"),
        ("vmdk parent id", "vmdk", vmdk(lines.replacing("ffffffff", with: "12345678")), "parent"),
        ("vmdk empty descriptor", "vmdk", vmdk(""), "descriptor"), ("vmdk no descriptor", "vmdk", vmdk(sectors: 0), "descriptor"),
        ("vmdk endless descriptor", "vmdk", vmdk(sectors: .max), "descriptor"),
        ("vmdk descriptor elsewhere", "vmdk", vmdk().setting(little: UInt64(2), at: 28), "descriptor"),
        ("vmdk descriptor at the end of numbers", "vmdk", vmdk().setting(little: UInt64.max, at: 28), "descriptor"),
        ("vmdk v4", "vmdk", vmdk().setting(little: UInt32(4), at: 4), "descriptor"),
        ("vmdk empty", "vmdk", vmdk().setting(little: UInt64(0), at: 12), "descriptor"),
        ("vmdk huge", "vmdk", vmdk().setting(little: UInt64.max, at: 12), "size"), ("vmdk cut", "vmdk", vmdk().first(600), "descriptor"),
        ("vmdk short", "vmdk", vmdk().first(60), "header"),
        ("vmdk without its footer", "vmdk", vmdk().setting(little: UInt64.max, at: 56), "footer"),
        ("vmdk footer's footer", "vmdk", footed { $0.setting(little: UInt64.max, at: $0.all.count - 1024 + 56) }, "footer"),
        ("vmdk footer's descriptor", "vmdk", footed { $0.setting(little: UInt64(3), at: $0.all.count - 1024 + 28) }, "footer"),
        ("vmdk footer's size", "vmdk", footed { $0.setting(little: UInt64(0), at: $0.all.count - 1024 + 12) }, "footer"),
        ("vmdk footer's marker", "vmdk", footed { $0.setting([2], at: $0.all.count - 1536 + 12) }, "footer"),
        ("vmdk end's marker", "vmdk", footed { $0.setting([1], at: $0.all.count - 1) }, "footer"),
        ("vmdk text", "vmdk", Bytes(0).setting(lines.replacing("monolithicSparse", with: "monolithicFlat"), at: 0), "descriptor"),
        ("vmdk text sparse", "vmdk", Bytes(0).setting(lines + String(repeating: "\n# more", count: 100), at: 0), "descriptor"),
        ("vmdk text tiny", "vmdk", Bytes(0).setting("version=1\n", at: 0), "descriptor"),
        ("vmdk text padded", "vmdk", Bytes(4096).setting(lines, at: 0), "descriptor"),
        ("vmdk old", "vmdk", Bytes(1024).setting("COWD", at: 0), "descriptor"),
        ("vhdx regions", "vhdx", vhdx.setting(little: UInt32.max, at: table + 8), "header"),
        ("vhdx no regions", "vhdx", vhdx.setting(little: UInt32(0), at: table + 8), "header"),
        ("vhdx far", "vhdx", vhdx.setting(little: UInt64.max, at: table + 32), "header"),
        ("vhdx near", "vhdx", vhdx.setting(little: UInt64(table), at: table + 32), "header"),
        ("vhdx unsigned", "vhdx", vhdx.setting("data", at: table), "header"),
        ("vhdx metadata", "vhdx", vhdx.setting("metafoto", at: meta), "header"),
        ("vhdx entries", "vhdx", vhdx.setting(little: UInt16.max, at: meta + 10), "header"),
        ("vhdx no size", "vhdx", vhdx.setting(little: UInt16(0), at: meta + 10), "header"),
        ("vhdx item near", "vhdx", vhdx.setting(little: UInt32(0), at: meta + 48), "header"),
        ("vhdx item far", "vhdx", vhdx.setting(little: UInt32.max, at: meta + 48), "header"),
        ("vhdx huge", "vhdx", vhdx.setting(little: UInt64.max, at: meta + 65536), "size"),
        ("vhdx difference", "vhdx", vhdx.setting(little: UInt16(2), at: meta + 10).setting(parent, at: meta + 64), "parent"),
        ("vhdx short", "vhdx", vhdx.first(8), "header"),
    ]

    // MARK: encrypted

    /// An encrypted image of LUKS version 1, as `qemu-img info` reads it. No key opens it. `qemu-img create` of one fails by chance on machines
    /// where QEMU 7.2 cannot measure its own processor time.
    ///
    /// - Parameter size: bytes of the disk.
    package static func encrypted(size: Int) -> Bytes {
        let (payload, slots, slotSectors) = (4096, 8, 504)
        var header = Bytes(payload * 512 + size).setting([0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE, 0, 1], at: 0).setting("aes", at: 8)
            .setting("xts-plain64", at: 40).setting("sha256", at: 72).setting(big: UInt32(payload), at: 104).setting(
                big: UInt32(64), at: 108
            )
            .setting(big: UInt32(1000), at: 164).setting("00000000-0000-0000-0000-000000000000", at: 168)
        for slot in 0..<slots {
            // The first has a key, which is not known.
            header = header.setting(big: UInt32(slot == 0 ? 0x00AC_71F3 : 0xDEAD), at: 208 + 48 * slot)
                .setting(big: UInt32(1000), at: 212 + 48 * slot).setting(big: UInt32(8 + slot * slotSectors), at: 248 + 48 * slot)
                .setting(big: UInt32(4000), at: 252 + 48 * slot)
        }
        return header
    }

    /// The same as a QCOW2 that is encrypted by LUKS.
    ///
    /// - Parameter plain: a QCOW2 of `qemu-img` without encryption. Source: QEMU, docs/interop/qcow2.txt, header extension 0x0537be77.
    package static func encryptedQcow2(_ plain: Bytes) -> Bytes {
        let header = encrypted(size: 0).all
        let cluster = 64 * 1024
        let place = (plain.all.count + cluster - 1) / cluster * cluster
        let extensions = Int(plain.all[100..<104].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        return plain.setting(big: UInt32(2), at: 32).setting(big: UInt32(0x0537_BE77), at: extensions).setting(
            big: UInt32(16), at: extensions + 4
        )
        .setting(big: UInt64(place), at: extensions + 8).setting(big: UInt64(header.count), at: extensions + 16)
        .setting(big: UInt64(0), at: extensions + 24).setting(header, at: place)
    }
}
