import Foundation
import TestSupport
import Testing

/// One of two workers does not run, like a process that is stopped, swapped out or traced.
@Suite(.serialized) struct `A worker that is frozen` {
    /// The shipped site, with short time limits.
    private static func front(before glance: TestGlance) throws -> Front {
        let limits = ["40s", "120s"].map { "fastcgi_read_timeout          \($0);" }
        let changes = Dictionary(uniqueKeysWithValues: limits.map { ($0, "fastcgi_read_timeout 2s;") })
        return try Front(before: glance, changes: changes) { port in
            Front.Way.site.http(port)
        }
    }

    @Test func `leaves every request to the other`() async throws {
        let glance = try TestGlance()
        let front = try Self.front(before: glance)
        let id = try glance.hasActiveImage("hello")
        for worker in glance.site.workerIDs {
            // So that nginx keeps connections to both.
            _ = try await atOnce(16) { _ in try (0..<5).map { _ in try front.send("GET", "/v2/images/\(id)").status } }
            freeze(worker)
            defer { thaw(worker) }
            let read = try await atOnce(24) { number in
                let began = Date()
                let (method, path) = [("GET", "/\(id)"), ("HEAD", "/\(id)"), ("GET", "/\(id)/file"), ("GET", "")][number % 4]
                return (status: try front.send(method, "/v2/images\(path)").status, seconds: Date().timeIntervalSince(began))
            }
            #expect(read.allSatisfy { $0.status == 200 && $0.seconds < 30 }, "\(read)")
            let created = try front.send(
                "POST", "/v2/images", body: Array(#"{"disk_format": "raw", "container_format": "bare"}"#.utf8))
            let new = try #require(created.json["id"]?.string)
            #expect(try front.upload(bytes(100_000), to: new).status == 204)
            #expect(try front.send("PUT", "/v2/images/\(id)/tags/x").status == 204)
            #expect(try front.send("DELETE", "/v2/images/\(new)").status == 204)
        }
        let after = try await atOnce(16) { _ in try front.send("GET", "/v2/images/\(id)").status }
        #expect(after.allSatisfy { $0 == 200 })
    }

    @Test func `has what it began to read done by the other`() throws {
        let glance = try TestGlance()
        let front = try Self.front(before: glance)
        let id = try glance.hasActiveImage("hello")
        for worker in glance.site.workerIDs {
            let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
            try holder.execute("LOCK TABLES images WRITE")
            let connection = try HTTPConnection(port: front.port)
            try connection.send(front.head("GET", "/v2/images/\(id)"))
            #expect(try eventually { try glance.isWaiting(in: "UNION ALL") })
            freeze(worker)
            defer { thaw(worker) }
            try holder.execute("UNLOCK TABLES")
            #expect(try connection.receive().status == 200)
        }
    }

    /// A reading request that takes long is not repeated again and again.
    @Test func `that is all there is gets a request twice, and the client is told`() throws {
        let glance = try TestGlance(workers: 1)
        let front = try Self.front(before: glance)
        let id = try glance.hasActiveImage("hello")
        #expect(try front.send("GET", "/v2/images/\(id)").status == 200)
        let worker = try #require(glance.site.workerIDs.first)
        freeze(worker)
        let reply = try front.send("GET", "/v2/images/\(id)")
        thaw(worker)
        #expect(reply.status == 504)
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(try eventually { try front.send("GET", "/v2/images/\(id)").status == 200 })
    }
}
