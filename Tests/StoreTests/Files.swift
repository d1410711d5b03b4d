import Domain
import Foundation
import Stores
import TestSupport

/// Files that tests create, and their properties on the disk.
enum Files {
    /// A free path.
    static func fresh() throws -> String {
        let folder = "\(TestFolder.root)/files-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Bytes without a period of any buffer's length, and without zeros.
    static func bytes(_ count: Int) -> [UInt8] {
        let pattern = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) | 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes += pattern.prefix(count - bytes.count) }
        return bytes
    }

    /// A file of pieces, each with its offset, and holes between them.
    static func write(_ pieces: [(offset: Int, bytes: [UInt8])], size: Int, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw Unexpected("no file \(path)")
        }
        for piece in pieces {
            try file.seek(toOffset: UInt64(piece.offset))
            try file.write(contentsOf: piece.bytes)
        }
        try file.truncate(atOffset: UInt64(size))
        try file.close()
    }

    /// Bytes that a file occupies on its disk.
    static func taken(by path: String) throws -> Int {
        var info = stat()
        guard stat(path, &info) == 0 else { throw Unexpected("no file \(path)") }
        return Int(info.st_blocks) * 512
    }

    /// The part of a file that is in the page cache, from 0 to 1.
    static func cached(_ path: String) throws -> Double {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw Unexpected("no file \(path)") }
        defer { close(descriptor) }
        let length = Int(lseek(descriptor, 0, SEEK_END))
        guard let map = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0), map != MAP_FAILED else { throw Unexpected("no map") }
        defer { munmap(map, length) }
        var pages = [UInt8](repeating: 0, count: (length + 4095) / 4096)
        guard mincore(map, length, &pages) == 0 else { throw Unexpected("no mincore") }
        return Double(pages.count { $0 & 1 != 0 }) / Double(pages.count)
    }

    static func mode(of path: String) throws -> UInt32 {
        var info = stat()
        guard stat(path, &info) == 0 else { throw Unexpected("no file \(path)") }
        return info.st_mode & 0o7777
    }

    /// Whether files of the tests can share blocks: then nothing is copied, and the copy is not interrupted.
    static let shareBlocks: Bool = {
        guard let folder = try? fresh(), (try? write([(0, [1])], size: 1, to: "\(folder)/a")) != nil else { return false }
        return (try? Command("cp", ["--reflink=always", "\(folder)/a", "\(folder)/b"]).status) == 0
    }()

    static func isSame(_ one: String, _ other: String) throws -> Bool { try Command("cmp", [one, other]).status == 0 }
}

extension FileStore {
    /// Stores bytes in pieces of one length.
    func store(_ bytes: [UInt8], as id: ImageID = .fresh(), pieces: Int = 512 * 1024) throws -> ImageLocation {
        let pending = try begin(id, token: String(UInt64.random(in: 0 ... .max)), announcing: Int64(bytes.count))
        try pending.append(bytes, pieces: pieces)
        let location = try pending.commit()
        pending.confirm()
        return location
    }
}

extension BlobWriter {
    func append(_ bytes: [UInt8], pieces: Int = 512 * 1024) throws {
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try bytes.withUnsafeBytes { try append(UnsafeRawBufferPointer(rebasing: $0[start..<min(start + pieces, bytes.count)])) }
        }
    }
}

extension ImageLocation {
    /// Of a file.
    var path: String { String(url.dropFirst("file://".count)) }
}
