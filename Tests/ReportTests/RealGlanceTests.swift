import Foundation
import Schema
import Stack
import TestSupport
import Testing

/// The real Glance 33 as a service, on a database and a store of its own.
final class RealGlance {
    let database: ReportDatabase
    let folder: String
    private let port: Int
    private let process: ChildProcess

    init() throws {
        database = try ReportDatabase()
        folder = "\(TestFolder.root)/\(database.name)"
        try FileManager.default.createDirectory(atPath: "\(folder)/store", withIntermediateDirectories: true)
        port = try freePort()
        let url = database.server.url(of: database.name)
        try "[DEFAULT]\n[database]\nconnection = \(url)\n".write(toFile: "\(folder)/sync.conf", atomically: true, encoding: .utf8)
        let sync = try PyPIGlance.run("glance-manage", ["--config-file", "\(folder)/sync.conf", "db", "sync"])
        guard sync.status == 0 else { throw Unexpected(sync.errors) }
        let venv = ProcessInfo.processInfo.environment["VITRINE_GLANCE"] ?? "\(TestGlance.repository).build/glance"
        process = try ChildProcess(
            "python3",
            [
                "\(TestGlance.repository)Tests/Acceptance/glance", "--folder", folder, "--port", String(port), "--database", url,
                "--store", "fast=\(folder)/store", "--venv", venv,
            ], output: "\(folder)/start.out")
        let output = "\(folder)/start.out"
        guard eventually({ (try? String(contentsOfFile: output, encoding: .utf8))?.contains("Glance on") == true }) else {
            throw Unexpected((try? String(contentsOfFile: output, encoding: .utf8)) ?? "Glance does not start")
        }
    }

    deinit { process.stop() }

    /// Sends a request as a user of a project: `alice:acme:member`.
    func send(_ method: String, _ path: String, as token: String, _ type: String = "application/json", _ body: String = "") throws -> Reply
    {
        let connection = try HTTPConnection(port: port)
        try connection.send(
            """
            \(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\nX-Auth-Token: \(token)\r\n\
            Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """)
        return try connection.receive()
    }

    func hasImage(_ json: String, as token: String) throws -> String {
        let reply = try send("POST", "/v2/images", as: token, "application/json", json)
        guard reply.status == 201, let id = reply.json["id"]?.string else { throw Unexpected(reply) }
        return id
    }
}

/// Views on a database that the real Glance alone has written.
@Suite struct `Reports on what the real Glance did` {
    @Test func `answer as they do for this service`() throws {
        let glance = try RealGlance()
        let (alice, admin) = ("alice:acme:member,reader", "admin:cloud:admin,member,reader")
        let shared = try glance.hasImage(#"{"name": "shared", "disk_format": "raw", "container_format": "bare"}"#, as: alice)
        #expect(try glance.send("PUT", "/v2/images/\(shared)/file", as: alice, "application/octet-stream", "hello").status == 204)
        #expect(
            try glance.send("POST", "/v2/images/\(shared)/members", as: alice, "application/json", #"{"member": "bolt"}"#).status == 200)
        let open = try glance.hasImage(
            #"{"name": "open", "disk_format": "raw", "container_format": "bare", "visibility": "public", "os_distro": "debian"}"#, as: admin
        )
        #expect(try glance.send("PUT", "/v2/images/\(open)/stage", as: admin, "application/octet-stream", "imported").status == 204)
        let order = try glance.send(
            "POST", "/v2/images/\(open)/import", as: admin, "application/json", #"{"method": {"name": "glance-direct"}}"#)
        #expect(order.status == 202)
        #expect(
            try eventually { try glance.send("GET", "/v2/images/\(open)", as: admin).json["status"]?.string == "active" })
        let gone = try glance.hasImage(#"{"name": "gone", "tags": ["a", "b"], "p": "q"}"#, as: alice)
        #expect(try glance.send("DELETE", "/v2/images/\(gone)", as: alice).status == 204)

        let database = glance.database
        #expect(try database.manage("db", "sync").errors.contains("warning") == false)
        for report in Schema.reports { try database.execute("SELECT * FROM \(report.name)", report.example) }
        #expect(
            try database.rows("SELECT image_id, owner, member, status FROM report_sharing", columns: 4) == [
                [shared, "acme", "bolt", "pending"]
            ])
        #expect(
            try database.rows("SELECT image_id, os_distro, CAST(size_bytes AS CHAR) FROM report_public_catalogue", columns: 3)
                == [[open, "debian", "8"]])
        #expect(
            Set(try database.rows("SELECT image_id, scheme, store, location FROM report_locations", columns: 4))
                == [
                    [shared, "file", "fast", "file://\(glance.folder)/store/\(shared)"],
                    [open, "file", "fast", "file://\(glance.folder)/store/\(open)"],
                ])
        #expect(try database.texts("SELECT image_id FROM report_missing_digests") == [])
        #expect(try database.texts("SELECT image_id FROM report_stuck") == [])
        try #expect(
            eventually {
                try database.rows("SELECT type, outcome, owner, user, image_id, CAST(bytes AS CHAR) FROM report_tasks", columns: 6)
                    == [["api_image_import", "success", "cloud", "admin", open, "8"]]
            })
        let deleted = try database.rows(
            "SELECT table_name, CAST(SUM(row_count) AS CHAR), CAST(MAX(age_days) AS CHAR) FROM report_deleted_not_purged GROUP BY 1 ORDER BY 1",
            columns: 3)
        for row in [["image_tags", "2", "0"], ["images", "1", "0"]] { #expect(deleted.contains(row), "\(deleted)") }
        // Those of the image, and marks of the import.
        #expect(deleted.contains { $0[0] == "image_properties" }, "\(deleted)")
        // Glance goes on with the views there.
        #expect(try glance.send("DELETE", "/v2/images/\(shared)", as: alice).status == 204)
        #expect(try database.texts("SELECT member FROM report_sharing") == [])
    }
}
