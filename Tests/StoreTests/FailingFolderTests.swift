import Domain
import Foundation
import Stores
import TestSupport
import Testing

/// One unusable folder of several does not keep the others from being used.
@Suite struct `A folder of several that fails` {
    private let folder: String
    init() throws { folder = try Files.fresh() }

    /// A folder that cannot be read, even by root: its parent is a file.
    private func ruin(_ path: String) throws {
        let above = String(path[..<path.lastIndex(of: "/")!])
        try FileManager.default.moveItem(atPath: above, toPath: above + ".away")
        try "no folder".write(toFile: above, atomically: true, encoding: .utf8)
    }

    private func restore(_ path: String) throws {
        let above = String(path[..<path.lastIndex(of: "/")!])
        try FileManager.default.removeItem(atPath: above)
        try FileManager.default.moveItem(atPath: above + ".away", toPath: above)
    }

    @Test func `leaves new bytes to the others, whatever its priority`() throws {
        let paths = ["\(folder)/one/images", "\(folder)/two/images"]
        let store = try FileStore([.init(path: paths[0], priority: 7), .init(path: paths[1])])
        #expect(try store.store([1]).path.hasPrefix(paths[0]))
        try ruin(paths[0])
        let location = try store.store([1, 2])
        #expect(location.path.hasPrefix(paths[1]))
        #expect(try store.bytes(at: location.url).size == 2)
        #expect(throws: Fault.of(.unavailable)) { try store.checkHealth() }
        #expect(throws: Fault.of(.unavailable)) { try store.begin(.fresh(), token: "1", announcing: 1 << 60) }
        try restore(paths[0])
        #expect(try store.store([1]).path.hasPrefix(paths[0]))
        #expect(throws: Never.self) { try store.checkHealth() }
        #expect(throws: Fault.of(.tooLarge)) { try store.begin(.fresh(), token: "1", announcing: 1 << 60) }
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `is not well while it can only be read, and well while it is full`() throws {
        let disk = try SmallDisk(megabytes: 1)
        let store = try FileStore([.init(path: "\(disk.folder)/images")])
        _ = try store.store([1, 2])
        try store.checkHealth()
        try disk.remount("ro")
        #expect(throws: Fault.of(.unavailable)) { try store.checkHealth() }
        try disk.remount("rw")
        _ = FileManager.default.createFile(atPath: "\(disk.folder)/filling", contents: Data(count: Int(disk.freeBytes())))
        #expect(throws: Fault.of(.tooLarge)) { try store.store([3]) }
        try store.checkHealth()
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `leaves new bytes to the others also if it tells its free space and cannot be written to`() throws {
        let disk = try SmallDisk(megabytes: 4)
        let store = try FileStore([.init(path: "\(disk.folder)/images", priority: 7), .init(path: "\(folder)/images")])
        let first = try store.store([1])
        #expect(first.path.hasPrefix(disk.folder))
        try disk.remount("ro")
        #expect(try store.store([1]).path.hasPrefix(folder))
        #expect(try store.bytes(at: first.url).size == 1)
        try disk.remount("rw")
        #expect(try store.store([1]).path.hasPrefix(disk.folder))
    }

    @Test func `hides nothing of what lies in the others`() throws {
        let paths = ["\(folder)/one/images", "\(folder)/two/images"]
        let store = try FileStore(paths.map { .init(path: $0) })
        for path in paths { try "x".write(toFile: "\(path)/.incoming/\(ImageID.fresh()).7", atomically: true, encoding: .utf8) }
        for path in paths { try "x".write(toFile: "\(path)/whole", atomically: true, encoding: .utf8) }
        #expect(try store.pendingUploads(olderThan: -2).count == 2)
        try ruin(paths[0])
        let uploads = try store.pendingUploads(olderThan: -2)
        #expect(uploads.count == 1 && uploads[0].pendingURL.contains(paths[1]))
        #expect(try store.names(olderThan: -2) == ["whole"])
        try ruin(paths[1])
        #expect(throws: Fault.of(.unavailable)) { try store.pendingUploads(olderThan: -2) }
    }

    @Test func `of another store hides nothing either`() throws {
        let paths = ["\(folder)/one/images", "\(folder)/two/images"]
        var info = StoreInfo(id: "one", type: "file")
        info.isDefault = true
        let set = StoreSet([
            .init(info, try FileStore(name: "one", [.init(path: paths[0])])),
            .init(StoreInfo(id: "two", type: "file"), try FileStore(name: "two", [.init(path: paths[1])])),
        ])
        let id = ImageID.fresh()
        try "x".write(toFile: "\(paths[1])/.incoming/\(id).7", atomically: true, encoding: .utf8)
        try ruin(paths[0])
        let uploads = try set.pendingUploads(olderThan: -2)
        #expect(uploads.map(\.image) == [id])
        for upload in uploads { try set.discard(upload) }
        #expect(try set.pendingUploads(olderThan: -2).isEmpty)
    }

    @Test func `does not keep a store from being made`() throws {
        let good = "\(folder)/good"
        let store = try FileStore([.init(path: "/proc/nowhere", priority: 7), .init(path: good)])
        #expect(try store.store([1]).path.hasPrefix(good))
        #expect(throws: Fault.of(.unavailable)) { try FileStore([.init(path: "/proc/nowhere"), .init(path: "/proc/nothing")]) }
    }

    /// What clients and monitoring see.
    @Test func `is seen by the health check and in the log, not by clients`() throws {
        let (one, two) = ("\(folder)/one/images", "\(folder)/two/images")
        let glance = try TestGlance(
            [
                "healthcheck": "detailed = true",
                "glance_store": "filesystem_store_datadir =\nfilesystem_store_datadirs = \(one):9\nfilesystem_store_datadirs = \(two)",
            ], workers: 1, blobs: [("/_blobs/file/0", one), ("/_blobs/file/1", two)])
        func isWell() throws -> Bool { try glance.send("GET", "/healthcheck", as: nil, ["Accept": "application/json"]).status == 200 }
        let first = try glance.hasActiveImage("first")
        #expect(FileManager.default.fileExists(atPath: "\(one)/\(first)"))
        #expect(try isWell())
        try ruin(one)
        for _ in 0..<5 {
            let image = try glance.hasActiveImage("second")
            #expect(FileManager.default.fileExists(atPath: "\(two)/\(image)"))
            #expect(try glance.send("GET", "/v2/images/\(image)/file").text == "second")
        }
        #expect(try glance.send("GET", "/v2/images/\(first)/file").status == 503)
        #expect(try eventually { try !isWell() })
        // Once, not with every upload.
        #expect(try glance.workerLog().components(separatedBy: "the store's folder \(one) cannot be asked for free space").count == 2)
        try restore(one)
        #expect(try glance.send("GET", "/v2/images/\(first)/file").text == "first")
        let again = try glance.hasActiveImage("third")
        #expect(FileManager.default.fileExists(atPath: "\(one)/\(again)"))
        #expect(try eventually { try isWell() })
    }
}
