import Domain
import Foundation
import HTTPClient
import ObjectStores
import TestSupport
import Testing

/// What an S3 server is asked for when clients download.
@Suite(.serialized, .sharesServices) struct `Requests of downloads from an S3 store` {
    private static let data = pattern(12 << 20)

    private struct Site: Sendable {
        let place: S3Place
        let proxy: S3Proxy
        let glance: TestGlance
    }

    private static let shared = Shared {
        let place = try S3Place.first
        let proxy = try S3Proxy(before: place.port)
        let near = "\(TestFolder.root)/near-of-requests"
        let glance = try TestGlance(
            [
                "DEFAULT": "enabled_backends = far:s3,near:file\nenable_v1_api = true\nenabled_import_methods = [copy-image]",
                "vitrine": "redirect_downloads = true",
                "glance_store": "default_backend = far", "near": "filesystem_store_datadir = \(near)",
                "far": place.options.replacing(place.endpoint, with: proxy.url),
            ], workers: 1, runsTasks: true, runsRegistry: true, blobs: [("/_blobs/near", near)], remotes: [("/_blobs/.remote/far", nil)])
        return Site(place: place, proxy: proxy, glance: glance)
    }

    private let site: Site
    private var glance: TestGlance { site.glance }
    private var proxy: S3Proxy { site.proxy }

    init() throws { site = try Self.shared.get() }

