import Domain
import Foundation
import MariaDB
import Persistence
import Stores
import TestSupport
import Testing

/// What a node tells the others of the folders of its file stores.
@Suite(.sharesServices) struct `A store's folder as a node sees it` {
    private let catalog: MariaDBCatalog
    private let folder: String

    init() throws {
        let glance = try TestGlance.of(Self.self)
        catalog = MariaDBCatalog(Database(Pool(try Address(url: try SharedMariaDB.running().url(of: glance.databaseName)))))
        folder = try Files.fresh()
    }

    private func seen(by store: FileStore) -> [NodeSetup.Folder]? { StoreSet(store).seenFolders["file"] ?? nil }

    private func contents(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").sorted()
    }

    @Test func `is known by its mark once it was used, and nothing is written by looking`() throws {
        let path = "\(folder)/images"
        let store = try FileStore([.init(path: path)], records: catalog)
        #expect(seen(by: store) == nil)
        #expect(try contents("images") == [".incoming"])
        try store.checkHealth()
        // The folder is marked in the background, and the mark recorded after that.
        #expect(try eventually { try catalog.mark(ofFolder: path) != nil })
        let own = try #require(seen(by: store))
        #expect(own.map(\.path) == [path] && own.map(\.isWritable) == [true])
        // Another process, as of another node, sees the same.
        #expect(seen(by: try FileStore([.init(path: path)], records: catalog)) == own)

        // An empty mount point in place of the folder has no mark; another machine's folder has another.
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        #expect(seen(by: store) == nil)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(seen(by: store) == [NodeSetup.Folder(path: path, mark: nil, isWritable: true)])
        #expect(try contents("images").isEmpty)
        try "another\n".write(toFile: "\(path)/.vitrine-store", atomically: true, encoding: .utf8)
        #expect(seen(by: store) == [NodeSetup.Folder(path: path, mark: "another", isWritable: true)])
        // A mark that is none is no reason for an alarm at other nodes.
        try "no mark at all".write(toFile: "\(path)/.vitrine-store", atomically: true, encoding: .utf8)
        #expect(seen(by: store) == nil)
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `is told to be read-only where it is mounted so`() throws {
        let disk = try SmallDisk(megabytes: 1)
        let store = try FileStore([.init(path: disk.folder)], records: catalog)
        try "mdisk".write(toFile: "\(disk.folder)/.vitrine-store", atomically: true, encoding: .utf8)
        #expect(seen(by: store)?.map(\.isWritable) == [true])
        try disk.remount("ro")
        #expect(seen(by: store) == [NodeSetup.Folder(path: disk.folder, mark: "mdisk", isWritable: false)])
        try disk.remount("rw")
        #expect(seen(by: store)?.map(\.isWritable) == [true])
    }

    @Test func `is not known if one of several is not`() throws {
        let places = ["one", "two"].map { FileStore.Place(path: "\(folder)/\($0)") }
        let store = try FileStore(places, records: catalog)
        for name in ["one", "two"] {
            try "m\(name)".write(toFile: "\(folder)/\(name)/.vitrine-store", atomically: true, encoding: .utf8)
        }
        #expect(seen(by: store)?.map(\.mark) == ["mone", "mtwo"])
        try FileManager.default.removeItem(atPath: "\(folder)/two")
        #expect(seen(by: store) == nil)
    }
}
