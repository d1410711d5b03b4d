import Foundation
import TestSupport
import Testing

@Suite(.serialized, .sharesServices) struct `An image from far away` {
    let glance: TestGlance
    init() throws { glance = try Self.shared.get() }
    private static let shared = Shared { try TestGlance.cached() }

    @Test func `is fetched once, and sent by nginx from then on`() throws {
        let data = someData()
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        let missed = try glance.download(id)
        #expect(missed.status == 200 && missed.body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(origin.fetches == 1)

        let hit = try glance.download(id)
        #expect(hit.status == 200 && hit.body.isSame(as: data))
        for name in ["Content-MD5", "ETag", "Content-Type", "Content-Length"] { #expect(hit[name] == missed[name], "\(name)") }
        let part = try glance.download(id, ["Range": "bytes=1000000-1000009"])
        #expect(part.status == 206 && part.body.isSame(as: Array(data[1_000_000...1_000_009])))
        #expect(try glance.download(id, ["Range": "bytes=3000000-"]).status == 416)
        #expect(try glance.download(id, ["If-None-Match": hit["ETag"] ?? ""]).status == 304)
        #expect(origin.fetches == 1)
        #expect(try !glance.caches(id, in: "incomplete"))
        #expect(try FileManager.default.contents(atPath: "\(glance.cacheFolder)/\(id)") == Data(data))

        let record =
            "SELECT c.size, c.checksum, n.node_reference_url, c.hits FROM cached_images c NATURAL JOIN node_reference n WHERE image_id = '\(id)'"
        #expect(
            try eventually {
                try glance.rows(record, columns: 4) == [["3000000", missed["Content-MD5"], "http://node.example:9292", "4"]]
            })
    }