    private func image() throws -> String {
        let id = try glance.hasImage(#"{"disk_format": "raw", "container_format": "bare"}"#)
        let reply = try glance.upload(Self.data, to: id)
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    /// An image that was downloaded, so that the server's word on it is known, and on how it compares tags.
    private func knownImage() throws -> String {
        let id = try image()
        for _ in 0..<2 { try #require(try download(id).status == 200) }
        return id
    }

    private func download(_ id: String, _ headers: [String: String] = [:]) throws -> Reply {
        try glance.send("GET", "/v2/images/\(id)/file", headers)
    }

    /// The methods of the requests for an image's object that the server gets meanwhile; others are those of `glance-tasks`.
    private func requests(of id: String, _ body: () throws -> Void) rethrows -> [String] {
        let before = proxy.requests.count
        try body()
        return proxy.requests[before...].filter { $0.contains("/\(id)") }.map { String($0.prefix { $0 != " " }) }
    }

    /// The requests that the server gets for a download of all data.
    private func requestsOfDownload(_ id: String) throws -> [String] {
        try requests(of: id) {
            let isWhole = try download(id).body.isSame(as: Self.data)
            #expect(isWhole)
        }
    }

    @Test func `are for the data alone, once the server has described them`() throws {
        let id = try image()
        #expect(try requestsOfDownload(id) == ["HEAD", "GET"])
        // Whether the server compares tags: once in each process.
        #expect(try requestsOfDownload(id).last == "GET")
        for _ in 0..<5 { #expect(try requestsOfDownload(id) == ["GET"]) }
        let others = try requests(of: id) {
            let part = try download(id, ["Range": "bytes=5000000-"])
            #expect(part.status == 206 && part.body.isSame(as: Array(Self.data[5_000_000...])))
            let first = try glance.send("GET", "/v1/images/\(id)")
            #expect(first.status == 200 && first.body.isSame(as: Self.data))
        }
        #expect(others == ["GET", "GET"])
        // A client that is sent to the server itself names no tag.
        #expect(try requests(of: id) { _ = try download(id, ["X-Vitrine-Redirect": "307"]) } == ["HEAD"])
        #expect(try requests(of: id) { _ = try glance.send("HEAD", "/v2/images/\(id)/file") } == ["HEAD"])
    }

    @Test(arguments: [-1, 1]) func `bring nothing of an object of another length`(_ difference: Int) throws {
        let id = try knownImage()
        try site.place.send("PUT", id, body: pattern(Self.data.count + difference))
        for _ in 0..<2 { #expect(try download(id).status == 204) }
        #expect(try download(id, ["Range": "bytes=0-9"]).status == 204)
        #expect(try glance.send("GET", "/v1/images/\(id)").status == 404)
        #expect(try glance.workerLog().contains("image \(id) has \(Self.data.count + difference) bytes in a store"))
        // Another one of the right length is the image's again.
        try site.place.send("PUT", id, body: Self.data)
        for _ in 0..<3 { #expect(try download(id).body.isSame(as: Self.data)) }
    }

    @Test func `bring the data of an object that took the place of one of the same length`() throws {
        let id = try knownImage()
        let others = Array(Self.data.reversed())
        try site.place.send("PUT", id, body: others)
        for _ in 0..<3 { #expect(try download(id).body.isSame(as: others)) }
        #expect(try requests(of: id) { _ = try download(id) } == ["GET"])
    }

    @Test func `tell that the object is gone`() throws {
        let id = try knownImage()
        try site.place.send("DELETE", id)
        for _ in 0..<2 { #expect(try download(id).status == 204) }
        #expect(try glance.send("GET", "/v1/images/\(id)").status == 404)
    }

    @Test func `lead to the image's next location when the object is gone`() throws {
        let id = try knownImage()
        let order = #"{"method": {"name": "copy-image"}, "stores": ["near"]}"#
        #expect(try glance.send("POST", "/v2/images/\(id)/import", as: .admin, json: order).status == 202)
        let isCopied = try eventually { try glance.image(id)["stores"]?.string?.contains("near") == true }
        #expect(isCopied)
        try site.place.send("DELETE", id)
        for _ in 0..<2 { #expect(try download(id).body.isSame(as: Self.data)) }
    }

    @Test(arguments: [403, 404, 500, 503]) func `are made by a worker when the server refuses nginx`(_ status: Int) throws {
        let id = try knownImage()
        proxy.spoil("/\(id)?X-Amz", by: .refuse(status, "No"))
        #expect(try requestsOfDownload(id) == ["GET", "HEAD", "GET"])
        #expect(try requestsOfDownload(id) == ["GET"])
    }

    @Test func `end with 503 when the server answers nobody`() throws {
        let id = try knownImage()
        proxy.spoil("/\(id)", times: 100, by: .refuse(403, "AccessDenied"))
        proxy.spoil("list-type", times: 1, by: .refuse(403, "AccessDenied"))
        let reply = try download(id)
        #expect(reply.status == 503)
        #expect(reply.text.contains("far"))
        #expect(try glance.workerLog().contains("image \(id) cannot be had from one of its locations"))
    }
}

/// Servers that remembered data are asked of, or not.
@Suite struct `What an S3 store remembers of objects` {
    private static let tag = "\"0123456789abcdef0123456789abcdef\""

    /// A server of one object of 100 bytes, which heeds the conditions of requests or does not.
    private func server(heeds: Bool, tag: String = tag) throws -> RawServer {
        try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            guard !head.hasPrefix("HEAD") else {
                _ = connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \(tag)\r\nConnection: close\r\n\r\n")
                return
            }
            let wanted = head.firstMatch(of: /(?i)\r\nif-match: (\S*)\r\n/).map { String($0.1) }
            guard !heeds || wanted == nil || wanted == tag else { return connection.answer("412 No", "Connection: close\r\n") }
            connection.answer("206 Partial", "Connection: close\r\nContent-Range: bytes 0-0/100\r\n", body: "x")
        }
    }

    private func store(_ server: RawServer, _ settings: S3Store.Settings = .init()) throws -> S3Store {
        try S3Place.first.store(at: "http://127.0.0.1:\(server.port)", bucket: "images", settings)
    }

    @Test func `is what the server said a short time before, by its tag`() throws {
        let server = try server(heeds: true)
        let store = try store(server)
        let url = store.location(of: ImageID("image"))
        #expect(store.rememberedBytes(at: url, size: 100) == nil)
        #expect(try store.bytes(at: url).remote?.tag == nil)
        let known = try #require(store.rememberedBytes(at: url, size: 100))
        #expect(known.size == 100 && known.remote?.tag == Self.tag)
        let asked = server.heads.count
        #expect(store.rememberedBytes(at: url, size: 100) != nil)
        #expect(store.rememberedBytes(at: url, size: 99) == nil)
        #expect(server.heads.count == asked)
    }

    @Test(arguments: S3Place.all, [1000, 12 << 20]) func `holds as long as the server has the same data`(_ place: S3Place, _ size: Int)
        throws
    {
        var settings = S3Store.Settings()
        settings.partSize = 5 << 20
        let store = try place.store(settings)
        let id = ImageID.fresh()
        let url = try store.add(pattern(size), as: id, announcing: Int64(size))
        _ = try store.bytes(at: url)
        let known = try #require(store.rememberedBytes(at: url, size: Int64(size))?.remote)
        let tag = try #require(known.tag)
        // As nginx asks: the signature does not cover the condition.
        func status(_ tag: String) throws -> Int {
            try HTTPClient().send("GET", known.url, headers: [("If-Match", tag)], longest: 1 << 26).status
        }
        #expect(try status(tag) == 200)
        #expect(try status("\"\(String(tag.dropFirst().dropLast().reversed()))\"") == 412)
        try place.send("PUT", id.text, body: pattern(size + 1))
        #expect(try status(tag) == 412)
        #expect(throws: Fault.self) { try store.rememberedBytes(at: url, size: Int64(size))?.open(0) }
        #expect(store.rememberedBytes(at: url, size: Int64(size)) == nil)
        try place.send("DELETE", id.text)
        #expect(throws: Fault.self) { try store.bytes(at: url) }
        #expect(store.rememberedBytes(at: url, size: Int64(size + 1)) == nil)
    }

    @Test func `is not used where the server gives data whatever their tag`() throws {
        let server = try server(heeds: false)
        let store = try store(server)
        let url = store.location(of: ImageID("image"))
        _ = try store.bytes(at: url)
        for _ in 0..<3 { #expect(store.rememberedBytes(at: url, size: 100) == nil) }
        // One HEAD, one question.
        #expect(server.heads.count == 2)
    }

    @Test(arguments: ["W/\"weak\"", "\"a\u{7F}\"", "\"\"", "bare"]) func `is nothing of a tag that cannot be named`(_ tag: String) throws {
        let server = try server(heeds: true, tag: tag)
        let store = try store(server)
        let url = store.location(of: ImageID("image"))
        _ = try store.bytes(at: url)
        #expect(store.rememberedBytes(at: url, size: 100) == nil)
        #expect(server.heads.count == 1)
    }

    @Test func `is nothing where nginx cannot fetch`() throws {
        var settings = S3Store.Settings()
        settings.isFetchable = false
        let server = try server(heeds: true)
        let store = try store(server, settings)
        let url = store.location(of: ImageID("image"))
        _ = try store.bytes(at: url)
        #expect(store.rememberedBytes(at: url, size: 100) == nil)
        #expect(server.heads.count == 1)
    }
}
