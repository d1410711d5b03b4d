import Foundation
import TestSupport
import Testing

/// The faults of uploads, for V1.
@Suite(.serialized, .sharesServices) struct `An upload by V1` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsRegistry: true) }

    private func queuedImage(_ name: String = "queued") throws -> String {
        let reply = try glance.send("POST", "/v1/images", ["x-image-meta-name": name])
        guard reply.status == 201, let id = reply.json["image"]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    enum Way: String, CaseIterable { case lengthAnnounced, chunked, chunkedWithinAChunk, reset }

    @Test(arguments: Way.allCases, [10, 3_000_000])
    func `that is cut short kills its image and leaves no bytes`(_ way: Way, _ sent: Int) throws {
        let image = try queuedImage()
        let data = [UInt8](repeating: 7, count: sent)
        let connection: HTTPConnection
        switch way {
        case .lengthAnnounced, .reset: connection = try glance.beginV1Upload(to: image, length: sent + 1, sending: data)
        case .chunked, .chunkedWithinAChunk:
            connection = try HTTPConnection(port: glance.port)
            let headers = v1Headers.merging(["Transfer-Encoding": "chunked"]) { $1 }
            try connection.send(glance.head("PUT", "/v1/images/\(image)", .alice, headers))
            try connection.send("\(String(way == .chunked ? sent : sent + 5, radix: 16))\r\n")
            try connection.send(data)
            if way == .chunked { try connection.send("\r\n") }
        }
        #expect(try eventually { try glance.recordedStatus(of: image) == "saving" })
        if way == .reset { connection.abort() } else { connection.hangUp() }

        #expect(try eventually { try glance.recordedStatus(of: image) == "killed" })
        #expect(try eventually { try glance.hasNoBytes(of: image) })
        #expect(try glance.uploadsUnderWay(of: image) == 0)
        #expect(try glance.send("GET", "/v1/images/\(image)").status == 404)
        #expect(try glance.send("PUT", "/v1/images/\(image)", v1Headers, body: data).status == 409)
        #expect(try glance.send("DELETE", "/v1/images/\(image)").status == 200)
    }

    /// As python-glanceclient sends it, to an image whose size is 0 until then.
    @Test func `of unknown length fills an image that was reserved`() throws {
        let image = try queuedImage()
        let data = [UInt8](repeating: 8, count: 1_500_000)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v1/images/\(image)", .alice, v1Headers.merging(["Transfer-Encoding": "chunked"]) { $1 }))
        try connection.send("\(String(data.count, radix: 16))\r\n")
        try connection.send(data + Array("\r\n0\r\n\r\n".utf8))
        #expect(try connection.receive().status == 200)
        #expect(try glance.send("GET", "/v1/images/\(image)").body.isSame(as: data))
    }

    @Test func `that makes its image and is cut short kills it`() throws {
        let connection = try glance.beginV1Upload(named: "half", length: 2_000_000, sending: [UInt8](repeating: 1, count: 1_000_000))
        #expect(try eventually { try glance.id(named: "half").flatMap { try glance.recordedStatus(of: $0) } == "saving" })
        connection.hangUp()
        let image = try #require(try glance.id(named: "half"))
        #expect(try eventually { try glance.recordedStatus(of: image) == "killed" })
        #expect(try eventually { try glance.hasNoBytes(of: image) })
    }

    @Test func `wins over the others to the same image`() async throws {
        let image = try queuedImage()
        let bodies = (0..<6).map { [UInt8](repeating: UInt8($0), count: 400_000 + $0) }
        let statuses = try await atOnce(bodies.count) {
            try glance.send("PUT", "/v1/images/\(image)", v1Headers, body: bodies[$0]).status
        }
        #expect(statuses.count { $0 == 200 } == 1, "\(statuses)")
        #expect(statuses.count { $0 == 409 } == bodies.count - 1, "\(statuses)")
        let winner = try #require(statuses.firstIndex(of: 200))
        #expect(try glance.send("HEAD", "/v1/images/\(image)")["x-image-meta-size"] == String(bodies[winner].count))
        #expect(try glance.send("GET", "/v1/images/\(image)").body.isSame(as: bodies[winner]))
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(image) })
    }

    @Test func `of an image that is deleted meanwhile is 412, and its bytes go`() throws {
        let image = try queuedImage()
        let piece = [UInt8](repeating: 1, count: 300_000)
        let connection = try glance.beginV1Upload(to: image, length: 40 * piece.count, sending: piece)
        #expect(try eventually { try glance.recordedStatus(of: image) == "saving" })
        #expect(try glance.send("DELETE", "/v1/images/\(image)").status == 200)
        for _ in 1..<40 { try connection.send(piece) }
        #expect(try connection.receive().status == 412)
        #expect(try eventually { try glance.hasNoBytes(of: image) })
        #expect(try glance.recordedStatus(of: image) == "deleted")
        #expect(try glance.uploadsUnderWay(of: image) == 0)
    }

    @Test(arguments: ["x-image-meta-checksum": String(repeating: "0", count: 32), "x-image-meta-size": "4"])
    func `that is not what was said of it is 400`(_ header: String, _ value: String) throws {
        let name = "said-\(UUID().uuidString)"
        let reply = try glance.send(
            "POST", "/v1/images", v1Headers.merging([header: value, "x-image-meta-name": name]) { $1 }, body: Array("hello".utf8))
        #expect(reply.status == 400)
        if let image = try glance.id(named: name) {
            #expect(["killed", "deleted"].contains(try glance.recordedStatus(of: image)))
            #expect(try glance.hasNoBytes(of: image))
        }
    }

    @Test func `whose worker dies is given back without its bytes`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true, runsRegistry: true)
        let connection = try glance.beginV1Upload(named: "dies", length: 1 << 30, sending: [UInt8](repeating: 1, count: 1_000_000))
        #expect(try eventually { try glance.id(named: "dies").flatMap { try glance.recordedStatus(of: $0) } == "saving" })
        let image = try #require(try glance.id(named: "dies"))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(image) } })
        kill(glance.site.workerIDs[0], SIGKILL)
        #expect(try connection.receive().status == 502)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        #expect(try glance.send("PUT", "/v1/images/\(image)", v1Headers, body: [1]).status == 409)
        #expect(try eventually { try glance.recordedStatus(of: image) == "queued" })
        #expect(try glance.hasNoBytes(of: image))
        #expect(try glance.send("PUT", "/v1/images/\(image)", v1Headers, body: [1, 2]).status == 200)
        #expect(try glance.send("GET", "/v1/images/\(image)").body == [1, 2])
    }

    // MARK: changes at once

    @Test func `or not: no change of an image is lost among many`() async throws {
        let image = try queuedImage()
        let statuses = try await atOnce(24) {
            try glance.send(
                "PUT", "/v1/images/\(image)", ["x-image-meta-property-p\($0)": "\($0)", "x-glance-registry-purge-props": "false"]
            ).status
        }
        #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses)")
        let properties = try glance.rows("SELECT name, value FROM image_properties WHERE image_id = '\(image)' AND deleted = 0", columns: 2)
        #expect(Set(properties.map { "\($0[0]!)=\($0[1]!)" }) == Set((0..<24).map { "p\($0)=\($0)" }))
    }

    @Test func `or not: changes by both versions are not lost either`() async throws {
        let image = try queuedImage()
        let statuses = try await atOnce(16) { number in
            if number % 2 == 0 {
                return try glance.send(
                    "PUT", "/v1/images/\(image)", ["x-image-meta-property-p\(number)": "1", "x-glance-registry-purge-props": "false"]
                ).status
            }
            return try glance.patch(image, #"[{"op": "add", "path": "/p\#(number)", "value": "1"}]"#).status
        }
        #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses)")
        let record = try glance.image(image)
        for number in 0..<16 { #expect(record["p\(number)"]?.string == "1", "\(number)") }
    }

    @Test func `or not: one image is created and deleted once`() async throws {
        let id = UUID().uuidString.lowercased()
        let created = try await atOnce(8) { _ in try glance.send("POST", "/v1/images", ["x-image-meta-id": id]).status }
        #expect(created.count { $0 == 201 } == 1, "\(created)")
        #expect(created.count { $0 == 409 } == 7, "\(created)")
        let deleted = try await atOnce(8) { _ in try glance.send("DELETE", "/v1/images/\(id)").status }
        #expect(deleted.count { $0 == 200 } == 1, "\(deleted)")
        #expect(deleted.count { $0 == 404 } == 7, "\(deleted)")
    }
}
