import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `glance-tasks` {
    @Test func `brings in what is wanted in the cache, and clears up there`() throws {
        let folder = "\(TestFolder.root)/tended-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: "\(folder)/queue", withIntermediateDirectories: true)
        let gone = UUID().uuidString.lowercased()
        for name in [gone, "queue/\(gone)"] { try Data("old".utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
        try Data("mine".utf8).write(to: URL(filePath: "\(folder)/notes"))
        let glance = try TestGlance.cached(in: folder, runsTasks: true)

        let data = someData()
        let origin = try Origin(data)
        let (far, near) = (try glance.hasImage(data, at: origin), try glance.hasActiveImage("near"))
        for id in [far, near] { #expect(try glance.send("PUT", "/v2/cache/\(id)", as: .admin).status == 202) }
        #expect(try eventually { try glance.caches(far) })
        #expect(try eventually { try FileManager.default.contentsOfDirectory(atPath: "\(folder)/queue").isEmpty })
        #expect(origin.fetches == 1)
        #expect(try glance.download(far).body.isSame(as: data))
        #expect(origin.fetches == 1)
        // A local image is cached only if it is queued, not by being read.
        #expect(try glance.caches(near))
        let other = try glance.hasActiveImage("near too")
        #expect(try glance.download(other).text == "near too")
        #expect(try !glance.caches(other))
        // Files of deleted images are removed; files that are not images stay.
        #expect(try eventually { try !glance.caches(gone) })
        #expect(FileManager.default.fileExists(atPath: "\(folder)/notes"))
    }

    @Test func `keeps an image in the queue that cannot be had`() throws {
        let glance = try TestGlance.cached(runsTasks: true)
        let data = someData(100_000)
        let origin = try Origin(data, .dying(10))
        let id = try glance.hasImage(data, at: origin)
        #expect(try glance.send("PUT", "/v2/cache/\(id)", as: .admin).status == 202)
        #expect(try eventually { try glance.caches(id, in: "invalid") })
        #expect(try glance.caches(id, in: "queue"))
        #expect(try !glance.caches(id))
    }
}

/// Without caching in the flavor, the cache is filled and listed, and images are sent without it. Source: Glance.
@Suite struct `A site without the cache in its flavour` {
    @Test func `sends images from their stores`() throws {
        let glance = try TestGlance.cached(flavor: "keystone")
        let data = someData(100_000)
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        for _ in 0..<2 { #expect(try glance.download(id).body.isSame(as: data)) }
        #expect(origin.fetches == 2)
        #expect(try glance.send("GET", "/v2/cache", as: .admin).status == 200)
        #expect(try glance.send("GET", "/v2/cached_images", as: .admin).status == 404)
    }
}
