import Foundation
import TestSupport
import Testing

/// A worker is stopped, and continues when its upload belongs to another worker.
@Suite(.serialized, .sharesServices) struct `A worker that was frozen` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, runsTasks: true) }

    /// The worker that has a file open.
    private func worker(holding name: String) throws -> Int32? {
        glance.site.workerIDs.first { worker in
            let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd")) ?? []
            return open.contains { descriptor in
                let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker)/fd/\(descriptor)")
                return file?.contains(name) == true
            }
        }
    }

    private func recordedStatus(of image: String) throws -> String? {
        try glance.rows("SELECT status FROM images WHERE id = '\(image)'")[0][0]
    }

    @Test(arguments: ["file", "stage"])
    func `finds that its upload is another's, and touches nothing of it`(_ way: String) throws {
        let image = try glance.hasImage()
        let folder = way == "file" ? glance.storeFolder : "\(glance.folder)/staging"
        let path = "/v2/images/\(image)/\(way)"
        let type = ["Content-Type": "application/octet-stream"]
        let late = try HTTPConnection(port: glance.port)
        try late.send(glance.head("PUT", path, .alice, type, length: 700_001))
        try late.send([UInt8](repeating: 1, count: 700_000))
        var found: Int32?
        #expect(
            try eventually {
                found = try worker(holding: "\(folder)/.incoming/\(image).")
                return try found != nil && recordedStatus(of: image) == (way == "file" ? "saving" : "uploading")
            })
        let frozen = try #require(found)
        kill(frozen, SIGSTOP)
        defer { kill(frozen, SIGCONT) }
        // As if the state had lasted for long.
        try glance.execute("UPDATE vitrine_uploads SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE image_id = '\(image)'")
        #expect(try eventually { try recordedStatus(of: image) == "queued" })
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/.incoming").allSatisfy { !$0.hasPrefix(image) })
        let fresh = [UInt8](repeating: 2, count: 500_000)
        #expect(try glance.send("PUT", path, type, body: fresh).status == 204)

        kill(frozen, SIGCONT)
        try? late.send([1])
        #expect(try [409, 410, 503].contains(late.receive().status))
        #expect(FileManager.default.contents(atPath: "\(folder)/\(image)") == Data(fresh))
        #expect(try recordedStatus(of: image) == (way == "file" ? "active" : "uploading"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/.incoming").allSatisfy { !$0.hasPrefix(image) })
        if way == "file" { #expect(try glance.send("GET", path).body.isSame(as: fresh)) }
    }

    /// What Glance leaves when it dies, or after a power cut. It stays, because its owner is not known here.
    @Test func `or died may have left a file under an image's name, which stays as it is`() throws {
        let image = try glance.hasImage()
        let path = "\(glance.storeFolder)/\(image)"
        _ = FileManager.default.createFile(atPath: path, contents: Data("nobody's".utf8))
        #expect(try glance.upload(Array("hello world".utf8), to: image).status == 204)
        #expect(try glance.send("GET", "/v2/images/\(image)/file").text == "hello world")
        let part = try glance.send("GET", "/v2/images/\(image)/file", ["Range": "bytes=6-"])
        #expect(part.status == 206 && part.text == "world")
        #expect(FileManager.default.contents(atPath: path) == Data("nobody's".utf8))
        #expect(try glance.storedFiles().count { $0.hasPrefix(image) } == 2)
        #expect(try glance.send("DELETE", "/v2/images/\(image)").status == 204)
        #expect(try glance.storedFiles().filter { $0.hasPrefix(image) } == [image])
        #expect(try glance.incomingFiles().allSatisfy { !$0.hasPrefix(image) })
    }
}
