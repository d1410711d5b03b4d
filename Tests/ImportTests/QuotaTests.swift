import Foundation
import TestSupport
import Testing

private let octets = ["Content-Type": "application/octet-stream"]

/// `user_storage_quota`; the data count once for each store.
@Suite(.serialized, .sharesServices) struct `What a project may import` {
    let glance: TestGlance
    init() throws {
        glance = try .of(
            Self.self, Source.allowed.merging(["DEFAULT": "user_storage_quota = 1KB"]) { $1 }, stores: ["near", "far"], runsTasks: true)
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1")
    }

    private func data(_ count: Int) -> [UInt8] { [UInt8](repeating: 7, count: count) }

    private func expectFailure(of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure", sourceLocation: sourceLocation)
        #expect(task["message"]?.string?.contains("1024") == true, "\(task)", sourceLocation: sourceLocation)
        try glance.expectNothing(of: id, in: ["near", "far"], sourceLocation: sourceLocation)
    }

    @Test func `counts in every store`() throws {
        let many = try glance.hasStagedImage(data(600))
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: many)
        let task = try glance.ended(on: many)
        #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains("1024") == true, "\(task)")
        try glance.expectStaged(data(600), of: many)
        #expect(try glance.image(many)["os_glance_failed_import"]?.string == "far,near")
        #expect(try glance.send("DELETE", "/v2/images/\(many)").status == 204)
        #expect(try eventually { try !glance.stagedFiles().contains { $0.hasPrefix(many) } })
        let few = try glance.hasStagedImage(data(512))
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: few)
        #expect(try glance.ended(on: few)["status"]?.string == "success")
    }

    @Test func `is told of staged data that wait until they fit`() throws {
        let sample = try Sample(600)
        let id = try glance.hasStagedImage(sample.bytes)
        let first = try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
        #expect(try glance.ended(on: id, of: first)["status"]?.string == "failure")
        try glance.expectStaged(sample.bytes, of: id)
        let second = try glance.orders(#"{"method": {"name": "glance-direct"}, "stores": ["far"]}"#, on: id)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["far"])
    }

    @Test func `bounds a download, whether its length is known or not`() throws {
        let source = try Source(data(2000))
        let known = try glance.hasImage()
        try glance.downloads(source.url, to: known)
        try expectFailure(of: known)
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 256)
            while connection.send("100\r\n"), connection.send(piece), connection.send("\r\n") {}
        }
        let unknown = try glance.hasImage()
        try glance.downloads(server.url(), to: unknown)
        try expectFailure(of: unknown)
    }

    @Test func `bounds a copy, which leaves the image as it was`() throws {
        let sample = try Sample(600)
        let id = try glance.hasImage()
        #expect(try glance.upload(sample.bytes, to: id).status == 204)
        try glance.orders(#"{"method": {"name": "copy-image"}, "stores": ["far"]}"#, on: id, as: .admin)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        try glance.expect(sample, in: id, stores: ["near"])
        #expect(try glance.image(id)["stores"]?.string == "near")
        #expect(try !glance.files(of: "far").contains { $0.hasPrefix(id) })
    }

    @Test func `is told at once to whoever has too much`() throws {
        let staged = try glance.hasStagedImage(data(10))
        let full = try glance.hasActiveImage()
        try glance.execute("UPDATE images SET size = 5000 WHERE id = '\(full)'")
        let reply = try glance.order(#"{"method": {"name": "glance-direct"}}"#, on: staged)
        #expect(reply.status == 413 && reply.text.contains("1024"), "\(reply.text)")
        #expect(try glance.status(of: staged) == "uploading")
        #expect(try glance.count("tasks", where: "image_id = '\(staged)'") == 0)
        #expect(try glance.image(staged)["os_glance_import_task"] == nil)
        // Each project has its own quota.
        let other = try glance.hasStagedImage(data(10), as: .bob)
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: other, as: .bob)
        #expect(try glance.ended(on: other)["status"]?.string == "success")
    }
}

