import Domain
import Foundation
import JSONDocument
import Stores
import TestSupport
import Testing

/// `filesystem_store_datadirs`.
@Suite struct `A file store of several folders` {
    private func place(_ id: ImageID = .fresh(), announcing size: Int64?, in store: FileStore) throws -> String {
        let pending = try store.begin(id, token: "1", announcing: size)
        defer { pending.discard() }
        let path = pending.url.dropFirst("file://".count)
        return String(path[..<(try #require(path.firstRange(of: "/.incoming/")).lowerBound)])
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `takes the one of the highest priority with enough space, and of equals the emptiest`() throws {
        let disks = try [8, 4, 16].map { try SmallDisk(megabytes: $0) }
        let folders = disks.map(\.folder)
        let store = try FileStore([
            .init(path: folders[0], priority: 200), .init(path: folders[1], priority: 200), .init(path: folders[2], priority: -1),
        ])
        #expect(try place(announcing: nil, in: store) == folders[0])
        #expect(try place(announcing: 7 << 20, in: store) == folders[0])
        #expect(try place(announcing: 9 << 20, in: store) == folders[2])
        #expect(throws: Fault.of(.tooLarge)) { try place(announcing: 17 << 20, in: store) }
        let first = try store.store(Files.bytes(6 << 20))
        #expect(first.path.hasPrefix(folders[0] + "/"))
        // Two megabytes are free there, and four in the other.
        #expect(try place(announcing: nil, in: store) == folders[1])
        #expect(try place(announcing: 3 << 20, in: store) == folders[1])
        #expect(try place(announcing: 5 << 20, in: store) == folders[2])
        try store.remove(first.url)
        #expect(try place(announcing: nil, in: store) == folders[0])
    }

    @Test func `finds what lies in each of them, also where one lies in another`() throws {
        let folder = try Files.fresh()
        let paths = ["\(folder)/a", "\(folder)/a/b", "\(folder)/c"]
        var settings = FileStore.Settings()
        settings.internalPrefix = "/_blobs/x"
        let store = try FileStore(paths.map { .init(path: $0) }, settings)
        #expect(store.internalFolders.map(\.prefix) == ["/_blobs/x/0", "/_blobs/x/1", "/_blobs/x/2"])
        #expect(store.internalFolders.map(\.folder) == paths)
        for (number, path) in paths.enumerated() {
            let id = ImageID.fresh()
            try "hello".write(toFile: "\(path)/\(id)", atomically: true, encoding: .utf8)
            let url = "file://\(path)/\(id)"
            #expect(store.holds(url))
            let bytes = try store.bytes(at: url)
            #expect(bytes.size == 5 && bytes.internalPath == "/_blobs/x/\(number)/\(id)" && bytes.path == "\(path)/\(id)")
            try store.remove(url)
            #expect(!FileManager.default.fileExists(atPath: "\(path)/\(id)"))
        }
        for url in ["file://\(folder)/a/b", "file://\(folder)/a/.incoming", "file://\(folder)/a/b/x/y", "file://\(folder)/a/../c/x"] {
            #expect(!store.holds(url) || url == "file://\(folder)/a/b", "\(url)")
            #expect(throws: Fault.of(.notFound)) { try store.bytes(at: url) }
        }
    }

    @Test func `clears up in each of them`() throws {
        let folder = try Files.fresh()
        let paths = ["\(folder)/a", "\(folder)/b"]
        let store = try FileStore(paths.map { .init(path: $0) })
        let uploads = try paths.map { path in
            let image = ImageID.fresh()
            try "whole".write(toFile: "\(path)/.incoming/\(image).77", atomically: true, encoding: .utf8)
            // As between the moment at which it gets its name and the one at which the record has it.
            try FileManager.default.linkItem(atPath: "\(path)/.incoming/\(image).77", toPath: "\(path)/\(image)")
            return Upload(image: image, token: "77", pendingURL: "file://\(path)/.incoming/\(image).77")
        }
        #expect(Set(try store.pendingUploads(olderThan: -2).map(\.pendingURL)) == Set(uploads.map(\.pendingURL)))
        try store.discardPending(uploads[0])
        #expect(try store.pendingUploads(olderThan: -2).map(\.pendingURL) == [uploads[1].pendingURL])
        #expect(FileManager.default.fileExists(atPath: "\(paths[0])/\(uploads[0].image)"))
        for upload in uploads { try store.discard(upload) }
        // A file whose name contains only an id is an image's.
        #expect(FileManager.default.fileExists(atPath: "\(paths[0])/\(uploads[0].image)"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: paths[1]) == [".incoming"])
    }
}

@Suite struct `A file of the store` {
    @Test(arguments: [(0, 0o644), (0o640, 0o640), (0o600, 0o600), (0o444, 0o444)])
    func `has the permissions that are wished for`(_ wanted: UInt32, _ found: UInt32) throws {
        for isThin in [false, true] {
            var settings = FileStore.Settings()
            settings.permissions = wanted
            settings.isThin = isThin
            let location = try FileStore([.init(path: Files.fresh())], settings).store(Files.bytes(100))
            #expect(try Files.mode(of: location.path) == found)
        }
    }

    /// A mount point ends at a slash, so that one whose name is the beginning of another is told apart.
    @Test func `says where it is mounted, by the first mount point that holds it`() throws {
        let folder = try Files.fresh()
        func metadata(_ mounts: [JSONObject], named name: String?) throws -> String {
            var settings = FileStore.Settings()
            settings.mounts = try mounts.map { try #require(FileMount($0)) }
            return try FileStore(name: name, [.init(path: "\(folder)/images")], settings).store([1]).metadata
        }
        let here: JSONObject = ["id": "a", "mountpoint": .string(folder), "type": "nfs"]
        let there: JSONObject = ["id": "b", "mountpoint": .string("\(folder)/im")]
        let root: JSONObject = ["id": "c", "mountpoint": "/", "store": "spoofed"]
        #expect(try metadata([here], named: nil) == #"{"id": "a", "mountpoint": "\#(folder)", "type": "nfs"}"#)
        #expect(try metadata([there, here, root], named: "x") == #"{"id": "a", "mountpoint": "\#(folder)", "type": "nfs", "store": "x"}"#)
        #expect(try metadata([root, here], named: "x") == #"{"id": "c", "mountpoint": "/", "store": "x"}"#)
        #expect(try metadata([there], named: "x") == #"{"store": "x"}"#)
        #expect(try metadata([], named: nil) == "{}")
    }

    @Test func `has a mount point only by an id and a whole path`() {
        for fields in [["id": "a"], ["mountpoint": "/a"], ["id": 1, "mountpoint": "/a"], ["id": "a", "mountpoint": "a"], [:]]
            as [JSONObject]
        {
            #expect(FileMount(fields) == nil)
        }
    }
}

/// `filesystem_thin_provisioning`.
@Suite struct `A thin file` {
    private static let block = 64 * 1024

    private func store(isThin: Bool = true) throws -> FileStore {
        var settings = FileStore.Settings()
        settings.isThin = isThin
        return try FileStore([.init(path: try Files.fresh())], settings)
    }

    /// Zeros at the beginning, within, at the end; data that begin and end within a block; sizes that are no multiples of blocks.
    private static let images: [(name: String, bytes: [UInt8], taken: ClosedRange<Int>)] = {
        let (zeros, data) = ([UInt8](repeating: 0, count: 1 << 20), Files.bytes(1 << 16))
        return [
            ("empty", [], 0...0), ("zeros", zeros, 0...0), ("zeros, odd", zeros.dropLast(7) + [], 0...0), ("one zero", [0], 0...0),
            ("one byte", [1], 1...8192), ("data first", data + zeros, 1 << 16...80 << 10), ("data last", zeros + data, 1 << 16...80 << 10),
            ("data within", zeros + data + zeros, 1 << 16...80 << 10),
            ("one byte within", zeros + [1] + zeros + [0, 0, 0], 1...80 << 10),
            ("odd", zeros + data.dropLast(3) + zeros.dropLast(1), 1 << 16...160 << 10), ("last byte", zeros + [0, 0, 1], 1...8192),
            ("data alone", Files.bytes(300_001), 300_001...320_000),
        ]
    }()

    @Test func `holds what came, and takes less of the disk`() throws {
        for (name, bytes, taken) in Self.images {
            for pieces in [512 * 1024, 64 * 1024, 100_000, 1 << 22] {
                let location = try store().store(bytes, pieces: pieces)
                #expect(FileManager.default.contents(atPath: location.path).map { Array($0) == bytes } == true, "\(name), \(pieces)")
                // Pieces of other lengths than blocks begin within one.
                if pieces % Self.block == 0 { #expect(taken.contains(try Files.taken(by: location.path)), "\(name), \(pieces)") }
            }
            let thick = try store(isThin: false).store(bytes)
            #expect(FileManager.default.contents(atPath: thick.path).map { Array($0) == bytes } == true, "\(name)")
            #expect(try Files.taken(by: thick.path) >= bytes.count, "\(name)")
        }
    }

    /// After 64 MiB bytes bypass the page cache if they are aligned to pages, so holes must be aligned too.
    @Test func `of many megabytes is as whole`() throws {
        let store = try store()
        let megabyte = Files.bytes(1 << 20)
        let pending = try store.begin(.fresh(), token: "1", announcing: nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var expected = [UInt8]()
        for number in 0..<70 {
            buffer.copyBytes(from: megabyte)
            // Every other megabyte is zeros but for 4 KiB, which occupy a block.
            if number % 2 == 1 { (buffer.baseAddress! + 8192).initializeMemory(as: UInt8.self, repeating: 0, count: 1 << 20 - 8192) }
            if number == 68 { buffer.initializeMemory(as: UInt8.self, repeating: 0) }
            try pending.append(UnsafeRawBufferPointer(buffer))
            expected += buffer
        }
        try pending.append([0, 0, 7])
        let location = try pending.commit()
        #expect(FileManager.default.contents(atPath: location.path).map { Array($0) == expected + [0, 0, 7] } == true)
        #expect(try Files.taken(by: location.path) < 38 << 20)
    }
}
