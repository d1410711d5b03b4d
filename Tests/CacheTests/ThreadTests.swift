import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `A worker with a cache` {
    /// Each of these fetches the image again, on threads, because the bytes never match the record.
    @Test func `keeps nothing of the threads that brought images in`() throws {
        let glance = try TestGlance.cached(workers: 1)
        let worker = glance.site.workerIDs[0]
        let data = someData(50_000)
        var other = data
        other[0] ^= 1
        let origin = try Origin(data, sent: other)
        let id = try glance.hasImage(data, at: origin)
        func read(_ times: Int) throws { for _ in 0..<times { #expect(try glance.download(id).body.count < data.count) } }
        // The C library keeps some memory of finished threads.
        try read(60)
        let before = try mappings(of: worker)
        let fetches = origin.fetches
        try read(300)
        #expect(origin.fetches >= fetches + 250)
        // A thread that was never joined keeps two mappings: its stack, and the guard before it.
        #expect(try mappings(of: worker) < before + 100)
    }

    @Test func `that can make no thread sends images from their stores`() throws {
        let glance = try TestGlance.cached(workers: 1)
        let worker = glance.site.workerIDs[0]
        let data = someData()
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        var limit = try ThreadLimit(of: worker)
        // No client reads them.
        let refused = try glance.download(id)
        #expect(refused.status == 503 && refused["Retry-After"] != nil)
        try limit.lift()
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-3"]).status == 206)
        limit = try ThreadLimit(of: worker)
        // The thread that sent those sends again, once it is free, and nothing fills the cache.
        for _ in 0..<2 { #expect(try eventually { try glance.download(id).body.isSame(as: data) }) }
        #expect(try !glance.caches(id) && !glance.caches(id, in: "incomplete") && !glance.caches(id, in: "invalid"))
        try limit.lift()
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(glance.site.workerIDs == [worker])
    }
}
