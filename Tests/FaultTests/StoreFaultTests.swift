import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct `A store in trouble` {
    /// A file system of eight megabytes; mounting one takes root, which CI is.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `that is full refuses with 413 and keeps nothing`() throws {
        let disk = "\(TestFolder.root)/small-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        try Command("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]).succeeded()
        defer { _ = try? Command("umount", ["-l", disk]) }
        let glance = try TestGlance(storeFolder: "\(disk)/images")
        let image = try glance.hasImage()
        let data = [UInt8](repeating: 1, count: 9_000_000)

        // Known to be too large before the first byte, and noticed during the upload.
        #expect(try glance.upload(data, to: image).status == 413)
        #expect(try glance.status(of: image) == "queued")
        #expect(try glance.uploadChunked(data, to: image).status == 413)
        #expect(try glance.status(of: image) == "queued")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(disk)/images/.incoming").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(disk)/images").sorted() == [".incoming", ".vitrine-store"])
        #expect(try glance.upload(Array(data[..<4_000_000]), to: image).status == 204)
    }

    @Test func `that lost a file answers 204, and says so in the log`() throws {
        let glance = try TestGlance()
        let image = try glance.hasActiveImage()
        try FileManager.default.removeItem(atPath: "\(glance.storeFolder)/\(image)")
        #expect(try glance.send("GET", "/v2/images/\(image)/file").status == 204)
        #expect(try glance.workerLog().contains("image \(image) cannot be had from one of its locations"))
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
    }

    @Test func `is swept of what dead workers left`() throws {
        let glance = try TestGlance(runsTasks: true)
        let image = try glance.hasActiveImage()
        // A deletion whose worker died between the record and the bytes.
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1, deleted_at = UTC_TIMESTAMP() WHERE id = '\(image)'")
        try glance.execute(
            "INSERT INTO vitrine_removals (image_id, url, owed_since) VALUES ('\(image)', 'file://\(glance.storeFolder)/\(image)', UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE)"
        )
        // Bytes of an upload that ended before its record was written.
        let stray = "\(glance.storeFolder)/.incoming/\(UUID().uuidString.lowercased()).0123456789abcdef"
        _ = FileManager.default.createFile(atPath: stray, contents: Data("stray".utf8))
        try FileManager.default.setAttributes([.modificationDate: Date().addingTimeInterval(-3600)], ofItemAtPath: stray)
        let fresh = "\(glance.storeFolder)/.incoming/\(UUID().uuidString.lowercased()).fedcba9876543210"
        _ = FileManager.default.createFile(atPath: fresh, contents: Data("fresh".utf8))

        #expect(try eventually { try glance.storedFiles().isEmpty })
        #expect(try eventually { try glance.rows("SELECT COUNT(*) FROM vitrine_removals") == [["0"]] })
        #expect(eventually { !FileManager.default.fileExists(atPath: stray) })
        #expect(FileManager.default.fileExists(atPath: fresh))
    }

    @Test func `never leads outside of its folder`() throws {
        let glance = try TestGlance(["vitrine": "readable_folders ="])
        let secret = "\(glance.folder)/secret"
        _ = FileManager.default.createFile(atPath: secret, contents: Data("secret".utf8))
        for url in [
            "file:///etc/passwd", "file://\(secret)", "file://\(glance.storeFolder)/../secret",
        ] {
            let image = try glance.hasActiveImage()
            try glance.execute("UPDATE image_locations SET value = '\(url)' WHERE image_id = '\(image)'")
            let reply = try glance.send("GET", "/v2/images/\(image)/file")
            #expect(reply.status == 503, "\(url)")
            #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 409)
        }
        #expect(FileManager.default.fileExists(atPath: secret))
        let image = try glance.hasActiveImage()
        for path in ["/_blobs/file/\(image)", "/_blobs/file/../secret", "/_blobs/file../secret", "//_blobs/file/\(image)"] {
            #expect(try glance.send("GET", path).status != 200, "\(path)")
        }
    }
}
