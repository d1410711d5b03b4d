import Domain
import Foundation
import Stores
import TestSupport
import Testing

/// Files outside the stores' folders, by their location or behind a link.
@Suite(.sharesServices) struct `A file outside of the stores' folders` {
    /// A site with Glance's behaviour, one that allows a folder, and one that allows none.
    private static let sites = Shared {
        let named = try Files.fresh()
        return try (
            any: TestGlance(workers: 1, runsRegistry: true),
            one: TestGlance(["vitrine": "readable_folders = \(named)"], workers: 1, runsRegistry: true),
            none: TestGlance(["vitrine": "readable_folders ="], workers: 1, runsRegistry: true), named: named
        )
    }

    let any: TestGlance
    let one: TestGlance
    let none: TestGlance
    /// The folder that one site allows, and one that only the first may read.
    let named: String
    let elsewhere: String
    init() throws {
        (any, one, none, named) = try Self.sites.get()
        elsewhere = try Files.fresh()
    }

    /// An active image whose file is in a folder, and whose location the test makes from its id.
    private func hasImage(on glance: TestGlance, in folder: String, at url: (String) -> String) throws -> String {
        let id = try glance.hasActiveImage("hello")
        try FileManager.default.moveItem(atPath: "\(glance.storeFolder)/\(id)", toPath: "\(folder)/\(id)")
        try glance.execute("UPDATE image_locations SET value = '\(url(id))' WHERE image_id = '\(id)'")
        return id
    }

    /// The same with its name in the store, as a link to the file.
    private func hasLinkedImage(on glance: TestGlance, in folder: String) throws -> String {
        let id = try hasImage(on: glance, in: folder) { "file://\(glance.storeFolder)/\($0)" }
        try FileManager.default.createSymbolicLink(atPath: "\(glance.storeFolder)/\(id)", withDestinationPath: "\(folder)/\(id)")
        return id
    }

    private func isThere(_ path: String) -> Bool { (try? FileManager.default.attributesOfItem(atPath: path)) != nil }

    private func expectRead(_ id: String, on glance: TestGlance, _ about: String, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        let about = Comment(rawValue: about)
        let whole = try glance.download(id)
        #expect(whole.status == 200 && whole.text == "hello" && whole["Content-Length"] == "5", about, sourceLocation: sourceLocation)
        let part = try glance.download(id, "", ["Range": "bytes=1-2"])
        #expect(part.status == 206 && part.text == "el", about, sourceLocation: sourceLocation)
        #expect(try glance.send("GET", "/v1/images/\(id)").text == "hello", about, sourceLocation: sourceLocation)
    }

    // MARK: by its location

    /// The behaviour of the real driver for a location: what it reads, and whether it then removes it.
    private static let driver = """
        import json, os, sys
        import glance_store
        from oslo_config import cfg
        conf = cfg.ConfigOpts()
        glance_store.register_opts(conf)
        conf([])
        conf.set_override('stores', ['file'], 'glance_store')
        conf.set_override('filesystem_store_datadir', sys.argv[1], 'glance_store')
        glance_store.create_stores(conf)
        answers = []
        for url in sys.argv[2:]:
            data, size = glance_store.get_from_backend(url)
            text = b''.join(data).decode()
            glance_store.delete_from_backend(url)
            answers.append(text)
        print(json.dumps(answers))
        """

    private func spellings(of folder: String, on glance: TestGlance) throws -> [(String) -> String] {
        let link = "\(try Files.fresh())/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
        let up = "\(folder)/sub"
        try FileManager.default.createDirectory(atPath: up, withIntermediateDirectories: true)
        return [
            { "file://\(folder)/\($0)" }, { "filesystem://\(folder)/\($0)" }, { "file:////\(folder)//\($0)" }, { "file://\(up)/../\($0)" },
            { "file://\(link)/\($0)" }, { "file://\(folder)/./\($0)" },
        ]
    }

    @Test func `is read and removed as Glance does`() throws {
        let spellings = try spellings(of: elsewhere, on: any)
        let theirs = spellings.indices.map { "\(elsewhere)/theirs-\($0)" }
        for path in theirs { try "hello".write(toFile: path, atomically: true, encoding: .utf8) }
        let urls = spellings.enumerated().map { $1("theirs-\($0)") }
        #expect(try PyPIGlance.answer(to: Self.driver, [any.storeFolder] + urls) == .array(urls.map { _ in "hello" }))
        #expect(!theirs.contains(where: isThere))

        for (number, spelling) in spellings.enumerated() {
            let id = try hasImage(on: any, in: elsewhere, at: spelling)
            try expectRead(id, on: any, spelling(id))
            let path = number % 2 == 0 ? "/v2/images/\(id)" : "/v1/images/\(id)"
            #expect(try any.send("DELETE", path).status / 100 == 2, "\(spelling(id))")
            #expect(!isThere("\(elsewhere)/\(id)"), "\(spelling(id))")
            #expect(try any.rows("SELECT url FROM vitrine_removals WHERE image_id = '\(id)'").isEmpty)
        }
    }

    @Test func `is read where its folder is named, whatever way leads there, and else left alone`() throws {
        for spelling in try spellings(of: named, on: one) {
            let id = try hasImage(on: one, in: named, at: spelling)
            try expectRead(id, on: one, spelling(id))
            #expect(try one.send("DELETE", "/v2/images/\(id)").status == 204)
            #expect(!isThere("\(named)/\(id)"), "\(spelling(id))")
        }
        let aside = "\(named)/aside-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createSymbolicLink(atPath: aside, withDestinationPath: elsewhere)
        let up = String(repeating: "../", count: 12)
        let outside: [(String) -> String] = [{ "file://\(named)/\(up)\(elsewhere)/\($0)" }, { "file://\(aside)/\($0)" }]
        for glance in [one, none] {
            for spelling in try spellings(of: elsewhere, on: glance) + outside { try expectLeftAlone(on: glance, spelling) }
        }
        try expectLeftAlone(on: none, in: named) { "file://\(named)/\($0)" }
    }

