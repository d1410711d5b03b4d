import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `A worker without file descriptors` {
    @Test func `refuses at once, says so now and then, and recovers`() throws {
        let glance = try TestGlance(workers: 1)
        let worker = glance.site.workerIDs[0]
        let images = try (0..<40).map { _ in try glance.hasImage() }
        #expect(try glance.upload([1], to: images[0]).status == 204)

        try limitDescriptors(of: worker, more: 0)
        let began = Date()
        for image in images.dropFirst().dropLast() {
            let reply = try glance.upload([1], to: image)
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] != nil)
        }
        // Threads that wait for requests find no descriptor either.
        sleep(2)
        let seconds = Date().timeIntervalSince(began)
        #expect(seconds < 60)
        let said = try glance.workerLog().split(separator: "\n").filter {
            $0.contains("no file descriptor is left") || $0.contains("no request can be taken")
        }
        #expect(!said.isEmpty)
        // At most one line a second.
        #expect(said.count <= Int(seconds) + 2, "\(said.count) lines in \(seconds) s")

        try limitDescriptors(of: worker, more: nil)
        #expect(try glance.upload([1], to: images[39]).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(images[1])").status == 200)
        #expect(try glance.status(of: images[1]) == "queued")
        #expect(glance.site.workerIDs == [worker])
    }

    /// One descriptor is left, which the request itself takes: none is left for the database and the store.
    @Test func `has no way to the database or the store, which is 503`() throws {
        let glance = try TestGlance(workers: 1)
        let worker = glance.site.workerIDs[0]
        let image = try glance.hasImage()
        try limitDescriptors(of: worker, more: 1)
        #expect(try glance.upload([1], to: image).status == 503)
        // Kept connections to the database would be enough.
        try limitDescriptors(of: worker, more: nil)
        let connection = try SharedMariaDB.running().connect(to: glance.databaseName)
        for row in try glance.rows(
            "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = '\(glance.databaseName)' AND id <> CONNECTION_ID()")
        {
            try? connection.execute("KILL \(row[0] ?? "")")
        }
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd").count
        try limitDescriptors(of: worker, more: 1)
        let statuses = try (0..<descriptors).map { _ in try glance.send("PUT", "/v2/images/\(image)/tags/a").status }
        #expect(Set(statuses).isSubset(of: [204, 503]), "\(Set(statuses))")
        try limitDescriptors(of: worker, more: nil)
        #expect(try glance.upload([1], to: image).status == 204)
    }
}
