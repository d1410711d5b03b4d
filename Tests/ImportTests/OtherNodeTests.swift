import Foundation
import Stack
import TestSupport
import Testing

private let direct = #"{"method": {"name": "glance-direct"}}"#

/// Nodes with their own staging folders: `worker_self_reference_url`, `os_glance_stage_host`.
@Suite(.serialized, .sharesServices) struct `Data that are staged at another node` {
    /// Two nodes of one site: one database, one store, and a staging folder each.
    final class Nodes: Sendable {
        let here, there: TestGlance

        init() throws {
            let (near, far) = (try freePort(), try freePort())
            func named(_ port: Int) -> String { "worker_self_reference_url = http://127.0.0.1:\(port)" }
            there = try TestGlance(["DEFAULT": named(far)], workers: 1, runsTasks: true, port: far)
            let database = try SharedMariaDB.running().url(of: there.databaseName)
            here = try TestGlance(
                ["DEFAULT": named(near), "database": "connection = \(database)"], workers: 1, storeFolder: there.storeFolder,
                runsTasks: true, port: near)
        }

        static let shared = Shared { try Nodes() }
    }

    let here, there: TestGlance
    init() throws {
        let nodes = try Nodes.shared.get()
        (here, there) = (nodes.here, nodes.there)
    }

    private func stageHost(of id: String) throws -> String? {
        try there.rows(
            "SELECT value FROM image_properties WHERE image_id = '\(id)' AND name = 'os_glance_stage_host' AND deleted = 0"
        ).first?.first.flatMap { $0 }
    }

    /// An image whose data are staged at a node with this address.
    private func hasImage(stagedAt address: String, _ data: [UInt8] = [1, 2, 3]) throws -> String {
        let id = try there.hasStagedImage(data)
        try there.execute("UPDATE image_properties SET value = '\(address)' WHERE image_id = '\(id)' AND name = 'os_glance_stage_host'")
        return id
    }

    /// Orders an import as another node forwards it.
    private func isSentOn(_ id: String) throws -> Reply {
        try here.send(
            "POST", "/v2/images/\(id)/import", ["Content-Type": "application/json", "X-Vitrine-Sent-On": "1"], body: Array(direct.utf8))
    }

    @Test func `are imported by that node, whichever is asked`() throws {
        let sample = try Sample(300_000)
        for person in [TestGlance.Person.alice, .admin] {
            let id = try there.hasStagedImage(sample.bytes)
            #expect(try stageHost(of: id) == there.address)
            let request = try here.orders(direct, on: id, as: person)
            #expect(try here.ended(on: id, of: request)["status"]?.string == "success", "told by the name that the node gave it")
            try there.expect(sample, in: id)
            #expect(try stageHost(of: id) == nil)
        }
        #expect(try here.workerLog().contains("is sent on to \(there.address)"))
    }

    @Test func `are imported where they are without asking another`() throws {
        let sample = try Sample(1000)
        let id = try here.hasStagedImage(sample.bytes)
        try here.orders(direct, on: id)
        #expect(try here.ended(on: id)["status"]?.string == "success")
        #expect(try there.send("GET", "/v2/images/\(id)/file").body.isSame(as: sample.bytes))
    }

    @Test func `are not sent for by whoever may not`() throws {
        let id = try there.hasStagedImage([1])
        #expect(try here.order(direct, on: id, as: .bob).status == 404)
        #expect(try here.order(direct, on: id, as: .reader).status == 403)
        #expect(try here.order(direct, on: id, as: nil).status == 401)
        try there.execute("UPDATE images SET disk_format = NULL WHERE id = '\(id)'")
        #expect(try here.order(direct, on: id).status == 409)
        try there.expectStaged([1], of: id)
    }

    @Test func `are deleted with their image, whichever is asked`() throws {
        let id = try there.hasStagedImage([1, 2, 3])
        #expect(try here.send("DELETE", "/v2/images/\(id)", as: .bob).status == 404)
        #expect(try here.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try !there.stagedFiles().contains(id))
        #expect(try here.send("DELETE", "/v2/images/\(id)").status == 404)
        #expect(try here.workerLog().contains("DELETE /v2/images/\(id) is sent on to \(there.address)"))
    }

