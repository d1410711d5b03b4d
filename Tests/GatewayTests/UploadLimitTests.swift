import Foundation
import TestSupport
import Testing

/// The shipped site's limit for requests at once from one address.
@Suite(.sharesServices) struct `The limit of uploads from one address` {
    @Test func `is on, refuses by name, and concerns no other requests`() throws {
        let glance = try TestGlance.of(Self.self)
        // The shipped line, with another number.
        let front = try Front(before: glance, changes: ["\n    limit_conn glance_uploads 64;": "\n    limit_conn glance_uploads 2;"]) {
            Front.Way.site.http($0)
        }
        let ids = try (0..<3).map { _ in try glance.hasImage() }
        let slow = try ids[..<2].map { id in
            let connection = try HTTPConnection(port: front.port)
            try connection.send(
                front.head("PUT", "/v2/images/\(id)/file", ["Content-Type": "application/octet-stream"], length: 10))
            return connection
        }
        #expect(try eventually { try ids[..<2].allSatisfy { try glance.status(of: $0) == "saving" } })
        let refused = try front.upload([1, 2, 3], to: ids[2])
        #expect(refused.status == 503)
        #expect(refused["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(try front.send("GET", "/v2/images/\(ids[2])").json["status"]?.string == "queued")
        #expect(try front.send("PUT", "/v2/images/\(ids[2])/tags/x").status == 204)
        for connection in slow {
            try connection.send([UInt8](repeating: 1, count: 10))
            #expect(try connection.receive().status == 204)
        }
        // nginx counts a request until its client has the answer.
        #expect(try eventually { try front.upload([1, 2, 3], to: ids[2]).status == 204 })
    }
}
