import Foundation
import Stack
import TestSupport
import Testing
import Threading

/// A dependency that does not answer occupies its share of the threads, and the others serve requests that do not need it.
@Suite(.serialized) struct `While one part is silent` {
    /// Seconds. Without a share, answers took as long as the time limit of the dependency, 30.
    private static let soon = 20.0

    @Test func `the registry, V2 answers at once`() throws {
        let glance = try TestGlance(workers: 1, runsRegistry: true)
        let image = try glance.hasActiveImage("hello", name: "seen")
        #expect(try glance.send("GET", "/v1/images/\(image)").status == 200)
        let registries = glance.site.registryIDs
        for id in registries { kill(id, SIGSTOP) }
        defer { for id in registries { kill(id, SIGCONT) } }
        let clients = try (0..<60).map { number in
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(glance.head(number % 2 == 0 ? "GET" : "HEAD", "/v1/images/\(image)", .alice))
            return connection
        }
        try expectQuick(glance, "/v2/images/\(image)")
        // All but its share are refused without waiting.
        let refused = try glance.send("GET", "/v1/images/\(image)")
        #expect(refused.status == 503 && refused["Retry-After"] == "1" && refused.text.contains("too slow"))
        // Data threads are those of uploads: V2's find one.
        #expect(try glance.upload([1, 2], to: try glance.hasImage()).status == 204)
        for id in registries { kill(id, SIGCONT) }
        for client in clients { client.hangUp() }
        #expect(try eventually { try glance.send("GET", "/v1/images/\(image)").status == 200 })
    }

    @Test func `a store, what needs it not is answered at once`() throws {
        let gate = Monitor(true)
        let far = try RawServer { connection, _ in
            guard connection.readHead() != nil else { return }
            gate.wait { $0 ? nil : () }
        }
        defer { gate.with { $0 = false } }
        let glance = try TestGlance(
            [
                "glance_store": "stores = file,http", "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
            ], workers: 1)
        let (image, near) = (try glance.hasActiveImage("hello", name: "far"), try glance.hasActiveImage("hello", name: "near"))
        try glance.execute("UPDATE image_locations SET value = '\(far.url("/disk.raw"))' WHERE image_id = '\(image)'")
        let clients = try (0..<24).map { _ in
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(glance.head("GET", "/v2/images/\(image)/file", .alice))
            return connection
        }
        #expect(eventually { far.heads.count >= 1 })
        try expectQuick(glance, "/v2/images/\(near)")
        try expectQuick(glance, "/v2/images/\(near)/file")
        let refused = try glance.send("GET", "/v2/images/\(image)/file")
        #expect(refused.status == 503 && refused["Retry-After"] == "1")
        #expect(try glance.upload([1, 2], to: try glance.hasImage()).status == 204)
        for client in clients { client.hangUp() }
    }

    private func expectQuick(_ glance: TestGlance, _ path: String) throws {
        for _ in 0..<10 {
            let began = Date()
            #expect(try glance.send("GET", path).status == 200)
            #expect(Date().timeIntervalSince(began) < Self.soon)
        }
    }
}
