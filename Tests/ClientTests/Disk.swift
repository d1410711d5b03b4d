import Foundation
import TestSupport

/// A disk of a virtual machine, made by QEMU: a few megabytes, different for each disk.
struct Disk {
    let path: String
    let bytes: [UInt8]

    init(_ name: String) throws {
        path = "\(TestFolder.root)/\(name)-\(UInt32.random(in: 0 ... .max)).qcow2"
        let raw = path + ".raw"
        try Data(someData(3 << 20)).write(to: URL(filePath: raw))
        defer { try? FileManager.default.removeItem(atPath: raw) }
        try Command("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path]).succeeded()
        bytes = Array(try Data(contentsOf: URL(filePath: path)))
    }

    /// The output of the system's own programs about it.
    func digest(_ program: String) throws -> String {
        String(try Command(program, [path]).succeeded().text.prefix { $0 != " " })
    }

    /// A free path beside it.
    var back: String { path + ".back" }

    /// Whether another file has the same bytes.
    func isSame(as other: String) throws -> Bool { try Command("cmp", [path, other]).status == 0 }
}

extension TestGlance {
    /// The number of requests to nginx of one kind, from the workers' log.
    func requests(_ method: String, _ route: String) throws -> Int {
        try workerLog().split(separator: "\n").count { $0.contains("] \(method) \(route) ") }
    }

    /// Whether an image's bytes in the store are those of a file.
    func stores(_ disk: Disk, as id: String) throws -> Bool { try disk.isSame(as: "\(storeFolder)/\(id)") }

    /// Changes one bit of an image's bytes in the store, which are those of a disk.
    func damage(_ disk: Disk, as id: String) throws {
        var spoilt = disk.bytes
        spoilt[1_000_000] ^= 1
        let file = try FileHandle(forUpdating: URL(filePath: "\(storeFolder)/\(id)"))
        try file.write(contentsOf: spoilt)
        try file.close()
    }
}

extension JSONValue {
    /// The texts of an array, sorted.
    var sortedTexts: [String] { array?.map { $0.string ?? "\($0)" }.sorted() ?? [] }
}