@Suite(.serialized, .sharesServices) struct `What a project may have at locations` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, Source.allowed.merging(["DEFAULT": "user_storage_quota = 1KB"]) { $1 }, runsTasks: true)
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1")
    }

    private func add(_ sample: Sample, isExpected: Bool) throws -> (id: String, outcome: String?) {
        let source = try Source(sample.bytes)
        let id = try glance.hasImage()
        let expected = #", "validation_data": {"os_hash_algo": "sha256", "os_hash_value": "\#(sample.sha256)"}"#
        let json = #"{"url": "\#(source.url)"\#(isExpected ? expected : "")}"#
        let reply = try glance.send("POST", "/v2/images/\(id)/locations", json: json)
        #expect(reply.status == 202, "\(reply.text)")
        return (id, try glance.ended(on: id)["status"]?.string)
    }

    @Test(arguments: [true, false]) func `is bounded by its quota`(_ isExpected: Bool) throws {
        let (first, outcome) = try add(try Sample(600), isExpected: isExpected)
        #expect(outcome == "success")
        let (second, refusal) = try add(try Sample(600), isExpected: isExpected)
        #expect(refusal == "failure")
        #expect(try glance.status(of: first) == "active" && glance.status(of: second) == "queued")
        #expect(try glance.task(on: second)["message"]?.string?.contains("1024") == true)
        #expect(try glance.count("image_locations", where: "image_id = '\(second)' AND deleted = 0") == 0)
        let (_, last) = try add(try Sample(424), isExpected: isExpected)
        #expect(last == "success")
    }
}

