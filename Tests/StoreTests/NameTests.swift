import Domain
import Foundation
import Stores
import TestSupport
import Testing

/// Names of files that several processes want at once, or that exist already. Each test stops one process at a given point and lets the
/// others continue.
/// the others go on.
@Suite struct `A file's name` {
    private let folder: String
    private let store: FileStore
    private let image = ImageID.fresh()

    init() throws {
        folder = try Files.fresh()
        var settings = FileStore.Settings()
        settings.internalPrefix = "/_blobs/file"
        store = try FileStore([.init(path: folder)], settings)
    }

    private var shared: String { "\(folder)/\(image)" }
    private func text(_ path: String) -> String? { FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } }
    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != ".incoming" }.sorted()
    }
    private func incoming() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(folder)/.incoming").sorted() }

    private func begin(_ token: String, _ text: String, in store: FileStore? = nil) throws -> any BlobWriter {
        let bytes = try (store ?? self.store).begin(image, token: token, announcing: nil)
        try bytes.append(Array(text.utf8))
        return bytes
    }

    private func upload(_ token: String) -> Upload {
        Upload(image: image, token: "of the lease", pendingURL: "file://\(folder)/.incoming/\(image).\(token)")
    }

    @Test func `is never taken from what has it already`() throws {
        try "Glance's".write(toFile: shared, atomically: true, encoding: .utf8)
        let bytes = try begin("77aa", "ours")
        let location = try bytes.commit()
        bytes.confirm()
        #expect(location.url == "file://\(shared).77aa")
        #expect(text(shared) == "Glance's" && text(location.path) == "ours")
        #expect(store.holds(location.url))
        let stored = try store.bytes(at: location.url)
        #expect(stored.size == 4 && stored.internalPath == "/_blobs/file/\(image).77aa" && stored.path == location.path)
        #expect(try incoming().isEmpty)
        try store.remove(location.url)
        #expect(text(shared) == "Glance's" && text(location.path) == nil)
    }

    @Test(arguments: [true, false])
    func `goes from all that an abandoned upload has, and from nothing else`(_ isOwn: Bool) throws {
        if isOwn { try "Glance's".write(toFile: shared, atomically: true, encoding: .utf8) }
        let late = try begin("1", "late")
        _ = try late.commit()
        try store.discard(upload("1"))
        #expect(try names() == (isOwn ? [image.text] : []) && incoming().isEmpty)
        let second = try begin("2", "fresh")
        let location = try second.commit()
        second.confirm()
        // The stopped process continues, and another sweeper runs.
        late.discard()
        try store.discard(upload("1"))
        #expect(text(location.path) == "fresh" && text(shared) == (isOwn ? "Glance's" : "fresh"))
        #expect(try incoming().isEmpty)
    }

    /// Ending the lease of such an upload would leave bytes that no row refers to.
    @Test func `stays where it cannot be removed, and whoever discards is told so`() throws {
        let (incoming, away) = ("\(folder)/.incoming", "\(folder)/.away")
        let (committed, begun) = (try begin("1", "late"), try store.begin(.fresh(), token: "2", announcing: nil))
        _ = try committed.commit()
        try FileManager.default.moveItem(atPath: incoming, toPath: away)
        #expect(begun.discard())
        #expect(!committed.discard() && !committed.discard())
        #expect(text(shared) == "late")
        try FileManager.default.moveItem(atPath: away, toPath: incoming)
        try store.discard(upload("1"))
        #expect(text(shared) == nil)
    }

    @Test func `is left to an upload that begins while another process is about to remove it`() throws {
        let old = try store.store(Array("old".utf8), as: image)
        var location: ImageLocation?
        try store.remove(old.url) { () throws(Fault) in
            // Another process has removed it meanwhile, and the image gets data again.
            do {
                try FileManager.default.removeItem(atPath: shared)
                let bytes = try begin("2", "fresh")
                location = try bytes.commit()
                bytes.confirm()
            } catch { Issue.record(error) }
            return true
        }
        let fresh = try #require(location)
        #expect(text(fresh.path) == "fresh" && fresh.url == "file://\(shared).2")
        #expect(try names() == ["\(image).2"] && incoming().isEmpty)
    }

    @Test func `stays where it is not meant`() throws {
        let location = try store.store(Array("hello".utf8), as: image)
        try store.remove(location.url) { () throws(Fault) in false }
        #expect(throws: Fault.of(.unavailable)) {
            try store.remove(location.url) { () throws(Fault) in throw Fault.of(.unavailable) }
        }
        #expect(text(location.path) == "hello")
        try store.remove(location.url) { () throws(Fault) in true }
        try store.remove(location.url) { () throws(Fault) in true }
        #expect(try names().isEmpty && incoming().isEmpty)
    }

    /// The state after a sweeper was killed during its work.
    @Test func `is removed too if a process began to remove it and died`() throws {
        let bytes = try begin("1", "dead")
        _ = try bytes.commit()
        let mark = "\(folder)/.incoming/\(image).1.x.removing"
        try FileManager.default.moveItem(atPath: "\(folder)/.incoming/\(image).1", toPath: mark)
        // It is not an upload that a sweeper looks for.
        #expect(try store.pendingUploads(olderThan: -2).isEmpty)
        try store.discard(upload("1"))
        #expect(try names().isEmpty)
        // The other sweeper may only be stopped, so its mark stays.
        #expect(text(mark)?.isEmpty == true)
        let location = try begin("2", "fresh").commit()
        #expect(location.url == "file://\(shared).2" && text(location.path) == "fresh")
        #expect(try names() == ["\(image).2"])
    }

    @Test func `cannot be had any more once its upload was taken back`() throws {
        let late = try begin("1", "late")
        try store.discard(upload("1"))
        #expect(throws: Fault.self) { try late.commit() }
        late.discard()
        #expect(try names().isEmpty && incoming().isEmpty)
    }

    // MARK: where the image's name is the only one

    private func area() throws -> FileStore {
        var settings = FileStore.Settings()
        settings.hasLocations = false
        return try FileStore([.init(path: folder)], settings)
    }

    @Test func `is taken from nobody's file where there is no other`() throws {
        try "Glance's".write(toFile: shared, atomically: true, encoding: .utf8)
        let bytes = try begin("1", "ours", in: area())
        #expect(try bytes.commit().url == "file://\(shared)")
        bytes.confirm()
        #expect(text(shared) == "ours")
        #expect(try names() == [image.text] && incoming().isEmpty)
    }

    @Test func `is not taken there by whoever was taken back`() throws {
        let area = try area()
        let late = try begin("1", "late", in: area)
        try area.discard(upload("1"))
        let second = try begin("2", "fresh", in: area)
        _ = try second.commit()
        second.confirm()
        #expect(throws: Fault.self) { try late.commit() }
        late.discard()
        #expect(text(shared) == "fresh")
        #expect(try names() == [image.text] && incoming().isEmpty)
    }

    @Test func `is not taken there while another process is about to remove it`() throws {
        let area = try area()
        try "old".write(toFile: shared, atomically: true, encoding: .utf8)
        try area.remove("file://\(shared)") { () throws(Fault) in
            do {
                let bytes = try begin("1", "ours", in: area)
                #expect(throws: Fault.of(.unavailable)) { try bytes.commit() }
                bytes.discard()
            } catch { Issue.record(error) }
            return true
        }
        #expect(try names().isEmpty && incoming().isEmpty)
        #expect(try begin("2", "ours", in: area).commit().url == "file://\(shared)")
    }
}
