import Foundation
import Stack
import TestSupport
import Testing

/// Every connection to the database falls silent at once, as after a failover or in a firewall that dropped its state; new connections
/// work.
@Suite(.serialized) struct `While all connections to the database are silent` {
    let proxy: SilentProxy
    let glance: TestGlance

    init() throws {
        proxy = try SilentProxy(to: SharedMariaDB.running())
        glance = try TestGlance(workers: 1, runsTasks: true, proxy: proxy)
    }

    /// Ten seconds, and some more for a busy machine. Without limits it was a minute.
    private static let soon = 40.0

    @Test func `requests are answered within seconds`() async throws {
        defer { proxy.end() }
        let image = try glance.hasActiveImage("hello", name: "before")
        let paths = ["/v2/images/\(image)", "/v2/images/\(image)/file", "/v2/images", "/v2/images/\(image)/members"]
        // As many connections as threads.
        _ = try await atOnce(12) { try glance.send("GET", paths[$0 % paths.count]) }
        proxy.silence()
        let answers = try await atOnce(12) { number in
            let began = Date()
            let reply = try glance.send("GET", paths[number % paths.count])
            return (status: reply.status, seconds: Date().timeIntervalSince(began))
        }
        for answer in answers { #expect(answer.status == 200 && answer.seconds < Self.soon, "\(answer)") }

        // A change too: it is retried, because COMMIT had not been sent.
        proxy.silence()
        let began = Date()
        #expect(try glance.patch(image, #"[{"op": "replace", "path": "/name", "value": "after"}]"#).status == 200)
        #expect(Date().timeIntervalSince(began) < Self.soon)
        #expect(try glance.image(image)["name"]?.string == "after")
    }

    @Test func `uploads under way end well`() throws {
        defer { proxy.end() }
        let data = [UInt8](repeating: 7, count: 600_000)
        let images = try (0..<3).map { _ in try glance.hasImage() }
        let uploads = try images.map { image in
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(
                glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: data.count))
            try connection.send(Array(data.dropLast()))
            return connection
        }
        #expect(try eventually { try images.allSatisfy { try glance.status(of: $0) == "saving" } })
        proxy.silence()
        // After the end of every lease that was not renewed meanwhile: the sweeper of `glance-tasks` runs every ten seconds.
        let leases = "SELECT CAST(SUM(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), lease_until)) AS CHAR) FROM vitrine_uploads"
        let silentFor = Date().addingTimeInterval(45)
        while Date() < silentFor {
            #expect(try glance.rows(leases)[0][0] != nil)
            usleep(1_000_000)
        }
        for upload in uploads { try upload.send([data.last!]) }
        for upload in uploads { #expect(try upload.receive().status == 204) }
        for image in images {
            #expect(try glance.status(of: image) == "active")
            #expect(try glance.send("GET", "/v2/images/\(image)/file").body.isSame(as: data))
        }
    }

    /// The database falls silent just before the record is written.
    @Test func `an upload that ends then is recorded`() throws {
        defer { proxy.end() }
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 5))
        try connection.send("hell")
        #expect(try eventually { try glance.status(of: image) == "saving" })
        proxy.silence()
        try connection.send("o")
        #expect(try connection.receive().status == 204)
        #expect(try glance.send("GET", "/v2/images/\(image)/file").text == "hello")
    }
}
