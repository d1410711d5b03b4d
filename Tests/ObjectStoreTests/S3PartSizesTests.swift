import Domain
import ObjectStores
import TestSupport
import Testing

@Suite struct `The parts of an S3 upload` {
    private static let mebibyte = 1 << 20

    private func sizes(_ usual: Int, _ announced: Int64?) throws(Fault) -> S3PartSizes {
        try S3PartSizes(of: usual * Self.mebibyte, announced: announced.map { $0 * Int64(Self.mebibyte) }, store: "far")
    }

    @Test(arguments: [
        (10, 0, 10), (10, 100_000, 10), (10, 100_001, 11), (1, 0, 5), (100, 0, 28), (10, 280_000, 28), (10, 280_001, 29), (10, 560_000, 56),
    ])
    func `are as large as the announced size needs`(_ usual: Int, _ announced: Int, _ size: Int) throws {
        let sizes = try sizes(usual, Int64(announced))
        #expect(sizes[1] == size << 20 && sizes[10_000] == size << 20)
        #expect(Int64(size) * 10_000 >= announced)
    }

    @Test func `grow where the size is not known`() throws {
        let sizes = try sizes(10, nil)
        #expect([1, 1000, 1001, 2001, 6000, 6001, 10_000].map { sizes[$0] >> 20 } == [10, 10, 20, 28, 28, 56, 56])
        #expect(sizes.refusal.kind == .tooLarge && sizes.refusal.message.contains("'far' takes images of \(366_000 << 20) bytes"))
        #expect((1...10_000).allSatisfy { sizes[$0] <= S3PartSizes.memory })
    }

    @Test func `do not hold an image of more than 560,000 MiB`() throws {
        #expect(throws: Fault.of(.tooLarge)) { try sizes(10, 560_001) }
    }

    @Test func `are sent one by one where two do not fit into memory`() throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        let proxy = try S3Proxy(before: place.port)
        let store = try place.store(at: proxy.url)
        let writer = try store.begin(id, token: .freshToken(), announcing: 400 << 30)
        let bytes = pattern(84 << 20)
        proxy.spoil("partNumber=1", by: .refuse(503, "SlowDown"))
        try writer.append(Array(bytes[..<(42 << 20)]))
        #expect(proxy.requests.count { $0.contains("partNumber=1") } == 2)
        try writer.append(Array(bytes[(42 << 20)...]))
        let url = try writer.commit().url
        writer.confirm()
        #expect(try store.everything(at: url).isSame(as: bytes))
        #expect(proxy.requests.count { $0.contains("partNumber=") } == 4)
    }

    @Test func `leave nothing where one that is sent alone fails`() throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        let proxy = try S3Proxy(before: place.port)
        let writer = try place.store(at: proxy.url).begin(id, token: .freshToken(), announcing: 400 << 30)
        proxy.spoil("partNumber=1", times: .max, by: .refuse(403, "AccessDenied"))
        #expect(throws: Fault.of(.unavailable)) {
            try writer.append(pattern(84 << 20))
            _ = try writer.commit()
        }
        #expect(writer.discard())
        #expect(try place.contents(with: id.text) == [])
    }
}
