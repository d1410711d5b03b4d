import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `A worker that ends` {
    @Test func `in mid-upload gives the image back within a minute`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true)
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 1 << 30))
        try connection.send([UInt8](repeating: 1, count: 1_000_000))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(image) } })
        #expect(try eventually { try glance.status(of: image) == "saving" })
        kill(glance.site.workerIDs[0], SIGKILL)
        #expect(try connection.receive().status == 502)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()

        // Another upload now would mix with the first, so it has to wait.
        #expect(try glance.upload([1], to: image).status == 409)
        #expect(try eventually { try glance.status(of: image) == "queued" })
        #expect(try glance.incomingFiles().isEmpty)
        #expect(try glance.storedFiles().isEmpty)
        #expect(try glance.upload([1, 2], to: image).status == 204)
    }

    @Test func `is not seen by the requests of another`() async throws {
        let glance = try TestGlance()
        let image = try glance.hasImage()
        let statuses = await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(
                                returning: (0..<150).map { _ in (try? glance.send("GET", "/v2/images/\(image)").status) ?? 0 })
                        }
                    }
                }
            }
            let victim = glance.site.workerIDs[0]
            kill(victim, SIGKILL)
            _ = eventually { glance.site.workerIDs.count == 1 }
            try? glance.site.revive()
            var all: [Int] = []
            for await some in group { all += some }
            return all
        }
        // Requests that the dead worker was handling, at most one a thread, may be lost.
        #expect(statuses.count { $0 == 200 } >= statuses.count - 4)
        #expect(statuses.allSatisfy { $0 == 200 || $0 == 502 })
        #expect(glance.site.workerIDs.count == 2)
    }

    @Test func `on SIGTERM finishes its upload and takes nothing new`() throws {
        let glance = try TestGlance(workers: 1)
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let data = [UInt8](repeating: 5, count: 700_000)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: data.count))
        // Less than a buffer, so that the upload has no threads yet.
        try connection.send(Array(data[..<100_000]))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        let old = glance.site.workerIDs[0]
        kill(old, SIGTERM)
        // Its threads check twice a second. When only the main thread, the upload's and the one that renews leases are left, a request
        // waits in the socket's queue for the next worker.
        #expect(eventually { threads(of: old) <= 3 })
        let later = try HTTPConnection(port: glance.port)
        try later.send(glance.head("GET", "/v2/images/\(image)", .alice))
        try connection.send(Array(data[100_000...]))
        #expect(try connection.receive().status == 204)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        let reply = try later.receive()
        #expect(reply.status == 200)
        #expect(reply.json["status"]?.string == "active")
    }

    /// nginx does not send the request to another worker, which might do it a second time.
    @Test func `within a deletion leaves it at that`() throws {
        let glance = try TestGlance()
        let image = try glance.hasImage()
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        try holder.execute("START TRANSACTION")
        try holder.execute("SELECT id FROM images WHERE id = '\(image)' FOR UPDATE")
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("DELETE", "/v2/images/\(image)", .alice))
        #expect(try eventually { try glance.isWaiting(in: "FOR UPDATE") })
        for worker in glance.site.workerIDs { kill(worker, SIGKILL) }
        #expect(try connection.receive().status == 502)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        try holder.execute("COMMIT")
        #expect(try glance.status(of: image) == "queued")
    }

    @Test func `within a reading request is not seen at all`() throws {
        let glance = try TestGlance(workers: 1)
        let image = try glance.hasImage()
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        try holder.execute("LOCK TABLES images WRITE")
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("GET", "/v2/images/\(image)", .alice))
        #expect(try eventually { try glance.isWaiting(in: "UNION ALL") })
        kill(glance.site.workerIDs[0], SIGKILL)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        try holder.execute("UNLOCK TABLES")
        #expect(try connection.receive().status == 200)
    }

    /// Kept connections occupy threads, and here there are more connections than threads.
    @Test func `of few threads still answers many clients`() async throws {
        let glance = try TestGlance(["vitrine": "metadata_threads = 2"], workers: 1)
        let image = try glance.hasImage()
        let statuses = await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<32 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(
                                returning: (0..<10).map { number in
                                    let method = number % 3 == 0 ? "PUT" : "GET"
                                    let path = method == "PUT" ? "/v2/images/\(image)/tags/x" : "/v2/images/\(image)"
                                    return (try? glance.send(method, path).status) ?? 0
                                })
                        }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(statuses.count { $0 == 200 } == 32 * 6)
        #expect(statuses.count { $0 == 204 } == 32 * 4)
    }

    private func threads(of process: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task"))?.count ?? .max
    }
}
