import Cryptography
import Foundation
import Glibc
import HTTPClient
import ObjectStores
import TestSupport
import Testing

/// Two requests meet at one image whose data are on an engine.
@Suite(.sharesServices) struct `An image on an engine` {
    private static let shared = Shared { try EngineSite.start() }
    private let site: EngineSite?
    private let type = ["Content-Type": "application/octet-stream"]
    init() throws { site = try Self.shared.get() }

    @Test(arguments: EngineSite.stores) func `has the data of one of two uploads`(_ store: String) async throws {
        guard let site else { return }
        let glance = site.glance
        for size in [70_000, 9 << 20] {
            let image = try glance.hasImage()
            let replies = try await atOnce(4) { number in
                try glance.upload([UInt8](repeating: UInt8(number), count: size), to: image, ["X-Image-Meta-Store": store])
            }
            let statuses = replies.map(\.status)
            #expect(statuses.count { $0 == 204 } == 1 && statuses.allSatisfy { [204, 409].contains($0) }, "\(replies.map(\.text))")
            let winner = statuses.firstIndex(of: 204) ?? 0
            let data = try glance.send("GET", "/v2/images/\(image)/file").body
            #expect(data.isSame(as: [UInt8](repeating: UInt8(winner), count: size)))
            #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
            let isClean = try eventually { try site.names(of: image, in: store).isEmpty }
            #expect(isClean)
        }
    }

    @Test(arguments: EngineSite.stores) func `takes no more data once it is deleted, and leaves nothing`(_ store: String) throws {
        guard let site else { return }
        let glance = site.glance
        let image = try glance.hasImage()
        let upload = try HTTPConnection(port: glance.port)
        let headers = type.merging(["X-Image-Meta-Store": store]) { $1 }
        try upload.send(glance.head("PUT", "/v2/images/\(image)/file", .alice, headers, length: 1 << 30))
        try upload.send(pattern(24 << 20))
        #expect(try eventually { try !site.names(of: image, in: store).isEmpty })
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        let piece = pattern(1 << 20)
        for _ in 0..<900 where (try? upload.send(piece)) == nil { break }
        #expect(try upload.receive().status == 410)
        let isClean = try eventually { try site.names(of: image, in: store).isEmpty }
        #expect(isClean)
    }

    @Test(arguments: EngineSite.stores) func `is sent whole or visibly cut where it is deleted meanwhile`(_ store: String) throws {
        guard let site else { return }
        let glance = site.glance
        let (image, data) = (try glance.hasImage(), pattern(64 << 20))
        #expect(try glance.upload(data, to: image, ["X-Image-Meta-Store": store]).status == 204)
        let download = try HTTPConnection(port: glance.port)
        try download.send(glance.head("GET", "/v2/images/\(image)/file", .alice))
        #expect(try download.receiveHead().status == 200)
        var got = download.receiveSome(1 << 20)
        let deleted = try glance.send("DELETE", "/v2/images/\(image)").status
        #expect(deleted == 204)
        got += download.receiveRest()
        #expect(got.isSame(as: Array(data.prefix(got.count))))
        let isClean = try eventually { try site.names(of: image, in: store).isEmpty }
        #expect(isClean)
    }

    @Test(arguments: [("far", "cloud"), ("cloud", "ceph"), ("ceph", "far")])
    func `leaves nothing anywhere where it is deleted while it is copied`(_ first: String, _ second: String) throws {
        guard let site else { return }
        let glance = site.glance
        for pause in [0, 100_000, 400_000] as [UInt32] {
            let image = try glance.hasImage()
            #expect(try glance.upload(pattern(24 << 20), to: image, ["X-Image-Meta-Store": first]).status == 204)
            let order = #"{"method": {"name": "copy-image"}, "stores": ["\#(second)"]}"#
            #expect(try glance.send("POST", "/v2/images/\(image)/import", as: .admin, json: order).status == 202)
            usleep(pause)
            #expect(try eventually { try [204, 404].contains(glance.send("DELETE", "/v2/images/\(image)").status) })
            let isClean = try eventually { try (site.names(of: image, in: first) + site.names(of: image, in: second)).isEmpty }
            #expect(isClean, "\(first) \(second) \(pause)")
        }
    }

    @Test(arguments: S3Place.all) func `of a server whose clock differs is told apart`(_ place: S3Place) throws {
        let signer = S3Signer(accessKey: place.accessKey, secretKey: place.secretKey, region: "us-east-1")
        let host = "127.0.0.1:\(place.port)"
        for seconds in [-3600, 3600] {
            let headers = signer.headers(
                of: .init("GET", host: host, path: "/\(place.bucket)"), digest: Digest.sha256(of: [UInt8]()), at: time(nil) + seconds)
            let reply = try HTTPClient().send("GET", "http://\(host)/\(place.bucket)", headers: headers, longest: 1 << 20)
            #expect(reply.status == 403)
            #expect(
                String(decoding: reply.body, as: UTF8.self).contains("RequestTimeTooSkewed"),
                "\(String(decoding: reply.body, as: UTF8.self))")
        }
    }
}
