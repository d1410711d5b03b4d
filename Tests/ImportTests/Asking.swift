import Foundation
import TestSupport
import Testing
import Threading

/// Requests and checks for the suites of imports.
extension TestGlance {
    func stage(_ data: [UInt8], for id: String, as person: Person = .alice, _ headers: [String: String] = [:]) throws -> Reply {
        try send(
            "PUT", "/v2/images/\(id)/stage", as: person, ["Content-Type": "application/octet-stream"].merging(headers) { $1 }, body: data)
    }

    /// Creates an image with staged data.
    func hasStagedImage(_ data: [UInt8], as person: Person = .alice) throws -> String {
        let id = try hasImage(as: person)
        let reply = try stage(data, for: id, as: person)
        guard reply.status == 204 else { throw Unexpected(reply) }
        return id
    }

    func order(_ body: String, on id: String, as person: Person? = .alice, store: String? = nil) throws -> Reply {
        let headers = ["Content-Type": "application/json"].merging(store.map { ["X-Image-Meta-Store": $0] } ?? [:]) { $1 }
        return try send("POST", "/v2/images/\(id)/import", as: person, headers, body: Array(body.utf8))
    }

    /// Orders an import, and expects that it is accepted.
    ///
    /// - Returns: the request's id, which identifies the task.
    @discardableResult
    func orders(_ body: String, on id: String, as person: Person? = .alice, store: String? = nil) throws -> String {
        let reply = try order(body, on: id, as: person, store: store)
        guard reply.status == 202, reply.body.isEmpty, let request = reply["x-openstack-request-id"] else { throw Unexpected(reply) }
        return request
    }

    @discardableResult
    func downloads(_ url: String, to id: String, _ more: String = "") throws -> String {
        try orders(#"{"method": {"name": "web-download", "uri": "\#(url)"}\#(more)}"#, on: id)
    }

    /// Files in the staging folder, complete or not.
    func stagedFiles() throws -> [String] { try files("staging") + files("staging/.incoming") }

    /// Files in one of several stores, complete or not.
    func files(of store: String) throws -> [String] { try files(store) + files("\(store)/.incoming") }

    /// All files of a folder but the empty marks of removals: one that a killed process left stays for a day.
    private func files(_ name: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: "\(folder)/\(name)") else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").filter { file in
            if file.hasPrefix(".") { return false }
            guard file.hasSuffix(".removing") else { return true }
            let size = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)/\(file)")[.size] as? Int
            return size ?? 0 > 0
        }
    }

    /// The paths of such files in staging and in the `.incoming` of stores.
    func unfinishedFiles(of stores: [String]) throws -> [String] {
        try (["staging", "staging/.incoming"] + stores.map { "\($0)/.incoming" }).flatMap { folder in
            try files(folder).map { "\(self.folder)/\(folder)/\($0)" }
        }
    }

    func count(_ table: String, where condition: String) throws -> Int {
        Int(try rows("SELECT CAST(COUNT(*) AS CHAR) FROM \(table) WHERE \(condition)").first?.first.flatMap { $0 } ?? "") ?? -1
    }

    /// Expects that an image's data are staged, and no process works on it.
    func expectStaged(_ data: [UInt8], of id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let image = try image(id)
        #expect(image["status"]?.string == "uploading", sourceLocation: sourceLocation)
        #expect(image["size"]?.int == Int64(data.count), sourceLocation: sourceLocation)
        #expect(image["os_glance_import_task"] == nil, sourceLocation: sourceLocation)
        #expect((image["os_glance_importing_to_stores"]?.string ?? "") == "", sourceLocation: sourceLocation)
        #expect(try count("vitrine_jobs", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
        #expect(FileManager.default.contents(atPath: "\(folder)/staging/\(id)") == Data(data), sourceLocation: sourceLocation)
    }

    /// Expects that an image is as it was created: queued, without data, and no process works on it. Staged data are removed shortly after
    /// the task's end.
    ///
    /// - Parameter stores: the stores to check.
    func expectNothing(of id: String, in stores: [String] = ["images"], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let image = try image(id)
        #expect(image["status"]?.string == "queued", sourceLocation: sourceLocation)
        for name in ["size", "virtual_size", "checksum", "os_hash_value"] {
            #expect(image[name] == .null, "\(name)", sourceLocation: sourceLocation)
        }
        #expect(image["os_glance_import_task"] == nil, sourceLocation: sourceLocation)
        #expect((image["os_glance_importing_to_stores"]?.string ?? "") == "", sourceLocation: sourceLocation)
        for table in ["vitrine_uploads", "vitrine_jobs"] {
            #expect(try count(table, where: "image_id = '\(id)'") == 0, "\(table)", sourceLocation: sourceLocation)
        }
        #expect(try count("image_locations", where: "image_id = '\(id)' AND deleted = 0") == 0, sourceLocation: sourceLocation)
        #expect(try eventually { try !stagedFiles().contains { $0.hasPrefix(id) } }, sourceLocation: sourceLocation)
        for store in stores { #expect(try !files(of: store).contains { $0.hasPrefix(id) }, "\(store)", sourceLocation: sourceLocation) }
    }
}

