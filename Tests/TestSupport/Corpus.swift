import Foundation

/// The corpus as files: what qemu-img can write (each format's sub-formats), and images that are put together by hand.
package struct Corpus: Sendable {
    package let folder: String
    /// For an image from qemu-img, its format in this project, or `refused`.
    package private(set) var written: [(name: String, format: String)] = []
    package static let diskSize: Int64 = 4 << 20

    /// Name, qemu-img's name of the format, its options, and this project's name of the format.
    private static let kinds: [(String, String, String, String)] = [
        ("qcow2", "qcow2", "", "qcow2"), ("qcow2 0.10", "qcow2", "compat=0.10", "qcow2"),
        ("qcow2 zstd", "qcow2", "compression_type=zstd", "qcow2"),
        ("qcow2 lazy", "qcow2", "lazy_refcounts=on", "qcow2"), ("qcow2 4k", "qcow2", "cluster_size=4096", "qcow2"),
        ("qcow2 full", "qcow2", "preallocation=full", "qcow2"), ("qcow2 extended", "qcow2", "extended_l2=on", "refused"),
        ("qcow", "qcow", "", "refused"), ("qed", "qed", "", "refused"), ("vhd", "vpc", "subformat=dynamic", "vhd"),
        ("vhd exact", "vpc", "force_size=on", "vhd"), ("vhd fixed", "vpc", "subformat=fixed,force_size=on", "vhd"),
        ("vhdx", "vhdx", "", "vhdx"),
        ("vhdx fixed", "vhdx", "subformat=fixed", "vhdx"), ("vdi", "vdi", "", "vdi"), ("vdi static", "vdi", "static=on", "vdi"),
        ("vmdk", "vmdk", "subformat=monolithicSparse", "vmdk"), ("vmdk scsi", "vmdk", "adapter_type=lsilogic,hwversion=7", "vmdk"),
        ("vmdk stream", "vmdk", "subformat=streamOptimized", "vmdk"), ("vmdk flat", "vmdk", "subformat=monolithicFlat", "refused"),
        ("vmdk split", "vmdk", "subformat=twoGbMaxExtentSparse", "refused"),
        ("vmdk split flat", "vmdk", "subformat=twoGbMaxExtentFlat", "refused"),
        ("parallels", "parallels", "", "raw"), ("raw", "raw", "", "raw"),
    ]

    package init() throws {
        folder = "\(TestFolder.root)/corpus-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let source = folder + ".source"
        var random = SystemRandomNumberGenerator()
        let data = [UInt8]((0..<1 << 17).map { _ in random.next() }) + [UInt8](repeating: 0, count: Int(Self.diskSize) - 1 << 17)
        try Data(data).write(to: URL(filePath: source))
        defer { try? FileManager.default.removeItem(atPath: source) }
        for (name, format, options, ours) in Self.kinds {
            let words = ["convert", "-f", "raw", "-O", format] + (options.isEmpty ? [] : ["-o", options])
            try Command("qemu-img", words + [source, "\(folder)/\(name)"]).succeeded()
            written.append((name, ours))
        }
        try Data(Made.encrypted(size: Int(Self.diskSize)).all).write(to: URL(filePath: "\(folder)/luks"))
        try Command("qemu-img", ["convert", "-c", "-O", "qcow2", source, "\(folder)/qcow2 compressed"]).succeeded()
        for (name, options) in [("qcow2 snapshot", ["qcow2", "-F", "raw"]), ("vmdk snapshot", ["vmdk", "-F", "vmdk"])] {
            let base = options[0] == "vmdk" ? "\(folder)/vmdk" : source
            try Command("qemu-img", ["create", "-f", options[0], "-b", base] + options[1...] + ["\(folder)/\(name)"]).succeeded()
        }
        let external = ["create", "-f", "qcow2", "-o", "data_file=\(folder)/qcow2 data,data_file_raw=on", "\(folder)/qcow2 external", "4M"]
        try Command("qemu-img", external).succeeded()
        written += [
            ("qcow2 compressed", "qcow2"), ("qcow2 snapshot", "refused"), ("vmdk snapshot", "refused"), ("qcow2 external", "refused"),
            ("luks", "luks"),
        ]
        for (name, bytes) in Made.sound.map({ ($0.name, $0.bytes) }) + Made.wrong.map({ ($0.name, $0.bytes) }) {
            try Data(bytes.all).write(to: URL(filePath: "\(folder)/made \(name)"))
        }
    }

    package func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }
    package var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } }
}
