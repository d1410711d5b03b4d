import Foundation
import TestSupport
import Testing

/// Many requests at once against one limit.
@Suite(.serialized) struct `A project's storage` {
    private static let piece = 100_000

    private func glance(_ options: String = "", runsRegistry: Bool = false, runsTasks: Bool = false) throws -> TestGlance {
        try TestGlance(
            [
                "DEFAULT": "user_storage_quota = \(5 * Self.piece + 10)\n\(options)",
                "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports =",
            ], runsTasks: runsTasks, runsRegistry: runsRegistry)
    }

    private func expectFive(_ statuses: [Int], on glance: TestGlance, success: Int) throws {
        #expect(statuses.count { $0 == success } == 5)
        #expect(statuses.count { $0 == 413 } == statuses.count - 5)
        #expect(try glance.rows("SELECT CAST(SUM(size) AS CHAR) FROM images WHERE status = 'active'") == [["\(5 * Self.piece)"]])
        #expect(try glance.rows("SELECT token FROM vitrine_uploads").isEmpty)
        #expect(try glance.storedFiles().count == 5)
        #expect(try glance.incomingFiles().isEmpty)
    }

    enum Framing: CaseIterable, Sendable { case length, chunks, both }

    @Test(arguments: Framing.allCases) func `is never passed by uploads at once`(_ framing: Framing) async throws {
        let glance = try glance()
        let data = [UInt8](repeating: 5, count: Self.piece)
        let images = try (0..<12).map { _ in try glance.hasImage() }
        let statuses = try await atOnce(12) { number in
            framing == .length || framing == .both && number % 2 == 0
                ? try glance.upload(data, to: images[number]).status : try glance.uploadChunked(data, to: images[number]).status
        }
        #expect(try statuses.contains(204) && images.allSatisfy { ["active", "queued"].contains(try glance.status(of: $0)) })
        if framing != .both { try expectFive(statuses, on: glance, success: 204) }
        // The space reserved for an upload with a length may keep out one without: fewer may fit then, never more.
        #expect(statuses.count { $0 == 204 } <= 5)
        #expect(try glance.incomingFiles().isEmpty)
    }

    /// Its bytes are known by sums that are kept; see `Persistence/ProjectSums.swift`.
    @Test(arguments: Framing.allCases) func `is never passed by uploads to a project of many images`(_ framing: Framing) async throws {
        let glance = try glance()
        try glance.execute(
            """
            INSERT INTO images (id, status, created_at, updated_at, deleted, min_disk, min_ram, visibility, owner, size)
            SELECT CONCAT('i-', seq), 'active', '2020-01-01', '2020-01-01', 0, 0, 0, 'private', 'acme', 0 FROM seq_1_to_1500
            """)
        let data = [UInt8](repeating: 5, count: Self.piece)
        let images = try (0..<12).map { _ in try glance.hasImage() }
        let statuses = try await atOnce(12) { number in
            framing == .length || framing == .both && number % 2 == 0
                ? try glance.upload(data, to: images[number]).status : try glance.uploadChunked(data, to: images[number]).status
        }
        #expect(try glance.rows("SELECT CAST(images AS CHAR) FROM vitrine_project_sums") == [["1500"]])
        if framing != .both { try expectFive(statuses, on: glance, success: 204) }
        #expect(statuses.count { $0 == 204 } <= 5)
        // An upload is free again at once when it is deleted.
        let done = try #require(zip(images, statuses).first { $0.1 == 204 }?.0)
        #expect(try glance.send("DELETE", "/v2/images/\(done)").status == 204)
        #expect(try glance.upload(data, to: try glance.hasImage()).status == 204)
    }

    @Test func `is never passed by uploads of V1 and V2 at once`() async throws {
        let glance = try glance(runsRegistry: true)
        let data = [UInt8](repeating: 5, count: Self.piece)
        let images = try (0..<6).map { _ in try glance.hasImage() }
        let statuses = try await atOnce(12) { number in
            guard number % 2 == 0 else { return try glance.upload(data, to: images[number / 2]).status }
            let status = try glance.send("POST", "/v1/images", v1Headers, body: data).status
            return status == 201 ? 204 : status
        }
        try expectFive(statuses, on: glance, success: 204)
    }

    @Test func `is never passed by locations at once`() async throws {
        let glance = try glance(runsRegistry: true)
        let source = try RawServer { connection, _ in
            guard connection.readHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.piece)\r\nConnection: close\r\n\r\n")
        }
        let headers = [
            "x-image-meta-disk-format": "raw", "x-image-meta-container-format": "bare", "x-image-meta-location": source.url("/a"),
        ]
        let statuses = try await atOnce(12) { _ in try glance.send("POST", "/v1/images", headers).status }
        #expect(statuses.count { $0 == 201 } == 5 && statuses.count { $0 == 413 } == 7)
        #expect(try glance.rows("SELECT id FROM images").count == 5)
    }

    @Test func `is never exceeded by copies, and one that does not fit is killed`() async throws {
        let glance = try glance(runsRegistry: true, runsTasks: true)
        let data = [UInt8](repeating: 5, count: Self.piece)
        let source = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(data.count)\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send(data) }
        }
        let statuses = try await atOnce(8) { _ in
            try glance.send("POST", "/v1/images", ["x-glance-api-copy-from": source.url("/a")]).status
        }
        let ordered = statuses.count { $0 == 201 }
        #expect(ordered >= 5 && ordered + statuses.count { $0 == 413 } == 8)
        #expect(try eventually { try glance.rows("SELECT image_id FROM vitrine_copies").isEmpty })
        let ends = try glance.rows("SELECT status FROM images").map { $0[0] }
        #expect(ends.count { $0 == "active" } == 5 && ends.count { $0 == "killed" } == ordered - 5)
        #expect(try glance.storedFiles().count == 5)
        #expect(try glance.incomingFiles().isEmpty)
        // The project is known to be full, so no copy is ordered.
        let reply = try glance.send("POST", "/v1/images", ["x-glance-api-copy-from": source.url("/a")])
        #expect(reply.status == 413)
        #expect(try glance.rows("SELECT id FROM images").count == ordered)
    }

    @Test func `is free again when a worker died with an upload`() throws {
        let glance = try glance(runsTasks: true)
        let (one, two) = (try glance.hasImage(), try glance.hasImage())
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(one)/file", .alice, ["Content-Type": "application/octet-stream"], length: 5 * Self.piece))
        try connection.send([UInt8](repeating: 1, count: 1000))
        #expect(try eventually { try glance.status(of: one) == "saving" })
        let data = [UInt8](repeating: 5, count: Self.piece)
        #expect(try glance.upload(data, to: two).status == 413)
        for id in glance.site.workerIDs { kill(id, SIGKILL) }
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try glance.site.revive()
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6)")
        #expect(try eventually { try glance.status(of: one) == "queued" })
        #expect(try glance.upload(data, to: two).status == 204)
    }
}