/// A web server with one file.
final class Source: Sendable {
    private let server: RawServer
    private let gate = Monitor(false)

    /// - Parameter held: bytes after which it waits for `release`; nil to send all.
    init(_ data: [UInt8], holdingAfter held: Int? = nil) throws {
        let gate = gate
        server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(data.count)\r\nConnection: close\r\n\r\n")
            guard head.hasPrefix("GET") else { return }
            connection.send(Array(data.prefix(held ?? data.count)))
            guard let held else { return }
            gate.wait { $0 ? () : nil }
            connection.send(Array(data[held...]))
        }
    }

    deinit { release() }

    var url: String { server.url("/disk.raw") }
    var heads: [String] { server.heads }
    func release() { gate.with { $0 = true } }

    /// The configuration of a service that may fetch from it: any port of the loopback address.
    static let allowed = ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports ="]
}

/// Bytes, with their digests by `md5sum`, `sha256sum` and `sha512sum`.
struct Sample {
    let bytes: [UInt8]
    let md5: String
    let sha256: String
    let sha512: String

    init(_ count: Int, seed: Int = 31) throws {
        bytes = filled(count) { UInt8(truncatingIfNeeded: $0 &* seed &+ $0 >> 9) }
        let file = "\(TestFolder.root)/sample-\(UInt64.random(in: 0 ... .max))"
        try Data(bytes).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        func digest(_ program: String) throws -> String {
            String(try Command("/usr/bin/\(program)", [file]).succeeded().text.prefix { $0 != " " })
        }
        (md5, sha256, sha512) = (try digest("md5sum"), try digest("sha256sum"), try digest("sha512sum"))
    }
}

extension TestGlance {
    /// The file of an image's location in a store. Its name is the image's id, or another one where an attempt that was killed has left a
    /// file of that name.
    func stored(_ id: String, in store: String) throws -> [UInt8]? {
        let url =
            try rows(
                "SELECT value FROM image_locations WHERE image_id = '\(id)' AND deleted = 0 AND value LIKE 'file://\(folder)/\(store)/%'"
            ).first?.first ?? nil
        return url.flatMap(URL.init(string:)).flatMap { FileManager.default.contents(atPath: $0.path) }.map(Array.init)
    }

    /// Expects that an image has exactly these bytes, in its record and in every store named.
    func expect(
        _ sample: Sample, in id: String, stores: [String] = ["images"], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let image = try image(id)
        #expect(image["status"]?.string == "active", sourceLocation: sourceLocation)
        #expect(image["size"]?.int == Int64(sample.bytes.count), sourceLocation: sourceLocation)
        #expect(image["checksum"]?.string == sample.md5, sourceLocation: sourceLocation)
        #expect(image["os_hash_value"]?.string == sample.sha512, sourceLocation: sourceLocation)
        #expect(image["os_glance_import_task"] == nil, sourceLocation: sourceLocation)
        for store in stores {
            #expect(try stored(id, in: store)?.isSame(as: sample.bytes) == true, "\(store)", sourceLocation: sourceLocation)
        }
        #expect(try eventually { try !stagedFiles().contains { $0.hasPrefix(id) } }, sourceLocation: sourceLocation)
        #expect(try count("vitrine_jobs", where: "image_id = '\(id)'") == 0, sourceLocation: sourceLocation)
    }
}
