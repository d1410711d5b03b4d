import Foundation
import TestSupport
import Testing

/// The import methods, and what image and task show about them.
@Suite(.serialized, .sharesServices) struct `An import` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Source.allowed, stores: Self.stores, runsTasks: true) }

    private static let stores = ["near", "far", "third"]

    private func stores(of id: String) throws -> [String] {
        (try glance.image(id)["stores"]?.string ?? "").split(separator: ",").map(String.init).sorted()
    }

    /// Expects that the data are in these stores and in no other.
    private func expect(_ sample: Sample, in id: String, only stores: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        try glance.expect(sample, in: id, stores: stores, sourceLocation: sourceLocation)
        #expect(try self.stores(of: id) == stores.sorted(), sourceLocation: sourceLocation)
        for store in Self.stores where !stores.contains(store) {
            #expect(try !glance.files(of: store).contains { $0.hasPrefix(id) }, "\(store)", sourceLocation: sourceLocation)
        }
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 0") == stores.count)
    }

    // MARK: glance-direct

    static let targets: [(String, String?, [String])] = [
        ("", nil, ["near"]), (#", "stores": ["far"]"#, nil, ["far"]), ("", "third", ["third"]),
        (#", "stores": ["far"]"#, "far", ["far"]), (#", "stores": ["far", "near", "far"]"#, nil, ["far", "near"]),
        (#", "all_stores": true"#, nil, ["far", "near", "third"]),
        (#", "all_stores": true, "all_stores_must_succeed": false"#, nil, ["far", "near", "third"]),
    ]

    @Test(arguments: targets)
    func `of staged data brings them to the stores that are named`(_ rest: String, _ header: String?, _ stores: [String]) throws {
        let sample = try Sample(700_000)
        let id = try glance.hasStagedImage(sample.bytes)
        try glance.orders(#"{"method": {"name": "glance-direct"}\#(rest)}"#, on: id, store: header)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "success", "\(task)")
        #expect(task["type"]?.string == "api_image_import")
        #expect(task["message"]?.string == "")
        #expect(task["result"]?["image_id"]?.string == id)
        #expect(Set(task["input"]?["backend"]?.array?.compactMap(\.string) ?? []) == Set(stores))
        #expect(task["input"]?["import_req"]?["method"]?["name"]?.string == "glance-direct")
        #expect(task["expires_at"]?.string != nil)
        try expect(sample, in: id, only: stores)
        let image = try glance.image(id)
        #expect(image["os_glance_importing_to_stores"]?.string ?? "" == "")
        #expect(image["os_glance_failed_import"]?.string ?? "" == "")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: sample.bytes))
    }

    @Test func `looks at staged data as it does at an upload`() throws {
        // A qcow2 that names a backing file.
        var disk = [UInt8](repeating: 0, count: 70_000)
        disk.replaceSubrange(0..<8, with: [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3])
        disk[15] = 0x68
        disk[19] = 11
        disk.replaceSubrange(0x68..<0x68 + 11, with: Array("/etc/passwd".utf8))
        let id = try glance.hasStagedImage(disk)
        try glance.orders(#"{"method": {"name": "glance-direct"}, "all_stores": true}"#, on: id)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure")
        #expect(task["message"]?.string != "")
        try glance.expectNothing(of: id, in: Self.stores)
        #expect(try glance.image(id)["os_glance_failed_import"]?.string == "far,near,third")
    }

    // MARK: web-download

    @Test func `from the web says where it is, and ends active`() throws {
        let sample = try Sample(3_000_000)
        let source = try Source(sample.bytes, holdingAfter: 1_000_000)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "stores": ["near", "far"]"#)
        #expect(try eventually { try glance.files(of: "far").contains { $0.hasPrefix("\(id).") } })
        let image = try glance.image(id)
        #expect(image["status"]?.string == "importing")
        #expect(image["os_glance_importing_to_stores"]?.string == "far,near")
        let task = try glance.task(on: id)
        #expect(task["status"]?.string == "processing")
        #expect(image["os_glance_import_task"] == task["id"])
        #expect(task["owner"]?.string == "acme" && task["user_id"]?.string == "alice" && task["image_id"]?.string == id)
        #expect(task["input"]?["import_req"]?["method"]?["uri"]?.string == source.url)
        // No other request can come in between.
        #expect(try glance.upload([1], to: id).status == 409)
        #expect(try glance.stage([1], for: id).status == 409)
        source.release()
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try expect(sample, in: id, only: ["near", "far"])
    }

    @Test func `from the web does not tell who may read there`() throws {
        let sample = try Sample(1000)
        let source = try Source(sample.bytes)
        let id = try glance.hasImage()
        try glance.downloads(source.url.replacing("http://", with: "http://someone:tell-nobody@"), to: id)
        let task = try glance.ended(on: id)
        #expect(!"\(task)".contains("tell-nobody"))
        for column in ["i.input", "i.message", "i.result"] {
            let texts = try glance.rows("SELECT \(column) FROM task_info i JOIN tasks t ON t.id = i.task_id WHERE t.image_id = '\(id)'")
            #expect(!"\(texts)".contains("tell-nobody"), "\(column)")
        }
        #expect(try !glance.workerLog().contains("tell-nobody"))
    }

    @Test func `of data with the digest that was expected is taken`() throws {
        let sample = try Sample(900_000)
        let source = try Source(sample.bytes)
        let digests = [("md5", sample.md5), ("sha256", sample.sha256), ("sha512", sample.sha512.uppercased())]
        for (algorithm, value) in digests {
            let id = try glance.hasImage()
            try glance.downloads(
                source.url, to: id, #", "validation_data": {"os_hash_algo": "\#(algorithm)", "os_hash_value": "\#(value)"}"#)
            #expect(try glance.ended(on: id)["status"]?.string == "success", "\(algorithm)")
            try expect(sample, in: id, only: ["near"])
        }
    }

    @Test func `of data with another digest is taken back`() throws {
        let sample = try Sample(900_000)
        let source = try Source(sample.bytes)
        let id = try glance.hasImage()
        let wrong = String(repeating: "0", count: 64)
        try glance.downloads(
            source.url, to: id, #", "stores": ["far"], "validation_data": {"os_hash_algo": "sha256", "os_hash_value": "\#(wrong)"}"#)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure")
        #expect(task["message"]?.string?.contains(sample.sha256) == true)
        try glance.expectNothing(of: id, in: Self.stores)
        let image = try glance.image(id)
        #expect(image["os_glance_failed_import"]?.string == "far")
        #expect(image["os_glance_import_error"] == task["message"])
        // A second time, without the error.
        let second = try glance.downloads(source.url, to: id, #", "stores": ["far"]"#)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        try expect(sample, in: id, only: ["far"])
        #expect(try glance.image(id)["os_glance_import_error"] == nil)
        #expect(try glance.image(id)["os_glance_failed_import"]?.string ?? "" == "")
    }

    /// If only the connection's end marks the end of the data, they may be incomplete.
    @Test func `of data without a marked end needs a digest`() throws {
        let sample = try Sample(400_000)
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.0 200 OK\r\n\r\n")
            connection.send(sample.bytes)
        }
        let id = try glance.hasImage()
        try glance.downloads(server.url(), to: id)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        try glance.expectNothing(of: id, in: Self.stores)
        let second = try glance.downloads(
            server.url(), to: id, #", "validation_data": {"os_hash_algo": "md5", "os_hash_value": "\#(sample.md5)"}"#)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        try expect(sample, in: id, only: ["near"])
    }

    @Test func `of an image that is deleted meanwhile ends`() throws {
        let source = try Source(try Sample(2_000_000).bytes, holdingAfter: 1_000_000)
        let id = try glance.hasImage()
        try glance.downloads(source.url, to: id, #", "all_stores": true"#)
        #expect(try eventually { try glance.files(of: "far").contains { $0.hasPrefix("\(id).") } })
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try eventually { try glance.rows("SELECT status FROM tasks WHERE image_id = '\(id)'") == [["failure"]] })
        source.release()
        for store in Self.stores { #expect(try eventually { try !glance.files(of: store).contains { $0.hasPrefix(id) } }, "\(store)") }
        #expect(try glance.count("vitrine_jobs", where: "image_id = '\(id)'") == 0)
    }

    // MARK: copy-image

    @Test func `of an image's own data copies them`() throws {
        let sample = try Sample(1_500_000)
        let id = try glance.hasImage()
        #expect(try glance.upload(sample.bytes, to: id).status == 204)
        let before = try glance.image(id)
        try glance.orders(#"{"method": {"name": "copy-image"}, "stores": ["far"]}"#, on: id, as: .admin)
        #expect(try glance.status(of: id) == "active")
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try expect(sample, in: id, only: ["near", "far"])
        let second = try glance.orders(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: id, as: .admin)
        #expect(try glance.ended(on: id, of: second)["status"]?.string == "success")
        try expect(sample, in: id, only: Self.stores)
        // All stores have it now, so there is nothing to order.
        let tasks = try glance.count("tasks", where: "image_id = '\(id)'")
        try glance.orders(#"{"method": {"name": "copy-image"}, "all_stores": true}"#, on: id, as: .admin)
        #expect(try glance.count("tasks", where: "image_id = '\(id)'") == tasks)
        #expect(try glance.image(id)["created_at"] == before["created_at"])
    }

    @Test func `of an image that is deactivated before it begins leaves no marks`() throws {
        let id = try glance.hasActiveImage()
        let tasks = try #require(glance.site.tasksID)
        kill(tasks, SIGSTOP)
        try glance.orders(#"{"method": {"name": "copy-image"}, "stores": ["far"]}"#, on: id, as: .admin)
        #expect(try glance.send("POST", "/v2/images/\(id)/actions/deactivate").status == 204)
        kill(tasks, SIGCONT)
        #expect(try glance.ended(on: id)["status"]?.string == "failure")
        let image = try glance.image(id)
        #expect(image["status"]?.string == "deactivated")
        #expect(image["os_glance_import_task"] == nil)
        #expect(image["os_glance_importing_to_stores"]?.string ?? "" == "")
        #expect(image["os_glance_failed_import"]?.string == "far")
        #expect(try !glance.files(of: "far").contains { $0.hasPrefix(id) })
    }

    /// Its lease has expired and another process has the task, so it must not change anything.
    @Test(arguments: ["api_image_import", "import"])
    func `that was lost to another process undoes nothing of that process's work`(_ kind: String) throws {
        let sample = try Sample(2_000_000)
        let source = try Source(sample.bytes, holdingAfter: 1_000_000)
        let id: String
        if kind == "import" {
            let input = #"{"import_from": "\#(source.url)", "import_from_format": "raw", "image_properties": {"disk_format": "raw"}}"#
            let reply = try glance.send("POST", "/v2/tasks", as: .admin, json: #"{"type": "import", "input": \#(input)}"#)
            id = try #require(reply.json["image_id"]?.string, "\(reply.text)")
        } else {
            id = try glance.hasImage()
            try glance.downloads(source.url, to: id)
        }
        #expect(try eventually { try glance.files(of: "near").contains { $0.hasPrefix("\(id).") } })
        let task = try #require(try glance.task(on: id)["id"]?.string)
        let staged = "\(glance.folder)/staging/\(id)"
        try Data("his".utf8).write(to: URL(filePath: staged))
        try glance.execute(
            """
            UPDATE vitrine_jobs SET worker = 'another', token = 'his', lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR
             WHERE image_id = '\(id)'
            """)
        let log = "\(glance.folder)/log/glance-tasks.log"
        #expect(try eventually { try String(contentsOfFile: log, encoding: .utf8).contains("task \(task) belongs to another worker now") })
        #expect(try glance.status(of: id) == "importing")
        #expect(FileManager.default.fileExists(atPath: staged))

        source.release()
        try glance.execute("UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE image_id = '\(id)'")
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try expect(sample, in: id, only: ["near"])
    }
}
