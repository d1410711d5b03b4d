import Foundation
import TestSupport
import Testing

private let octets = ["Content-Type": "application/octet-stream"]

/// `PUT /v2/images/{image}/stage`.
@Suite(.serialized, .sharesServices) struct `Staging an image's data` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["DEFAULT": "image_size_cap = 1000000"], runsTasks: true) }

    @Test func `keeps them until they are imported`() throws {
        let sample = try Sample(300_000)
        let id = try glance.hasImage()
        let reply = try glance.stage(sample.bytes, for: id)
        #expect(reply.status == 204 && reply.body.isEmpty)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "uploading")
        #expect(image["size"]?.int == 300_000)
        #expect(image["checksum"] == .null && image["os_hash_value"] == .null)
        #expect(image["os_glance_stage_host"] == nil)
        #expect(FileManager.default.contents(atPath: "\(glance.folder)/staging/\(id)") == Data(sample.bytes))
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
        #expect(try glance.count("image_locations", where: "image_id = '\(id)'") == 0)
        #expect(try !glance.files(of: "images").contains(id))
        // There is nothing to read yet.
        #expect(try glance.send("GET", "/v2/images/\(id)/file").status != 200)

        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id)
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: sample.bytes))
    }

    @Test func `takes them without a length too, and none at all`() throws {
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(id)/stage", .alice, octets.merging(["Transfer-Encoding": "chunked"]) { $1 }))
        try connection.send("5\r\nhello\r\n0\r\n\r\n")
        #expect(try connection.receive().status == 204)
        #expect(try glance.image(id)["size"]?.int == 5)

        let empty = try glance.hasImage()
        #expect(try glance.stage([], for: empty).status == 204)
        #expect(try glance.image(empty)["size"]?.int == 0)
        #expect(FileManager.default.contents(atPath: "\(glance.folder)/staging/\(empty)") == Data())
    }

    @Test func `does so once`() throws {
        let id = try glance.hasStagedImage([1, 2, 3])
        #expect(try glance.stage([4, 5], for: id).status == 409)
        #expect(try glance.upload([4, 5], to: id).status == 409)
        #expect(try glance.image(id)["size"]?.int == 3)
        #expect(FileManager.default.contents(atPath: "\(glance.folder)/staging/\(id)") == Data([1, 2, 3]))
        #expect(try glance.stagedFiles().filter { $0.hasPrefix(id) } == [id])
    }

    /// Of two at once one is accepted, and its data are staged.
    @Test func `of two clients at once takes those of one`() async throws {
        let glance = glance
        let id = try glance.hasImage()
        let statuses = try await atOnce(8) { number in
            try glance.stage([UInt8](repeating: UInt8(number), count: 200_000), for: id).status
        }
        #expect(statuses.count { $0 == 204 } == 1, "\(statuses)")
        #expect(statuses.allSatisfy { $0 == 204 || $0 == 409 }, "\(statuses)")
        let winner = UInt8(try #require(statuses.firstIndex(of: 204)))
        #expect(
            FileManager.default.contents(atPath: "\(glance.folder)/staging/\(id)") == Data([UInt8](repeating: winner, count: 200_000)))
        #expect(try glance.stagedFiles().filter { $0.hasPrefix(id) } == [id])
    }

    @Test func `refuses what is too much, of another type or of another length`() throws {
        let id = try glance.hasImage()
        let large = [UInt8](repeating: 1, count: 1_000_001)
        #expect(try glance.stage(large, for: id).status == 413)
        try glance.expectNothing(of: id)

        // The length is not known before.
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(id)/stage", .alice, octets.merging(["Transfer-Encoding": "chunked"]) { $1 }))
        try? connection.send(Array("\(String(large.count, radix: 16))\r\n".utf8) + large + Array("\r\n0\r\n\r\n".utf8))
        #expect(try connection.receive().status == 413)
        try glance.expectNothing(of: id)

        for type in ["text/plain", "application/json", ""] {
            #expect(try glance.stage([1], for: id, ["Content-Type": type]).status == 415, "\(type)")
        }
        for size in ["2", "0", "-1", "x"] {
            #expect(try glance.stage([1], for: id, ["X-OpenStack-Image-Size": size]).status == 400, "\(size)")
        }
        try glance.expectNothing(of: id)
        #expect(try glance.stage([1], for: id, ["X-OpenStack-Image-Size": "1"]).status == 204)
    }

    @Test func `is for those who may change the image`() throws {
        let id = try glance.hasImage()
        let shown = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public"}"#)
        let refused: [(TestGlance.Person?, String, Int)] = [
            (nil, id, 401), (.bob, id, 404), (.reader, id, 403), (.bob, shown, 403), (.alice, shown, 403), (.alice, "nothing", 404),
            (.alice, UUID().uuidString.lowercased(), 404),
        ]
        for (person, image, status) in refused {
            let reply = try glance.send("PUT", "/v2/images/\(image)/stage", as: person, octets, body: [1])
            #expect(reply.status == status, "\(String(describing: person)): \(image)")
        }
        for image in [id, shown] { try glance.expectNothing(of: image) }
        let active = try glance.hasActiveImage()
        #expect(try glance.stage([1], for: active).status == 409)
        #expect(try glance.status(of: active) == "active")
        #expect(try !glance.stagedFiles().contains { $0.hasPrefix(active) })
    }

    @Test func `that breaks off leaves nothing`() throws {
        let id = try glance.hasImage()
        for hangsUp in [true, false] {
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(glance.head("PUT", "/v2/images/\(id)/stage", .alice, octets, length: 900_000))
            try connection.send([UInt8](repeating: 1, count: 600_000))
            #expect(try eventually { try glance.status(of: id) == "uploading" })
            #expect(try eventually { try glance.stagedFiles().contains { $0.hasPrefix("\(id).") } })
            // An image whose data are still arriving cannot be imported.
            #expect(try glance.order(#"{"method": {"name": "glance-direct"}}"#, on: id).status == 409)
            if hangsUp { connection.hangUp() } else { connection.abort() }
            #expect(try eventually { try glance.status(of: id) == "queued" })
            #expect(try eventually { try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0 })
            try glance.expectNothing(of: id)
        }
        #expect(try glance.stage([1], for: id).status == 204)
    }

    @Test func `of an image that is deleted meanwhile ends`() throws {
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("PUT", "/v2/images/\(id)/stage", .alice, octets, length: 900_000))
        try connection.send([UInt8](repeating: 1, count: 600_000))
        #expect(try eventually { try glance.status(of: id) == "uploading" })
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        try connection.send([UInt8](repeating: 1, count: 300_000))
        #expect(try connection.receive().status == 410)
        #expect(try eventually { try !glance.stagedFiles().contains { $0.hasPrefix(id) } })
    }

    @Test func `goes with its image`() throws {
        let id = try glance.hasStagedImage([1, 2, 3])
        #expect(try glance.stagedFiles().contains(id))
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try !glance.stagedFiles().contains(id))
    }

    @Test func `by a worker that dies gives the image back`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true)
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("PUT", "/v2/images/\(id)/stage", .alice, octets, length: 900_000))
        try connection.send([UInt8](repeating: 1, count: 600_000))
        #expect(try eventually { try glance.status(of: id) == "uploading" })
        kill(glance.site.workerIDs[0], SIGKILL)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        #expect(try eventually { try glance.status(of: id) == "queued" })
        try glance.expectNothing(of: id)
    }

    @Test func `is no way for clients where the site does not import what they stage`() throws {
        let glance = try TestGlance(["DEFAULT": "enabled_import_methods = web-download"], workers: 1)
        let id = try glance.hasImage()
        #expect(try glance.stage([1], for: id).status == 404)
        try glance.expectNothing(of: id)
    }
}