    @Test func `is fetched once for many who want it at the same time`() throws {
        let data = someData()
        let origin = try Origin(data, .holding(1_500_000))
        let id = try glance.hasImage(data, at: origin)
        let downloads = try (0..<8).map { _ in try glance.startDownload(id) }
        #expect(origin.fetches == 1)
        #expect(try !glance.caches(id))
        origin.release()
        for download in downloads { #expect(download.receiveRest().isSame(as: data)) }
        #expect(origin.fetches == 1)
        #expect(try eventually { try glance.caches(id) })
    }

    @Test(arguments: [3_000_000, 50_000])
    func `that is another one is never sent whole`(_ count: Int) throws {
        let data = someData(count)
        var other = data
        other[count / 2] ^= 1
        let origin = try Origin(data, sent: other)
        let id = try glance.hasImage(data, at: origin)
        let reply = try glance.download(id)
        // Of a small answer nothing was sent yet, so nginx may send an error of its own.
        #expect(reply.status == 502 || reply.body.count <= max(0, count - 64 * 1024))
        #expect(try eventually { try glance.caches(id, in: "invalid") })
        #expect(try !glance.caches(id) && !glance.caches(id, in: "incomplete"))
        #expect(try glance.rows("SELECT id FROM cached_images WHERE image_id = '\(id)'").isEmpty)
        #expect(try glance.cacheLines("a store's data of image \(id) does not have the image's digests") == 1)
    }

    @Test func `whose source dies half-way is cut off, and kept apart`() throws {
        let data = someData()
        let origin = try Origin(data, .dying(1_500_000))
        let id = try glance.hasImage(data, at: origin)
        let reply = try glance.download(id)
        #expect(reply.status == 200 && reply.body.count < data.count && reply.body.elementsEqual(data.prefix(reply.body.count)))
        #expect(try eventually { try glance.caches(id, in: "invalid") })
        #expect(try !glance.caches(id) && !glance.caches(id, in: "incomplete"))
    }

    @Test func `comes in although the client that asked for it left`() throws {
        let data = someData()
        let origin = try Origin(data, .holding(1_500_000))
        let id = try glance.hasImage(data, at: origin)
        try glance.startDownload(id).abort()
        let other = try glance.startDownload(id)
        origin.release()
        #expect(other.receiveRest().isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(origin.fetches == 1)
    }

    @Test func `is not fetched for a part of it, nor for HEAD`() throws {
        let data = someData()
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        let part = try glance.download(id, ["Range": "bytes=2999990-"])
        #expect(part.status == 206 && part.body.isSame(as: Array(data[2_999_990...])))
        #expect(origin.fetches == 1)
        #expect(try glance.send("HEAD", "/v2/images/\(id)/file")["Content-Length"] == "3000000")
        for range in ["bytes=2999990-", "bytes=0-9", "bytes=-10"] {
            let head = try glance.send("HEAD", "/v2/images/\(id)/file", ["Range": range])
            #expect(head.status == 206 && head["Content-Length"] == "10" && head["Content-Range"]?.hasSuffix("/3000000") == true)
        }
        #expect(origin.fetches == 1, "nobody reads what HEAD tells of")
        #expect(try !glance.caches(id) && !glance.caches(id, in: "incomplete"))
    }

    @Test func `is not cached where it lies on this machine`() throws {
        let id = try glance.hasActiveImage("near")
        #expect(try glance.download(id).text == "near")
        #expect(try !glance.caches(id) && !glance.caches(id, in: "incomplete"))
    }

    /// CVE-2013-4428.
    @Test func `is sent from the cache to those alone who may read it`() throws {
        let data = someData(100_000)
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(try glance.download(id, as: .bob).status == 404)
        #expect(try glance.download(id, as: .reader).status == 403)
        #expect(try glance.send("GET", "/_blobs/.cache/\(id)").status == 404)
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate").status == 204)
        for headers in [[:], ["Range": "bytes=0-9"]] {
            let refused = try glance.download(id, headers)
            #expect(refused.status == 403 && refused.body.count < 1000)
        }
        #expect(try glance.download(id, as: .admin).body.isSame(as: data))
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/reactivate").status == 204)
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(origin.fetches == 1)
    }

    @Test func `comes from the store that the client prefers, not from the cache`() throws {
        let near = "\(TestFolder.root)/near-\(UInt32.random(in: 0 ... .max))"
        let glance = try TestGlance.cached([
            "DEFAULT": "enabled_backends = near:file,web:http", "glance_store": "default_backend = near",
            "near": "filesystem_store_datadir = \(near)",
        ])
        let data = someData(100_000)
        let origin = try Origin(data)
        let id = try glance.hasImage()
        #expect(try glance.upload(data, to: id).status == 204)
        try glance.execute("UPDATE image_locations SET value = '\(origin.url)', meta_data = '{}' WHERE image_id = '\(id)'")
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(origin.fetches == 1)
        #expect(try glance.send("GET", "/v2/images/\(id)/file?prefer=web").body.isSame(as: data))
        #expect(origin.fetches == 2)
    }

    @Test func `comes from the cache by V1 too`() throws {
        let glance = try TestGlance.cached(runsRegistry: true)
        let data = someData(100_000)
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: data))
        #expect(try glance.send("PUT", "/v1/images/\(id)", as: .alice, ["x-image-meta-property-a": "b"]).status == 200)
        #expect(try glance.send("GET", "/v1/images/\(id)").body.isSame(as: data))
        #expect(try glance.send("GET", "/v1/images/\(id)", as: .bob).status == 404)
        #expect(origin.fetches == 1)
        #expect(try glance.send("DELETE", "/v1/images/\(id)").status == 200)
        #expect(try !glance.caches(id))
    }

    @Test func `leaves the cache when it is deleted`() throws {
        let data = someData(100_000)
        let id = try glance.hasImage(data, at: try Origin(data))
        // The origin is stopped already; the cached image does not need it.
        #expect(try glance.download(id).status != 200)
        let origin = try Origin(data)
        try glance.execute("UPDATE image_locations SET value = '\(origin.url)' WHERE image_id = '\(id)'")
        #expect(try glance.download(id).body.isSame(as: data))
        let record = "SELECT id FROM cached_images WHERE image_id = '\(id)'"
        #expect(try eventually { try glance.rows(record).count == 1 })
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try !glance.caches(id))
        #expect(try glance.rows(record).isEmpty)
        #expect(try glance.download(id).status == 404)
    }

    @Test func `is fetched anew where what the cache has is of another size`() throws {
        let data = someData(100_000)
        let origin = try Origin(data)
        let id = try glance.hasImage(data, at: origin)
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try glance.caches(id) })
        try Data(data.dropLast()).write(to: URL(filePath: "\(glance.cacheFolder)/\(id)"))
        #expect(try glance.download(id).body.isSame(as: data))
        #expect(try eventually { try FileManager.default.contents(atPath: "\(glance.cacheFolder)/\(id)") == Data(data) })
    }
}
