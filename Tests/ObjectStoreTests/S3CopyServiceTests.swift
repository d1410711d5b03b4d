import TestSupport
import Testing

/// The whole service with two S3 stores on one server.
@Suite struct `A service with two S3 stores on a server` {
    @Test func `copies an image from one to the other, and sends it from there`() throws {
        let (place, other) = (try S3Place.first, try S3Place.first.another())
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = first:s3,second:s3", "glance_store": "default_backend = first",
                "first": place.options, "second": other.options,
            ], runsTasks: true, remotes: [("/_blobs/.remote/first", nil), ("/_blobs/.remote/second", nil)])
        let id = try glance.hasImage()
        let bytes = pattern(70 << 20)
        #expect(try glance.upload(bytes, to: id).status == 204)
        let reply = try glance.send(
            "POST", "/v2/images/\(id)/import", as: .admin, json: #"{"method": {"name": "copy-image"}, "stores": ["second"]}"#)
        #expect(reply.status == 202, "\(reply.text)")
        #expect(try eventually { try glance.image(id)["stores"]?.string == "first,second" })
        // The mark is removed once the location is recorded.
        #expect(try eventually { try other.contents(with: id) == [id] })
        try place.send("DELETE", id)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: bytes))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try other.contents(with: "").isEmpty })
    }
}
