import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing

@Suite struct `An S3 store whose connections break` {
    let place: S3Place
    let proxy: S3Proxy
    let store: S3Store
    /// How often a request is sent.
    let attempts = S3Client.Patience().attempts

    init() throws {
        place = try .first
        proxy = try S3Proxy(before: place.port)
        var settings = S3Store.Settings()
        settings.partSize = 5 << 20
        store = try place.store(at: proxy.url, settings)
    }

    /// The requests of an upload, one after another; each may fail twice, in each of these ways.
    static let requests = ["PUT /", "POST /", "partNumber=2", "HEAD /", "uploadId="]

    @Test(arguments: requests, [0, 30])
    func `sends again what did not arrive or was not answered whole`(_ request: String, _ count: Int) throws {
        proxy.spoil(request, by: .cutRequest(1000))
        proxy.spoil(request, by: .cutAnswer(count))
        proxy.spoil(request, by: .refuse(503, "SlowDown"))
        let (bytes, id) = (pattern(11 << 20), ImageID.fresh())
        let url = try store.add(bytes, as: id)
        #expect(proxy.count == 3)
        #expect(try store.everything(at: url).isSame(as: bytes))
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test func `believes that an upload is complete, though the answer is lost for good`() throws {
        let id = ImageID.fresh()
        let writer = try store.begin(id, token: .freshToken(), announcing: nil)
        try writer.append("hello")
        proxy.spoil("POST /", times: 100, by: .cutAnswer(0))
        let location = try writer.commit()
        writer.confirm()
        #expect(try store.everything(at: location.url) == Array("hello".utf8))
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test func `gives up in time, and leaves nothing when it can be reached again`() throws {
        let (id, token) = (ImageID.fresh(), String.freshToken())
        let writer = try store.begin(id, token: token, announcing: nil)
        proxy.spoil("partNumber=2", times: 100, by: .cutRequest(100_000))
        #expect(throws: Fault.of(.unavailable)) {
            try writer.append(pattern(16 << 20))
            _ = try writer.commit()
        }
        proxy.spoil("DELETE", times: attempts, by: .refuse(500, "InternalError"))
        // Nothing was committed, so that nobody has to wait.
        #expect(writer.discard())
        let stray = try #require(try store.pendingUploads(olderThan: -2).first { $0.token == token })
        try store.discardPending(stray)
        #expect(try place.contents(with: id.text) == [])
    }

    @Test func `says that it may have left data, and the sweeper removes them`() throws {
        let (id, token) = (ImageID.fresh(), String.freshToken())
        let writer = try store.begin(id, token: token, announcing: nil)
        try writer.append("hello")
        let location = try writer.commit()
        proxy.spoil("DELETE", times: 2 * attempts, by: .refuse(500, "InternalError"))
        #expect(!writer.discard())
        #expect(try store.everything(at: location.url) == Array("hello".utf8))
        try place.store(at: proxy.url).discard(Upload(image: id, token: "other", pendingURL: writer.url))
        #expect(try place.contents(with: id.text) == [])
    }

    @Test func `goes on reading where the connection broke`() throws {
        let bytes = pattern(9 << 20)
        let url = try store.add(bytes)
        let blob = try store.bytes(at: url)
        for offset in [0, 4 << 20 + 1] {
            let before = proxy.count
            for count in [300, 1 << 20, 2 << 20, 1000] { proxy.spoil("GET /", by: .cutAnswer(count)) }
            proxy.spoil("GET /", by: .refuse(503, "SlowDown"))
            #expect(try blob.open(Int64(offset)).everything() == Array(bytes.dropFirst(offset)))
            #expect(proxy.count == before + 5)
        }
    }

    @Test func `does not take other data for the rest of what it read`() throws {
        let (bytes, id) = (pattern(9 << 20), ImageID.fresh())
        let reader = try store.bytes(at: store.add(bytes, as: id)).open(0)
        var buffer = [UInt8](repeating: 0, count: 1000)
        _ = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
        try place.send("DELETE", id.text)
        try place.send("PUT", id.text, body: [UInt8](repeating: 7, count: bytes.count))
        // What is on its way may still come; the rest is refused, and never replaced.
        let rest = Result { try reader.everything() }
        if case .success(let rest) = rest { #expect(rest == Array(bytes.suffix(rest.count))) }
    }

    @Test func `ends a read that never comes to its end`() throws {
        let url = try store.add(pattern(3 << 20))
        let blob = try store.bytes(at: url)
        proxy.spoil("GET /", times: 100, by: .cutAnswer(100))
        #expect(throws: (any Error).self) { try blob.open(0).everything() }
        #expect(proxy.count <= attempts)
    }
}
