import Foundation
import TestSupport
import Testing

/// Of several requests at once one wins, and no change is lost.
@Suite(.sharesServices) struct `Requests at the same moment` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    @Test func `of two uploads to one image one wins`() async throws {
        let image = try glance.hasImage()
        let bodies = (0..<6).map { [UInt8](repeating: UInt8($0), count: 400_000 + $0) }
        let statuses = try await atOnce(bodies.count) { try glance.upload(bodies[$0], to: image).status }
        #expect(statuses.count { $0 == 204 } == 1)
        #expect(statuses.count { $0 == 409 } == bodies.count - 1)
        let winner = statuses.firstIndex(of: 204)!
        #expect(try glance.image(image)["size"]?.int == Int64(bodies[winner].count))
        #expect(try glance.send("GET", "/v2/images/\(image)/file").body.isSame(as: bodies[winner]))
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(image) })
    }

    @Test func `a deletion ends the upload with 410 and its bytes go`() throws {
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let length = 40 * 300_000
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: length))
        try connection.send([UInt8](repeating: 1, count: 300_000))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        for _ in 1..<40 { try connection.send([UInt8](repeating: 1, count: 300_000)) }
        #expect(try connection.receive().status == 410)
        #expect(try eventually { try !glance.incomingFiles().contains { $0.hasPrefix(image) } })
        #expect(try !glance.storedFiles().contains(image))
        #expect(try glance.rows("SELECT COUNT(*) FROM vitrine_uploads WHERE image_id = '\(image)'") == [["0"]])
    }

    @Test func `a deletion stops an upload that would go on for long`() throws {
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 1 << 32))
        try connection.send([UInt8](repeating: 1, count: 300_000))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        // Bytes keep arriving; the upload notices when its lease is renewed, in a few seconds.
        #expect(
            try eventually {
                _ = try? connection.send([UInt8](repeating: 1, count: 300_000))
                return try !glance.incomingFiles().contains { $0.hasPrefix(image) }
            })
    }

    @Test func `a deletion does not cut a download short`() throws {
        let data = [UInt8](repeating: 3, count: 8_000_000)
        let image = try glance.hasImage()
        #expect(try glance.upload(data, to: image).status == 204)
        let connection = try HTTPConnection(port: glance.port)
        // Other tests of the suite download too.
        let request = "req-\(UUID().uuidString.lowercased())"
        try connection.send(glance.head("GET", "/v2/images/\(image)/file", .alice, ["X-Openstack-Request-Id": request]))
        #expect(
            try eventually {
                try glance.workerLog().split(separator: "\n").contains {
                    $0.contains(request) && $0.contains("GET /v2/images/{image}/file 200")
                }
            })
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        #expect(try connection.receive().body.isSame(as: data))
    }

    @Test func `one id is created once`() async throws {
        let id = UUID().uuidString
        let statuses = try await atOnce(8) { _ in try glance.send("POST", "/v2/images", json: #"{"id": "\#(id)"}"#).status }
        #expect(statuses.count { $0 == 201 } == 1)
        #expect(statuses.count { $0 == 409 } == 7)
    }

    @Test func `one image is deleted once`() async throws {
        let image = try glance.hasActiveImage()
        let statuses = try await atOnce(8) { _ in try glance.send("DELETE", "/v2/images/\(image)").status }
        #expect(statuses.count { $0 == 204 } == 1)
        #expect(statuses.count { $0 == 404 } == 7)
    }

    /// The second request finds nothing, or what it began is gone; its error never names a status that the image no longer has.
    @Test(arguments: [
        ("POST", "/actions/deactivate", ""), ("PUT", "/file", "data"), ("PUT", "/stage", "data"), ("PUT", "/tags/t", ""),
        ("DELETE", "/tags/one", ""), ("DELETE", "/members/bolt", ""), ("DELETE", "", ""),
    ])
    func `what is done beside a deletion is done, or 404 or 410`(_ method: String, _ path: String, _ data: String) async throws {
        for _ in 0..<15 {
            let image = try glance.hasImage(
                as: .alice, #"{"disk_format": "raw", "container_format": "bare", "visibility": "shared", "tags": ["one"]}"#)
            #expect(try glance.send("POST", "/v2/images/\(image)/members", json: #"{"member": "bolt"}"#).status == 200)
            if path.hasPrefix("/actions") { #expect(try glance.upload([1], to: image).status == 204) }
            let statuses = try await atOnce(2) { number in
                guard number == 1 else { return try glance.send("DELETE", "/v2/images/\(image)").status }
                let type = data.isEmpty ? [:] : ["Content-Type": "application/octet-stream"]
                return try glance.send(method, "/v2/images/\(image)\(path)", type, body: data.isEmpty ? nil : Array(data.utf8)).status
            }
            if path.isEmpty {
                #expect(statuses.sorted() == [204, 404])
            } else {
                #expect(statuses[0] == 204)
                #expect([204, 404, 410].contains(statuses[1]), "\(statuses)")
            }
        }
    }

    @Test func `no change is lost among many`() async throws {
        let image = try glance.hasImage()
        let statuses = try await atOnce(32) {
            try glance.patch(image, #"[{"op": "add", "path": "/p\#($0)", "value": "\#($0)"}]"#).status
        }
        #expect(statuses.allSatisfy { $0 == 200 })
        let record = try glance.image(image)
        for number in 0..<32 { #expect(record["p\(number)"]?.string == "\(number)") }
    }

    @Test func `tags and members count each other`() async throws {
        let image = try glance.hasImage()
        try glance.execute(
            "INSERT INTO image_tags (image_id, value, created_at, deleted) SELECT '\(image)', CONCAT('x', seq), UTC_TIMESTAMP(), 0 FROM seq_1_to_120"
        )
        try glance.execute(
            "INSERT INTO image_members (image_id, member, can_share, created_at, deleted) SELECT '\(image)', CONCAT('x', seq), 0, UTC_TIMESTAMP(), 0 FROM seq_1_to_120"
        )
        let tags = try await atOnce(16) { try glance.send("PUT", "/v2/images/\(image)/tags/t\($0)").status }
        #expect(tags.count { $0 == 204 } == 8)
        #expect(tags.count { $0 == 413 } == 8)
        let members = try await atOnce(16) {
            try glance.send("POST", "/v2/images/\(image)/members", json: #"{"member": "m\#($0)"}"#).status
        }
        #expect(members.count { $0 == 200 } == 8)
        #expect(members.count { $0 == 413 } == 8)
    }
}
