import Foundation
import TestSupport
import Testing

/// Downloads that nginx fetches from an S3 server, through the whole service.
@Suite(.serialized, .sharesServices) struct `Downloads from an S3 store` {
    private static let data = pattern(20 << 20)

    private static let shared = Shared {
        let place = try S3Place.first
        return try TestGlance(
            [
                "DEFAULT": "enabled_backends = far:s3,near:file\nenable_v1_api = true", "vitrine": "redirect_downloads = true",
                "glance_store": "default_backend = far", "near": "filesystem_store_datadir = \(TestFolder.root)/near-of-downloads",
                "far": place.options,
            ], runsTasks: true, runsRegistry: true, remotes: [("/_blobs/.remote/far", nil)])
    }

    let glance: TestGlance
    init() throws { glance = try Self.shared.get() }

    private func image(properties: String = "") throws -> String {
        let id = try glance.hasImage(#"{"disk_format": "raw", "container_format": "bare"\#(properties)}"#)
        let reply = try glance.upload(Self.data, to: id)
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    /// How often nginx could not fetch an image's data.
    private func failedFetches() throws -> Int {
        try glance.workerLog().split(separator: "\n").count { $0.contains("nginx could not fetch") }
    }

    @Test func `come through nginx, whole and in part, with the conditions of files`() throws {
        let id = try image()
        let shown = try glance.image(id)
        let whole = try glance.send("GET", "/v2/images/\(id)/file")
        #expect(whole.status == 200 && whole.body.isSame(as: Self.data))
        #expect(whole["Content-MD5"] == shown["checksum"]?.string)
        let tag = try #require(whole["ETag"])
        #expect(tag == "\"\(shown["os_hash_value"]?.string ?? "?")\"")
        #expect(whole["Content-Type"] == "application/octet-stream")
        #expect(whole["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(!whole.headers.contains { $0.name.lowercased().hasPrefix("x-amz") || $0.name.lowercased() == "last-modified" })
        let part = try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=5000000-15000000"])
        #expect(part.status == 206 && part.body.isSame(as: Array(Self.data[5_000_000...15_000_000])))
        #expect(part["Content-Range"] == "bytes 5000000-15000000/\(Self.data.count)")
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=-5"]).body == Self.data.suffix(5))
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=99999999-"]).status == 416)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-1,5-6"]).status == 400)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-1", "If-Range": tag]).status == 206)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-1", "If-Range": "\"x\""]).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["If-None-Match": tag]).status == 304)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["If-Match": "\"x\""]).status == 412)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["If-Match": tag]).body.isSame(as: Self.data))
        let head = try glance.send("HEAD", "/v2/images/\(id)/file")
        #expect(head.status == 200 && head["Content-Length"] == String(Self.data.count) && head["ETag"] == tag)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob).status == 404)
        #expect(try failedFetches() == 0)
    }

    @Test func `have V1's fields, which workers send where an image has properties`() throws {
        let id = try image()
        let reply = try glance.send("GET", "/v1/images/\(id)")
        #expect(reply.status == 200 && reply.body.isSame(as: Self.data))
        #expect(reply["x-image-meta-size"] == String(Self.data.count))
        #expect(reply["x-image-meta-id"] == id)
        let rich = try glance.send("GET", "/v1/images/\(image(properties: #", "os": "x""#))")
        #expect(rich.body.isSame(as: Self.data) && rich["x-image-meta-property-os"] == "x")
    }

    @Test func `count as use`() throws {
        let id = try image()
        _ = try glance.send("GET", "/v2/images/\(id)/file")
        _ = try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=0-9"])
        #expect(
            try eventually {
                try glance.rows(
                    "SELECT SUM(downloads), SUM(ranges), SUM(bytes) FROM vitrine_downloads WHERE image_id = '\(id)'", columns: 3)
                    == [["1", "1", String(Self.data.count + 10)]]
            })
    }

    @Test func `are at the server itself for a client that asks for that`() throws {
        let id = try image()
        let reply = try glance.send("GET", "/v2/images/\(id)/file", ["X-Vitrine-Redirect": "307"])
        #expect(reply.status == 307)
        #expect(reply["Cache-Control"] == "no-store")
        let url = try #require(reply["Location"])
        let curl = try Command("curl", ["-sS", "-o", "\(glance.folder)/\(id)", "-w", "%{http_code}", url])
        #expect(curl.text == "200")
        #expect(FileManager.default.contents(atPath: "\(glance.folder)/\(id)").map(Array.init) == Self.data)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", ["X-Vitrine-Redirect": "301"]).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)/file", as: .bob, ["X-Vitrine-Redirect": "307"]).status == 404)
    }
}
