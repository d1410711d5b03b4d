import Domain
import Foundation
import ObjectStores
import TestSupport
import Testing
import Threading

/// Images of one part whose length is announced, on servers that heed `If-None-Match` of a PUT.
@Suite struct `A small image on S3` {
    private static let text = "hello"
    private let hello = Array(Self.text.utf8)

    /// Begins an image of five bytes.
    private func begin(_ id: ImageID, in store: S3Store, token: String = .freshToken()) throws -> any BlobWriter {
        let writer = try store.begin(id, token: token, announcing: 5)
        try writer.append(Self.text)
        return writer
    }

    /// Has the store know whether the server heeds conditions.
    private func learn(_ store: S3Store) throws { try store.remove(store.add(hello, announcing: 5)) }

    @Test(arguments: S3Place.all)
    func `is one PUT and no other request`(_ place: S3Place) throws {
        let proxy = try S3Proxy(before: place.port)
        let store = try place.store(at: proxy.url)
        try learn(store)
        let (before, id) = (proxy.requests.count, ImageID.fresh())
        let url = try store.add(hello, as: id, announcing: 5)
        #expect(proxy.requests[before...] == ["PUT /\(place.bucket)/\(id) HTTP/1.1"])
        #expect(try store.everything(at: url) == hello)
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test func `leaves nothing where no byte of it was sent, and asks the server nothing`() throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        let proxy = try S3Proxy(before: place.port)
        let store = try place.store(at: proxy.url)
        try learn(store)
        let before = proxy.requests.count
        #expect(try begin(id, in: store).discard())
        #expect(proxy.requests.count == before)
        #expect(try place.contents(with: id.text) == [])
    }

    @Test(arguments: S3Place.all)
    func `is that of one alone of several writers that commit at once`(_ place: S3Place) throws {
        let store = try place.store()
        try learn(store)
        for _ in 0..<10 {
            let id = ImageID.fresh()
            let writers = try (0..<4).map { number in
                let writer = try store.begin(id, token: .freshToken(), announcing: 8)
                try writer.append("writer \(number)")
                return writer
            }
            let won = try commitAtOnce(writers)
            #expect(won.count == 1)
            for (number, writer) in writers.enumerated() {
                if won.contains(number) { writer.confirm() } else { writer.discard() }
            }
            let data = try store.everything(at: store.location(of: id))
            #expect(won.map { Array("writer \($0)".utf8) } == [data])
            #expect(try place.contents(with: id.text) == [id.text])
        }
    }

