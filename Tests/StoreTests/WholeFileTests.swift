import Domain
import Foundation
import Stores
import TestSupport
import Testing

/// `BlobWriter.take`: a local file becomes an image's without being read by the process.
@Suite struct `A whole file` {
    private let folder: String
    private let store: FileStore
    init() throws {
        folder = try Files.fresh()
        var settings = FileStore.Settings()
        settings.internalPrefix = "/x"
        store = try FileStore(name: "fast", [.init(path: "\(folder)/images")], settings)
    }

    private func pending(in store: FileStore? = nil) throws -> any BlobWriter {
        try (store ?? self.store).begin(.fresh(), token: "1", announcing: nil)
    }

    private func expectNothingLeft(_ store: FileStore, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try store.pendingUploads(olderThan: -2).isEmpty, sourceLocation: sourceLocation)
        for folder in store.internalFolders.map(\.folder) {
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [".incoming"], sourceLocation: sourceLocation)
        }
    }

    private static let shapes: [(name: String, pieces: [(offset: Int, bytes: [UInt8])], size: Int)] = [
        ("empty", [], 0), ("hole", [], 5 << 20), ("bytes", [(0, Files.bytes(100_003))], 100_003),
        ("hole first", [(3 << 20, Files.bytes(70_000))], 3 << 20 + 70_000), ("hole last", [(0, Files.bytes(70_000))], 9_000_001),
        ("holes", [(4096, Files.bytes(4096)), (1 << 20, Files.bytes(5)), (8 << 20, Files.bytes(1 << 20))], 10 << 20 + 1),
        ("more than a step", [(0, Files.bytes(65 << 20)), (80 << 20, Files.bytes(9))], 90 << 20),
    ]

    @Test func `is taken as it is, holes too`() throws {
        for (name, pieces, size) in Self.shapes {
            let source = "\(folder)/\(name)"
            try Files.write(pieces, size: size, to: source)
            let pending = try pending()
            #expect(try pending.take(fileAt: source, size: Int64(size)) { false }, "\(name)")
            let location = try pending.commit()
            #expect(try Files.isSame(source, location.path), "\(name)")
            // A file in several extents needs some further blocks for their positions.
            #expect(try Files.taken(by: location.path) <= Files.taken(by: source) + 65_536, "\(name)")
            #expect(location.metadata == #"{"store": "fast"}"#)
            #expect(FileManager.default.fileExists(atPath: source))
            try store.remove(location.url)
            try FileManager.default.removeItem(atPath: source)
        }
    }

    private static let canShare =
        getuid() == 0 && ["/usr/sbin/mkfs.xfs", "/dev/loop-control"].allSatisfy { FileManager.default.fileExists(atPath: $0) }

    @Test(.enabled(if: canShare, "mounting XFS takes root, mkfs.xfs and a loop device"))
    func `shares its blocks where the file system can`() throws {
        let disk = try SmallDisk(sharing: ())
        let store = try FileStore([.init(path: "\(disk.folder)/images")])
        let source = "\(disk.folder)/source"
        try Files.write([(0, Files.bytes(40 << 20)), (60 << 20, Files.bytes(3))], size: 70 << 20, to: source)
        sync()
        let free = disk.freeBytes()
        let pending = try pending(in: store)
        var asked = 0
        #expect(
            try pending.take(fileAt: source, size: 70 << 20) {
                asked += 1
                return false
            })
        let location = try pending.commit()
        sync()
        // Nothing was copied, so cancellation was not checked in between.
        #expect(asked == 0)
        #expect(free - disk.freeBytes() < 1 << 20)
        #expect(try Files.isSame(source, location.path))
        // A change of one of them does not affect the other.
        try Files.write([(0, [7])], size: 1, to: source)
        #expect(try store.bytes(at: location.url).size == 70 << 20)
        #expect(FileManager.default.contents(atPath: location.path)?.first == Files.bytes(1)[0])
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `of another file system is not taken, and bytes can still come`() throws {
        let disk = try SmallDisk(megabytes: 4)
        let source = "\(disk.folder)/source"
        try Files.write([(0, Files.bytes(100_000))], size: 100_000, to: source)
        let pending = try pending()
        #expect(try !pending.take(fileAt: source, size: 100_000) { false })
        try pending.append([1, 2, 3])
        #expect(FileManager.default.contents(atPath: try pending.commit().path) == Data([1, 2, 3]))
    }

    @Test(arguments: [99_999, 100_001, 0]) func `of another size than was said is not taken`(_ size: Int64) throws {
        let source = "\(folder)/source"
        try Files.write([(0, Files.bytes(100_000))], size: 100_000, to: source)
        let pending = try pending()
        #expect(try !pending.take(fileAt: source, size: size) { false })
        try pending.append([1, 2, 3])
        #expect(FileManager.default.contents(atPath: try pending.commit().path) == Data([1, 2, 3]))
    }

    @Test func `that is not there is a fault of the store`() throws {
        let pending = try pending()
        #expect(throws: Fault.of(.unavailable)) { try pending.take(fileAt: "\(folder)/nothing", size: 1) { false } }
    }

    @Test(.disabled(if: Files.shareBlocks, "nothing is copied here"))
    func `is given up half-way when nobody wants it any more`() throws {
        let source = "\(folder)/source"
        try Files.write([(0, Files.bytes(66 << 20))], size: 66 << 20, to: source)
        do {
            let pending = try pending()
            var asked = 0
            #expect(throws: Fault.of(.gone)) {
                try pending.take(fileAt: source, size: 66 << 20) {
                    asked += 1
                    return asked == 2
                }
            }
            #expect(asked == 2)
        }
        try expectNothingLeft(store)
    }

    /// A hole would stand for missing bytes.
    @Test(.disabled(if: Files.shareBlocks, "nothing is copied here"), arguments: [0, 4096, 100, 1 << 20])
    func `that is cut off meanwhile is refused`(_ rest: off_t) throws {
        let source = "\(folder)/source"
        try Files.write([(0, Files.bytes(4096)), (1 << 20, Files.bytes(10))], size: 2 << 20, to: source)
        let pending = try pending()
        #expect(throws: Fault.of(.unavailable)) {
            try pending.take(fileAt: source, size: 2 << 20) {
                truncate(source, rest)
                return false
            }
        }
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `that does not fit is refused, and takes no space`() throws {
        let disk = try SmallDisk(megabytes: 8)
        var settings = FileStore.Settings()
        settings.internalPrefix = "/x"
        let store = try FileStore([.init(path: "\(disk.folder)/images")], settings)
        let source = "\(disk.folder)/source"
        try Files.write([(0, Files.bytes(5 << 20))], size: 5 << 20, to: source)
        let free = disk.freeBytes()
        do {
            let pending = try pending(in: store)
            #expect(throws: Fault.of(.tooLarge)) { try pending.take(fileAt: source, size: 5 << 20) { false } }
        }
        try expectNothingLeft(store)
        #expect(disk.freeBytes() == free)
    }
}
