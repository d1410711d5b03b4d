import Foundation
import TestSupport
import Testing

/// One of two registries is frozen; nginx in front of them waits twelve seconds for reading requests.
@Suite struct `A registry that is frozen` {
    @Test func `leaves every request of V1 to the other`() async throws {
        // So many threads that half of them, which may wait for the registry, are more than the requests at once.
        let glance = try TestGlance(["vitrine": "metadata_threads = 20\ndata_threads = 20"], runsRegistry: true)
        let id = try glance.hasImage()
        for registry in glance.site.registryIDs {
            // So that nginx keeps connections to both.
            _ = try await atOnce(8) { _ in try (0..<5).map { _ in try glance.send("HEAD", "/v1/images/\(id)").status } }
            freeze(registry)
            defer { thaw(registry) }
            let read = try await atOnce(8) { number in
                try number % 2 == 0 ? glance.send("HEAD", "/v1/images/\(id)").status : glance.send("GET", "/v1/images").status
            }
            #expect(read.allSatisfy { $0 == 200 }, "\(read)")
            #expect(try glance.send("PUT", "/v1/images/\(id)", ["x-image-meta-name": "renamed"]).status == 200)
        }
    }
}
