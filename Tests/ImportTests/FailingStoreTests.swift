import Foundation
import TestSupport
import Testing

/// Imports into several stores, some of which cannot be written to: `all_stores_must_succeed`.
@Suite(.serialized, .sharesServices) struct `An import into stores in trouble` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, Source.allowed, stores: Self.stores, runsTasks: true)
        for store in Self.stores { try work(store) }
    }

    private static let stores = ["near", "far", "third"]
    private static let all = ["far", "near", "third"]

    /// No upload can begin in a store whose folder for incoming files is a file.
    private func spoil(_ store: String) throws {
        let path = "\(glance.folder)/\(store)/.incoming"
        try Data().write(to: URL(filePath: "\(path).none"))
        // The service creates the folder again as soon as it is missing.
        let isSpoilt = eventually {
            try? FileManager.default.removeItem(atPath: path)
            return rename("\(path).none", path) == 0
        }
        guard isSpoilt else { throw Unexpected("\(path) stays a folder") }
    }

    private func work(_ store: String) throws {
        let path = "\(glance.folder)/\(store)/.incoming"
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
            try FileManager.default.removeItem(atPath: path)
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private func stores(of id: String) throws -> [String] {
        (try glance.image(id)["stores"]?.string ?? "").split(separator: ",").map(String.init).sorted()
    }

    @Test(arguments: ["", #", "all_stores_must_succeed": true"#]) func `fails as a whole when all must succeed`(_ rest: String) throws {
        try spoil("far")
        let id = try glance.hasStagedImage(Array("hello".utf8))
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true\#(rest)}"#, on: id)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string != "")
        // The folder of the broken store cannot be listed.
        try glance.expectNothing(of: id, in: ["near", "third"])
        #expect(try glance.image(id)["os_glance_failed_import"]?.string?.contains("far") == true)
        #expect(task["message"]?.string?.contains(glance.folder) == false)
        try work("far")
        #expect(try glance.stage(Array("hello".utf8), for: id).status == 204)
        let second = try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        #expect(try stores(of: id) == Self.all)
        #expect(try glance.image(id)["os_glance_failed_import"]?.string ?? "" == "")
    }

    @Test(arguments: ["far", "near", "third"]) func `brings them to the others when not all must succeed`(_ bad: String) throws {
        try spoil(bad)
        let sample = try Sample(700_000)
        let source = try Source(sample.bytes)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "all_stores": true, "all_stores_must_succeed": false"#)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        let good = Self.all.filter { $0 != bad }
        try glance.expect(sample, in: id, stores: good)
        #expect(try stores(of: id) == good)
        let image = try glance.image(id)
        #expect(image["os_glance_failed_import"]?.string == bad)
        #expect(image["os_glance_importing_to_stores"]?.string ?? "" == "")
    }

    @Test func `that all fail leaves nothing`() throws {
        for store in ["far", "third"] { try spoil(store) }
        let id = try glance.hasStagedImage(Array("hello".utf8))
        try glance.orders(
            #"{"method": {"name": "glance-direct"}, "stores": ["far", "third"], "all_stores_must_succeed": false}"#, on: id)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        try glance.expectNothing(of: id, in: ["near"])
        #expect(try glance.image(id)["os_glance_failed_import"]?.string == "far,third")
    }

    @Test func `leaves an image that is copied as it was`() throws {
        try spoil("far")
        let sample = try Sample(700_000)
        let id = try glance.hasImage()
        #expect(try glance.upload(sample.bytes, to: id).status == 204)
        try glance.orders(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: id, as: .admin)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        try glance.expect(sample, in: id, stores: ["near"])
        #expect(try stores(of: id) == ["near"])
        #expect(try !glance.files(of: "third").contains { $0.hasPrefix(id) })
        let image = try glance.image(id)
        #expect(image["os_glance_failed_import"]?.string?.contains("far") == true)
        #expect(image["os_glance_importing_to_stores"]?.string ?? "" == "")

        let body = #"{"method": {"name": "copy-image"}, "all_stores": true, "all_stores_must_succeed": false}"#
        let second = try glance.orders(body, on: id, as: .admin)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        #expect(try stores(of: id) == ["near", "third"])
        #expect(try glance.image(id)["os_glance_failed_import"]?.string == "far")
        try work("far")
        let third = try glance.orders(body, on: id, as: .admin)
        #expect(try glance.ended(on: id, of: third)["status"]?.string == "success")
        try glance.expect(sample, in: id, stores: Self.stores)
        #expect(try glance.image(id)["os_glance_failed_import"]?.string ?? "" == "")
    }

    /// A store that is full half-way; mounting one takes root, which CI is.
    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"), arguments: [true, false])
    func `of which one becomes full on the way`(_ mustAll: Bool) throws {
        let glance = try TestGlance(Source.allowed, workers: 1, stores: ["near", "small"], runsTasks: true)
        let folder = "\(glance.folder)/small"
        #expect(eventually { FileManager.default.fileExists(atPath: "\(folder)/.incoming") })
        try Command("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]).succeeded()
        defer { _ = try? Command("/usr/bin/umount", ["-l", folder]) }
        try FileManager.default.createDirectory(atPath: "\(folder)/.incoming", withIntermediateDirectories: true)
        let sample = try Sample(4_000_000)
        // The length is not known before.
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for start in stride(from: 0, to: sample.bytes.count, by: 50_000) {
                let piece = sample.bytes[start..<min(start + 50_000, sample.bytes.count)]
                guard connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)) else { return }
            }
            connection.send("0\r\n\r\n")
        }
        let id = try glance.hasImage()
        try glance.downloads(server.url(), to: id, #", "all_stores": true, "all_stores_must_succeed": \#(mustAll)"#)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == (mustAll ? "failure" : "success"))
        #expect(try glance.files(of: "small").isEmpty)
        if mustAll {
            try glance.expectNothing(of: id, in: ["near"])
        } else {
            try glance.expect(sample, in: id, stores: ["near"])
            #expect(try glance.image(id)["os_glance_failed_import"]?.string == "small")
        }
    }
}
