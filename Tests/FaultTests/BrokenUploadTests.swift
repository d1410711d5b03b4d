import TestSupport
import Testing

/// A body that ends early never looks like a whole one.
@Suite(.sharesServices) struct `An upload that breaks off` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    enum Way: String, CaseIterable {
        case lengthAnnounced, chunked, chunkedWithinAChunk, reset
    }

    @Test(arguments: Way.allCases, [10, 300_000, 3_000_000])
    func `leaves the image queued with nothing in the store`(_ way: Way, _ sent: Int) throws {
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let type = ["Content-Type": "application/octet-stream"]
        let data = [UInt8](repeating: 7, count: sent)
        let path = "/v2/images/\(image)/file"
        switch way {
        case .lengthAnnounced, .reset:
            try connection.send(glance.head("PUT", path, .alice, type, length: sent + 1))
            try connection.send(data)
        case .chunked, .chunkedWithinAChunk:
            try connection.send(glance.head("PUT", path, .alice, type.merging(["Transfer-Encoding": "chunked"]) { $1 }))
            let announced = way == .chunked ? sent : sent + 5
            try connection.send("\(String(announced, radix: 16))\r\n")
            try connection.send(data)
            if way == .chunked { try connection.send("\r\n") }
        }
        #expect(try eventually { try glance.status(of: image) == "saving" })
        if way == .reset { connection.abort() } else { connection.hangUp() }

        #expect(try eventually { try glance.status(of: image) == "queued" })
        #expect(try glance.image(image)["size"] == .null)
        #expect(try eventually { try !glance.incomingFiles().contains { $0.hasPrefix(image) } })
        #expect(try !glance.storedFiles().contains(image))
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_uploads WHERE image_id = '\(image)'") == [["0"]])
        #expect(try glance.upload(data, to: image).status == 204)
    }

    @Test(arguments: ["fffffffffffffffff", "-5", " 5", "zz"])
    func `is refused for a chunk size that is none`(_ size: String) throws {
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head(
                "PUT", "/v2/images/\(image)/file", .alice,
                ["Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"]))
        try connection.send("\(size)\r\nhello\r\n0\r\n\r\n")
        let reply = try connection.receive()
        #expect(reply.status == 400)
        #expect(try eventually { try glance.status(of: image) == "queued" })
        #expect(try !glance.storedFiles().contains(image))
    }

    @Test func `gets its refusal at once, though its body is not read`() throws {
        let image = try glance.hasActiveImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 1 << 30))
        try connection.send([UInt8](repeating: 0, count: 1000))
        #expect(try connection.receive().status == 409)
    }

    @Test func `by an image larger than announced leaves nothing behind`() throws {
        let image = try glance.hasImage()
        let reply = try glance.upload([UInt8](repeating: 1, count: 600_000), to: image, ["X-OpenStack-Image-Size": "10"])
        #expect(reply.status == 400)
        #expect(try glance.status(of: image) == "queued")
        #expect(try !glance.storedFiles().contains(image))
    }
}
