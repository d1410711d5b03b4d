import Foundation
import TestSupport
import Testing

/// python-glanceclient's commands for the cache, which it offers if the version document contains 2.14.
@Suite struct `The glance client at the cache` {
    @Test func `queues, lists, deletes and clears`() throws {
        let folder = "\(TestFolder.root)/client-cache"
        let glance = try TestGlance(["paste_deploy": "flavor = cachemanagement"], cacheFolder: folder)
        func client(_ words: String...) throws -> Command {
            try Clients.run("glance", ["--os-auth-token", "admin", "--os-image-url", glance.address] + words).succeeded()
        }
        func queued() throws -> [String] {
            try glance.send("GET", "/v2/cache", as: .admin).json["queued_images"]?.array?.compactMap(\.string) ?? []
        }
        let ids = [try glance.hasActiveImage(), try glance.hasActiveImage()]
        for id in ids { _ = try client("cache-queue", id) }
        #expect(try queued() == ids)
        // A file in the cache's folder is listed as cached.
        try Data("hello".utf8).write(to: URL(filePath: "\(folder)/\(ids[0])"))
        let listed = try client("cache-list").text
        #expect(listed.contains("\(ids[1])") && listed.contains("queued") && listed.contains("cached"))
        _ = try client("cache-delete", ids[0])
        #expect(try queued() == [ids[1]])
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(ids[0])"))
        _ = try client("cache-clear", "--target", "queue")
        #expect(try queued() == [])
    }
}
