import Foundation
import TestSupport
import Testing

/// Data that no longer match the image's record are never copied.
@Suite(.serialized, .sharesServices) struct `A damaged source` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Self.options, stores: Self.stores, runsTasks: true) }

    private static let stores = ["near", "far", "third"]
    /// In memory, so that nothing goes there as a whole file: a copy is a stream.
    private static let distant = "/dev/shm/vitrine-\(UInt64.random(in: 0 ... .max))"
    private static let options = Source.allowed.merging(["third": "filesystem_store_datadir = \(distant)"]) { $1 }

    /// An active image whose file is as long as it was, and another.
    private func hasDamagedImage(_ sample: Sample) throws -> String {
        let id = try glance.hasImage()
        guard try glance.upload(sample.bytes, to: id).status == 204 else { throw Unexpected("no upload") }
        let file = try FileHandle(forWritingTo: URL(filePath: "\(glance.folder)/near/\(id)"))
        try file.seek(toOffset: UInt64(sample.bytes.count / 2))
        try file.write(contentsOf: [sample.bytes[sample.bytes.count / 2] ^ 1])
        try file.close()
        return id
    }

    private func expectNoCopy(of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try glance.status(of: id) == "active", sourceLocation: sourceLocation)
        #expect(try glance.image(id)["stores"]?.string == "near", sourceLocation: sourceLocation)
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 0") == 1, sourceLocation: sourceLocation)
        #expect(try glance.count("vitrine_jobs", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(try !glance.files(of: "far").contains { $0.hasPrefix(id) }, sourceLocation: sourceLocation)
        for folder in [Self.distant, "\(Self.distant)/.incoming"] {
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!files.contains { $0.hasPrefix(id) }, "\(folder)", sourceLocation: sourceLocation)
        }
    }

    private static let orders = [
        #""stores": ["far"]"#, #""stores": ["third"]"#, #""all_stores": true"#, #""all_stores": true, "all_stores_must_succeed": false"#,
    ]

    @Test(arguments: orders) func `is copied nowhere, and named`(_ stores: String) throws {
        let sample = try Sample(700_000)
        let id = try hasDamagedImage(sample)
        try glance.orders(#"{"method": {"name": "copy-image"}, \#(stores)}"#, on: id, as: .admin)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure")
        let message = task["message"]?.string ?? ""
        #expect(message.hasPrefix("The sha512 of the image's data in store 'near' is "), "\(message)")
        #expect(message.hasSuffix(" instead of \(sample.sha512)."))
        #expect(!message.contains("/"))
        try expectNoCopy(of: id)
    }

    /// The record of an image from before Glance had a second digest.
    @Test(arguments: orders.prefix(2)) func `is known by its MD5 alone`(_ stores: String) throws {
        let sample = try Sample(700_000)
        let id = try hasDamagedImage(sample)
        try glance.execute("UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE id = '\(id)'")
        try glance.orders(#"{"method": {"name": "copy-image"}, \#(stores)}"#, on: id, as: .admin)
        let task = try glance.ended(on: id)
        #expect(task["message"]?.string?.hasPrefix("The md5 of the image's data in store 'near' is ") == true, "\(task)")
        try expectNoCopy(of: id)
    }

    @Test func `is none where the data are right, whatever way they go`() throws {
        let sample = try Sample(700_000)
        let id = try glance.hasImage()
        #expect(try glance.upload(sample.bytes, to: id).status == 204)
        try glance.orders(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: id, as: .admin)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["near", "far"])
        #expect(FileManager.default.contents(atPath: "\(Self.distant)/\(id)") == Data(sample.bytes))
    }

    // MARK: fewer bytes, or more

    @Test(arguments: [
        (4, "4 of 10 staged bytes are there."), (14, "14 of 10 staged bytes are there."), (0, "0 of 10 staged bytes are there."),
    ])
    func `of staged bytes is not imported`(_ size: UInt64, _ message: String) throws {
        let id = try glance.hasStagedImage(Array("0123456789".utf8))
        let file = try FileHandle(forWritingTo: URL(filePath: "\(glance.folder)/staging/\(id)"))
        try file.truncate(atOffset: size)
        try file.close()
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure")
        #expect(task["message"]?.string == message)
        try glance.expectNothing(of: id, in: ["near", "far"])
    }

    @Test func `of the web that sends fewer bytes than it tells is not imported`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123")
        }
        let id = try glance.hasImage()
        try glance.downloads(server.url(), to: id)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        try glance.expectNothing(of: id, in: ["near", "far"])
    }

    // MARK: names of files

    /// A file's name is the id in the record, however a client writes it.
    @Test func `is none where an id is written in another case`() throws {
        let sample = try Sample(10)
        let id = try glance.hasImage()
        #expect(try glance.stage(sample.bytes, for: id.uppercased()).status == 204)
        #expect(try glance.stagedFiles().contains(id))
        try glance.orders(#"{"method": {"name": "glance-direct"}}"#, on: id.uppercased())
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: ["near"])
        let other = try glance.hasStagedImage(sample.bytes)
        #expect(try glance.send("DELETE", "/v2/images/\(other.uppercased())").status == 204)
        #expect(try !glance.stagedFiles().contains(other))
    }
}