/// `image_stage_total` and `image_count_uploading`, the limits in Keystone.
@Suite(.serialized) struct `What a project may stage` {
    /// The part of Keystone that limits need; all projects have the same.
    private func keystone(_ limits: [(String, Int)]) throws -> RawServer {
        let elements = limits.map {
            #"{"service_id": "s1", "region_id": "R", "resource_name": "\#($0)", "default_limit": \#($1)}"#
        }.joined(separator: ", ")
        return try RawServer { connection, _ in
            while let head = connection.readHead() {
                let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                if let length, let count = Int(length.split(separator: " ").last ?? "") { connection.readBody(count) }
                let json = "Content-Type: application/json\r\n"
                switch head.requestTarget.prefix(while: { $0 != "?" }) {
                case "/v3/auth/tokens":
                    let token =
                        #"{"issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z", "catalog": []}"#
                    connection.answer("201 Created", json + "X-Subject-Token: own\r\n", body: #"{"token": \#(token)}"#)
                case "/v3/endpoints/e1":
                    connection.answer("200 OK", json, body: #"{"endpoint": {"service_id": "s1", "region_id": "R"}}"#)
                case "/v3/registered_limits": connection.answer("200 OK", json, body: #"{"registered_limits": [\#(elements)]}"#)
                default: connection.answer("200 OK", json, body: #"{"limits": []}"#)
                }
            }
        }
    }

    private func glance(_ keystone: RawServer, stores: [String] = []) throws -> TestGlance {
        let options = "auth_url = \(keystone.url(""))\nusername = glance\npassword = p\nuser_domain_id = default\nsystem_scope = all"
        return try TestGlance(
            Source.allowed.merging(["DEFAULT": "use_keystone_limits = true", "oslo_limit": "\(options)\nendpoint_id = e1"]) { $1 },
            workers: 1, stores: stores, runsTasks: true, runsRegistry: true)
    }

    @Test func `is bounded in bytes, until they are imported`() throws {
        let keystone = try keystone(
            [("image_size_total", 100), ("image_stage_total", 1), ("image_count_total", 100), ("image_count_uploading", 100)])
        let glance = try glance(keystone)
        let (first, second) = (try glance.hasImage(), try glance.hasImage())
        let sample = try Sample(1 << 20)
        #expect(try glance.stage(sample.bytes + [1], for: first).status == 413)
        try glance.expectNothing(of: first)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(first)/stage", .alice, octets.merging(["Transfer-Encoding": "chunked"]) { $1 }))
        try? connection.send(Array("100001\r\n".utf8) + sample.bytes + [1] + Array("\r\n0\r\n\r\n".utf8))
        #expect(try connection.receive().status == 413)
        try glance.expectNothing(of: first)

        #expect(try glance.stage(sample.bytes, for: first).status == 204)
        #expect(try glance.stage([1], for: second).status == 413)
        try glance.expectNothing(of: second)
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: first)
        #expect(try glance.ended(on: first)["status"]?.string == "success")
        try glance.expect(sample, in: first)
        #expect(try glance.stage([1], for: second).status == 204)
    }

    @Test func `is bounded in images at once`() throws {
        let keystone = try keystone(
            [("image_size_total", 100), ("image_stage_total", 100), ("image_count_total", 100), ("image_count_uploading", 1)])
        let glance = try glance(keystone)
        let (first, second) = (try glance.hasImage(), try glance.hasImage())
        #expect(try glance.stage([1], for: first).status == 204)
        let refused = try glance.stage([1], for: second)
        #expect(refused.status == 413 && refused.text.contains("image_count_uploading"), "\(refused.text)")
        try glance.expectNothing(of: second)
        #expect(try glance.send("DELETE", "/v2/images/\(first)").status == 204)
        #expect(try glance.stage([1], for: second).status == 204)
    }

    private static let one = [
        ("image_size_total", 100), ("image_stage_total", 100), ("image_count_total", 100), ("image_count_uploading", 1),
    ]

    @Test func `counts among what is uploaded, however it comes, and is imported all the same`() throws {
        let keystone = try keystone(Self.one)
        let glance = try glance(keystone, stores: ["near", "far"])
        let sample = try Sample(1000)
        let copied = try glance.hasActiveImage()
        let staged = try glance.hasStagedImage(sample.bytes)
        let other = try glance.hasImage()
        func expectRefusal(_ reply: Reply, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(reply.status == 413 && reply.text.contains("image_count_uploading"), "\(reply.text)", sourceLocation: sourceLocation)
        }
        expectRefusal(try glance.stage([1], for: other))
        expectRefusal(try glance.upload([1], to: other))
        expectRefusal(try glance.send("PUT", "/v1/images/\(other)", octets, body: [1]))
        try glance.expectNothing(of: other, in: ["near", "far"])
        let source = try Source([1, 2, 3])
        try glance.downloads(source.url, to: other)
        #expect(try glance.ended(on: other)["message"]?.string?.contains("image_count_uploading") == true)
        try glance.expectNothing(of: other, in: ["near", "far"])
        try glance.orders(#"{"method": {"name": "copy-image"}, "stores": ["far"]}"#, on: copied, as: .admin)
        #expect(try glance.ended(on: copied)["message"]?.string?.contains("image_count_uploading") == true)
        #expect(try glance.status(of: copied) == "active")
        try glance.expectStaged(sample.bytes, of: staged)

        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: staged)
        #expect(try glance.ended(on: staged)["status"]?.string == "success")
        try glance.expect(sample, in: staged, stores: ["near"])
        #expect(try glance.stage([1], for: other).status == 204)
    }

    /// Whatever began since, for example where the limit was lowered.
    @Test func `is imported although more is uploaded by now than may be`() throws {
        let keystone = try keystone(Self.one)
        let glance = try glance(keystone)
        let sample = try Sample(1000)
        let staged = try glance.hasStagedImage(sample.bytes)
        for _ in 1...2 { try glance.execute("UPDATE images SET status = 'saving' WHERE id = '\(glance.hasImage())'") }
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: staged)
        #expect(try glance.ended(on: staged)["status"]?.string == "success")
        try glance.expect(sample, in: staged)
    }
}