    @Test(arguments: [501, 200])
    func `is a multipart upload where the server heeds no condition`(_ status: Int) throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        let proxy = try S3Proxy(before: place.port)
        let store = try place.store(at: proxy.url)
        proxy.spoil("if-none-match", by: .refuse(status, ""))
        for id in [ImageID.fresh(), id] { #expect(try store.everything(at: store.add(hello, as: id, announcing: 5)) == hello) }
        #expect(proxy.count == 1 && proxy.requests.count { $0.contains("/\(id)?uploadId=") } == 1)
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test func `is whole where the answer was lost, once or for good`() throws {
        let place = try S3Place.first
        for times in [1, 100] {
            let proxy = try S3Proxy(before: place.port)
            let (store, id) = (try place.store(at: proxy.url), ImageID.fresh())
            try learn(store)
            proxy.spoil("PUT /\(place.bucket)/\(id) ", times: times, by: .cutAnswer(0))
            #expect(try store.everything(at: store.add(hello, as: id, announcing: 5)) == hello)
            #expect(proxy.count == min(times, S3Client.Patience().attempts))
            #expect(try place.contents(with: id.text) == [id.text])
        }
    }

    @Test func `takes the place of no other data, and is taken back without them`() throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        let store = try place.store()
        let late = try begin(id, in: store)
        _ = try store.add(Array("other".utf8), as: id, announcing: 5)
        #expect(throws: Fault.of(.conflict)) { try late.commit() }
        #expect(late.discard())
        try store.discard(Upload(image: id, token: "", pendingURL: late.url))
        for upload in try store.pendingUploads(olderThan: -2) where upload.image == id { try store.discardPending(upload) }
        #expect(try store.everything(at: store.location(of: id)) == Array("other".utf8))
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test(arguments: [false, true], [false, true])
    func `leaves nothing where its process dies`(isCommitted: Bool, isOfEarlierRelease: Bool) throws {
        let (place, id, token) = (try S3Place.first, ImageID.fresh(), String.freshToken())
        let (store, sweeper) = (try place.store(), try place.store())
        let writer = try begin(id, in: store, token: token)
        var url = writer.url
        if isOfEarlierRelease {
            // It wrote a mark before, whose content said what the URL says now.
            url = url.replacing("&single", with: "")
            try place.send("PUT", ".vitrine/uploads/\(id).\(token)", body: Array("single PUT".utf8))
        }
        if isCommitted { _ = try writer.commit() }
        try sweeper.discard(Upload(image: id, token: "", pendingURL: url))
        // Of an upload that was not sent, the request may be on its way as far as another process knows: so it looks once more.
        let late = try sweeper.pendingUploads(olderThan: -2).filter { $0.token == token }
        #expect(late.count == (isCommitted ? 0 : 1))
        for upload in late { try sweeper.discardPending(upload) }
        #expect(try place.contents(with: id.text) == [])
        withExtendedLifetime(writer) {}
    }

    @Test func `stays where the mark of an earlier release stayed behind`() throws {
        let (place, id, token) = (try S3Place.first, ImageID.fresh(), String.freshToken())
        let store = try place.store()
        let location = try begin(id, in: store, token: token).commit()
        try place.send("PUT", ".vitrine/uploads/\(id).\(token)", body: Array("single PUT".utf8))
        let stray = try #require(try store.pendingUploads(olderThan: -2).first { $0.token == token })
        try store.discardPending(stray)
        #expect(try store.everything(at: location.url) == hello)
        #expect(try place.contents(with: id.text) == [id.text])
    }

    @Test func `is found by the sweeper where it arrives after it was taken back`() throws {
        let (place, id, token, isFree) = (try S3Place.first, ImageID.fresh(), String.freshToken(), Monitor(false))
        let proxy = try S3Proxy(before: place.port)
        // Both see the server under the same address.
        let (store, sweeper) = (try place.store(at: proxy.url), try place.store(at: proxy.url))
        try learn(store)
        let writer = try begin(id, in: store, token: token)
        proxy.spoil("PUT /\(place.bucket)/\(id) ", by: .hold(isFree))
        let thread = try JoinableThread { _ = try? writer.commit() }
        defer { isFree.with { $0 = true } }
        #expect(eventually { proxy.count == 1 })
        try sweeper.discard(Upload(image: id, token: "", pendingURL: writer.url))
        isFree.with { $0 = true }
        thread.join()
        // Its process died meanwhile.
        let stray = try #require(try sweeper.pendingUploads(olderThan: -2).first { $0.token == token })
        #expect(try place.contents(with: id.text).count == 2)
        try sweeper.discardPending(stray)
        #expect(try place.contents(with: id.text) == [])
        withExtendedLifetime(writer) {}
    }

    @Test func `takes no more than a part, and leaves nothing of more`() throws {
        let (place, id) = (try S3Place.first, ImageID.fresh())
        var settings = S3Store.Settings()
        settings.partSize = 5 << 20
        let store = try place.store(settings)
        #expect(try store.everything(at: store.add(pattern(5 << 20), announcing: 5 << 20)).isSame(as: pattern(5 << 20)))
        let writer = try store.begin(id, token: .freshToken(), announcing: 5)
        #expect(throws: Fault.of(.invalid)) { try writer.append(pattern(11 << 20)) }
        #expect(writer.discard())
        #expect(try place.contents(with: id.text) == [])
    }
}
