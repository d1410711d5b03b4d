import Foundation
import Stack
import TestSupport
import Testing

@Suite(.serialized) struct `While the database is away an image` {
    let server: PrivateMariaDB
    let glance: TestGlance

    init() throws {
        server = try .fresh("mariadb-\(UInt32.random(in: 0...UInt32.max))")
        glance = try TestGlance(Source.allowed, stores: ["near", "far"], runsTasks: true, server: server)
    }

    private func comeBack() throws {
        try server.start()
        try server.waitUntilReady()
    }

    /// Whether a store has bytes of an imported image. The file is created before the record allows the data; the bytes are written after
    /// that, once there is more than a MiB (`StreamTee`).
    private func isComing(_ id: String, to store: String) -> Bool {
        let folder = URL(filePath: "\(glance.folder)/\(store)/.incoming")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.contains { $0.lastPathComponent.hasPrefix("\(id).") && (try? Data(contentsOf: $0).isEmpty) == false }
    }

    @Test func `whose import ends waits for it`() throws {
        let sample = try Sample(2_000_000)
        let source = try Source(sample.bytes, holdingAfter: 1_200_000)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "all_stores": true"#)
        #expect(eventually { isComing(id, to: "far") })
        server.kill()
        source.release()
        // The files get their names before the record is written.
        for store in ["near", "far"] { #expect(try eventually { try glance.files(of: store).contains(id) }, "\(store)") }
        try comeBack()
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["checksum"]?.string == sample.md5)
        #expect(image["stores"]?.string?.split(separator: ",").count == 2)
        // The import was done once, by the process that began it.
        #expect(source.heads.count == 1)
        for store in ["near", "far"] {
            #expect(FileManager.default.contents(atPath: "\(glance.folder)/\(store)/\(id)") == Data(sample.bytes), "\(store)")
        }
        server.stop()
    }

    @Test func `that is refused meanwhile keeps nothing when it is back`() throws {
        let source = try Source([UInt8](repeating: 1, count: 2_000_000), holdingAfter: 1_200_000)
        let id = try glance.hasImage()
        let zeros = String(repeating: "0", count: 32)
        try glance.downloads(source.url, to: id, #", "validation_data": {"os_hash_algo": "md5", "os_hash_value": "\#(zeros)"}"#)
        #expect(eventually { isComing(id, to: "near") })
        server.kill()
        source.release()
        #expect(try eventually { try glance.files(of: "near").isEmpty })
        try comeBack()
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        #expect(try glance.status(of: id) == "queued")
        #expect(try glance.image(id)["os_glance_import_task"] == nil)
        server.stop()
    }

    @Test func `whose data are staged waits for it`() throws {
        let id = try glance.hasImage()
        let data = [UInt8](repeating: 9, count: 3_000_000)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(id)/stage", .alice, ["Content-Type": "application/octet-stream"], length: data.count))
        try connection.send(Array(data.dropLast()))
        // Bytes are written after the worker knows that it has the image; the record shows so a moment before.
        #expect(
            try eventually {
                let files = try glance.stagedFiles().map { "\(glance.folder)/staging/.incoming/\($0)" }
                return files.contains { FileManager.default.contents(atPath: $0)?.isEmpty == false }
            })
        server.kill()
        try connection.send([data.last!])
        #expect(try eventually { try glance.stagedFiles().contains(id) })
        try comeBack()
        #expect(try connection.receive().status == 204)
        #expect(try glance.image(id)["size"]?.int == 3_000_000)
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        server.stop()
    }
}
