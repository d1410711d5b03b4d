import Foundation
import TestSupport
import Testing

/// The whole service with an S3 store beside a file store.
@Suite(.serialized, .sharesServices) struct `A service with an S3 store` {
    let place: S3Place
    let glance: TestGlance

    private static let shared = Shared {
        let place = try S3Place.first
        return try TestGlance(
            [
                "DEFAULT": "enabled_backends = near:file,far:s3\nshow_multiple_locations = true\nshow_image_direct_url = true",
                "glance_store": "default_backend = far", "near": "filesystem_store_datadir = \(TestFolder.root)/near-of-s3",
                "far": """
                \(place.options)
                s3_store_large_object_chunk_size = 5
                """,
            ], remotes: [("/_blobs/.remote/far", nil)])
    }

    init() throws {
        place = try .first
        glance = try Self.shared.get()
    }

    @Test func `takes, gives, ranges and deletes data`() throws {
        for bytes in [[], Array("hello".utf8), pattern(11 << 20)] {
            let id = try glance.hasImage()
            #expect(try glance.upload(bytes, to: id).status == 204)
            let image = try glance.image(id)
            #expect(image["status"]?.string == "active" && image["stores"]?.string == "far")
            #expect(image["direct_url"]?.string == "s3://127.0.0.1:\(place.port)/\(place.bucket)/\(id)")
            #expect(try place.contents(with: id) == [id])
            let reply = try glance.send("GET", "/v2/images/\(id)/file")
            #expect(reply.status / 100 == 2 && reply.body == bytes, "\(bytes.count): \(reply.status)")
            if bytes.count > 4 {
                let part = try glance.send("GET", "/v2/images/\(id)/file", ["Range": "bytes=2-4"])
                #expect(part.status == 206 && part.body == Array(bytes[2...4]))
            }
            #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
            #expect(try place.contents(with: id) == [])
        }
    }

    @Test func `takes data of a length that nobody told, and gives a broken upload back`() throws {
        let id = try glance.hasImage()
        #expect(try glance.uploadChunked(pattern(7 << 20), to: id).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: pattern(7 << 20)))
        let broken = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(broken)/file", .alice, ["Content-Type": "application/octet-stream"], length: 9 << 20))
        try connection.send(pattern(6 << 20))
        connection.abort()
        #expect(try eventually { try glance.status(of: broken) == "queued" && place.contents(with: broken).isEmpty })
    }

    @Test func `shows the store with Glance's fields, and says no keys`() throws {
        let reply = try glance.send("GET", "/v2/info/stores/detail", as: .admin)
        let store = reply.json["stores"]?.array?.first { $0["id"]?.string == "far" }
        #expect(store?["type"]?.string == "s3" && store?["default"] != nil, "\(reply.text)")
        #expect(
            reply.text.contains(#""s3_store_large_object_chunk_size": 5242880"#) && reply.text.contains(#""s3_store_thread_pools": 10"#))
        #expect(!reply.text.contains(place.secretKey))
        #expect(try !glance.workerLog().contains(place.secretKey))
    }

    @Test func `refuses a location in the bucket that a user names`() throws {
        let id = try glance.hasImage()
        let taken = try glance.patch(
            id,
            #"[{"op": "add", "path": "/locations/-", "value": {"url": "s3://127.0.0.1:\#(place.port)/\#(place.bucket)/\#(id)", "metadata": {}}}]"#
        )
        #expect((400...403).contains(taken.status), "\(taken.status) \(taken.text)")
    }
}