    private func expectLeftAlone(on glance: TestGlance, in folder: String? = nil, _ spelling: (String) -> String) throws {
        let folder = folder ?? elsewhere
        let id = try hasImage(on: glance, in: folder, at: spelling)
        for path in ["/v2/images/\(id)/file", "/v1/images/\(id)"] {
            let reply = try glance.send("GET", path)
            #expect(reply.status == 503 && reply.says.contains("outside of the folders that the service may read"), "\(spelling(id))")
            #expect(!reply.text.contains("hello") && !reply.text.contains(folder))
        }
        for path in ["/v2/images/\(id)", "/v1/images/\(id)"] {
            let reply = try glance.send("DELETE", path)
            #expect(reply.status == 409 && reply.says.contains("outside of the folders"), "\(spelling(id)): \(reply.says)")
        }
        #expect(try glance.status(of: id) == "active")
        #expect(isThere("\(folder)/\(id)"))
        #expect(try glance.workerLog().contains("\(id) cannot be had from one of its locations"))
        #expect(try glance.workerLog().contains("[vitrine] readable_folders"))
    }

    @Test func `has a folder that is there, or is not gone`() throws {
        let missing = "\(elsewhere)/moved"
        let id = try hasImage(on: any, in: elsewhere) { "file://\(missing)/\($0)" }
        let reply = try any.download(id)
        #expect(reply.status == 503 && reply.says.contains("is not there"))
        #expect(try any.workerLog().contains("\(missing) is no folder"))
        #expect(try any.send("DELETE", "/v2/images/\(id)").status == 409)
        // In a folder that exists the file counts as lost, as in Glance.
        try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: true)
        #expect(try any.download(id).status == 204)
        #expect(try any.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(isThere("\(elsewhere)/\(id)"))
        for url in ["file://localhost\(elsewhere)/x", "file://", "file:///", "file://\(elsewhere)/", "file://\(elsewhere)/.."] {
            let id = try hasImage(on: any, in: elsewhere) { _ in url }
            #expect(try any.download(id).status == 503, "\(url)")
            #expect(try any.send("DELETE", "/v2/images/\(id)").status == 409, "\(url)")
        }
    }

    /// Four slashes before the store's own folder need no permission.
    @Test func `is none where only its location has more slashes`() throws {
        let id = try none.hasActiveImage("hello")
        try none.execute("UPDATE image_locations SET value = 'file:///\(none.storeFolder)//\(id)' WHERE image_id = '\(id)'")
        try expectRead(id, on: none, id)
        #expect(try none.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try !none.storedFiles().contains(id))
    }

    // MARK: by a link in the store

    @Test func `is sent where a link in the store leads to it, and the link alone is removed`() throws {
        for (glance, folder) in [(any, elsewhere), (one, named), (none, none.storeFolder + ".own")] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let id = try hasLinkedImage(on: glance, in: folder)
            if glance === none { try #require(try none.download(id).status == 403) } else { try expectRead(id, on: glance, folder) }
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
            #expect(try !glance.storedFiles().contains(id))
            #expect(isThere("\(folder)/\(id)"))
        }
        // A link within the store leads to no other folder.
        let id = try none.hasActiveImage("hello")
        try FileManager.default.moveItem(atPath: "\(none.storeFolder)/\(id)", toPath: "\(none.storeFolder)/\(id).real")
        try FileManager.default.createSymbolicLink(atPath: "\(none.storeFolder)/\(id)", withDestinationPath: "\(id).real")
        try expectRead(id, on: none, "within")
    }

    /// Clients get the store's file then.
    @Test func `is none of the cache where a link there leads to it`() throws {
        let (cache, id) = (CacheFolder(elsewhere, internalPrefix: "/_blobs/.cache"), ImageID.fresh())
        try "hello".write(toFile: "\(elsewhere)/real", atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: "\(elsewhere)/\(id)", withDestinationPath: "real")
        #expect(cache.bytes(of: id)?.size == nil)
        #expect(try cache.images().isEmpty)
        try FileManager.default.removeItem(atPath: "\(elsewhere)/\(id)")
        try FileManager.default.moveItem(atPath: "\(elsewhere)/real", toPath: "\(elsewhere)/\(id)")
        #expect(cache.bytes(of: id)?.size == 5)
    }

    @Test func `is refused where the link leads out of what may be read, and the log says why`() throws {
        let id = try hasLinkedImage(on: one, in: elsewhere)
        for path in ["/v2/images/\(id)/file", "/v1/images/\(id)"] {
            let reply = try one.send("GET", path)
            #expect(reply.status == 403 && !reply.text.contains("hello"), "\(path)")
            let request = try #require(reply["x-openstack-request-id"])
            let lines = try one.workerLog().split(separator: "\n").filter { $0.contains(request) && $0.contains(id) }
            #expect(
                lines.contains { $0.contains("\(one.storeFolder)/\(id), which leads to \(elsewhere)/\(id), lies outside") }, "\(lines)")
        }
        // A link to nothing counts as missing.
        try FileManager.default.removeItem(atPath: "\(elsewhere)/\(id)")
        #expect(try one.download(id).status == 204)
    }
}