    @Test func `wait where their node is not there: 504, and a deletion is done without it`() throws {
        let away = "http://127.0.0.1:\(try freePort())"
        let rude = try RawServer { connection, _ in connection.readHead() }
        for address in [away, rude.url(""), "file:///etc/passwd", "nothing"] {
            let id = try hasImage(stagedAt: address)
            let reply = try here.order(direct, on: id)
            #expect(reply.status == 504 && !reply.text.contains("127.0.0.1"), "\(address): \(reply.text)")
            try there.expectStaged([1, 2, 3], of: id)
            #expect(try there.count("tasks", where: "image_id = '\(id)'") == 0)
            #expect(try here.send("DELETE", "/v2/images/\(id)").status == 204, "\(address)")
            #expect(try there.rows("SELECT status FROM images WHERE id = '\(id)'") == [["deleted"]])
        }
    }

    @Test func `are asked for with the client's own token, and the node's refusal is passed on`() throws {
        let node = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            if head.hasPrefix("POST") { connection.readBody(direct.utf8.count) }
            connection.answer(
                "409 Conflict", "Content-Type: application/json\r\n", body: #"{"message": "Not today.", "code": "409 Conflict"}"#)
        }
        let id = try hasImage(stagedAt: node.url(""))
        for reply in [try here.order(direct, on: id, as: .anna), try here.send("DELETE", "/v2/images/\(id)", as: .anna)] {
            #expect(reply.status == 409 && reply.text.contains("Not today."), "\(reply.text)")
        }
        #expect(node.heads.count == 2)
        #expect(node.heads[0].hasPrefix("POST /v2/images/\(id)/import HTTP/1.1\r\n"))
        #expect(node.heads[1].hasPrefix("DELETE /v2/images/\(id) HTTP/1.1\r\n"))
        for head in node.heads { #expect(head.contains("X-Auth-Token: anna\r\n") && head.contains("X-Vitrine-Sent-On: 1\r\n")) }
        try there.expectStaged([1, 2, 3], of: id)
    }

    @Test func `are asked for once, where nodes know themselves by other names than they are reached by`() throws {
        let id = try there.hasStagedImage([1, 2, 3])
        let reply = try isSentOn(id)
        #expect(reply.status == 202, "\(reply.text)")
        #expect(try there.ended(on: id)["status"]?.string == "success", "the node that has them takes it from the database")
        let other = try hasImage(stagedAt: "http://node.example:9292")
        let request = ["X-Vitrine-Sent-On": "1"]
        #expect(try here.send("DELETE", "/v2/images/\(other)", request).status == 204)
    }

    @Test func `are waited for by a task that says so, and given up after a while`() throws {
        let id = try hasImage(stagedAt: "http://node.example:9292")
        #expect(try isSentOn(id).status == 202)
        #expect(try here.task(on: id)["status"]?.string == "pending")
        #expect(
            try eventually { try here.task(on: id)["message"]?.string?.contains("Waits for the node http://node.example:9292") == true })
        #expect(try eventually { try there.count("vitrine_nodes", where: "node = '\(there.address)'") == 1 })

        // The import waits as long as the node reports that it is alive.
        try there.execute("INSERT INTO vitrine_nodes VALUES ('http://node.example:9292', UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)")
        try there.execute("UPDATE vitrine_jobs SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 2 HOUR WHERE image_id = '\(id)'")
        let other = try here.hasStagedImage([4])
        try here.orders(direct, on: other)
        #expect(try here.ended(on: other)["status"]?.string == "success")
        #expect(try here.task(on: id)["status"]?.string == "pending")

        try there.execute("DELETE FROM vitrine_nodes WHERE node = 'http://node.example:9292'")
        let task = try here.ended(on: id)
        #expect(task["status"]?.string == "failure")
        #expect(
            task["message"]?.string?.contains("The node http://node.example:9292, which has the staged data, was silent for 3600 s")
                == true, "\(task)")
        try there.expectStaged([1, 2, 3], of: id)
        #expect(try stageHost(of: id) == "http://node.example:9292")
    }
}
