import Foundation
import TestSupport
import Testing

private let direct = #"{"method": {"name": "glance-direct"}}"#

/// Two nodes of one site that say no `worker_self_reference_url`: one database, one store, and a staging folder each.
@Suite(.serialized, .sharesServices) struct `Data that are staged at a node without an address` {
    private final class Nodes: Sendable {
        let north, south: TestGlance

        init() throws {
            func named(_ name: String) -> [String: String] { ["vitrine": "node_name = \(name)", "healthcheck": "detailed = true"] }
            south = try TestGlance(named("south"), workers: 1, runsTasks: true)
            let database = try SharedMariaDB.running().url(of: south.databaseName)
            north = try TestGlance(
                named("north").merging(["database": "connection = \(database)"]) { $1 }, workers: 1, storeFolder: south.storeFolder,
                runsTasks: true)
            // A node that has just started compares itself with the others at once, and then once a minute.
            for worker in south.site.workerIDs { kill(worker, SIGKILL) }
            let site = south.site
            guard eventually({ site.workerIDs.isEmpty }) else { throw Unexpected("the worker does not end") }
            try site.revive()
        }

        static let shared = Shared { try Nodes() }
    }

    private let north, south: TestGlance
    init() throws {
        let nodes = try Nodes.shared.get()
        (north, south) = (nodes.north, nodes.south)
    }

    private func warnings(of node: TestGlance) throws -> [String] {
        let reply = try node.send("GET", "/healthcheck", as: nil, ["Accept": "application/json"])
        return reply.json["warnings"]?.array?.compactMap(\.string) ?? []
    }

    @Test func `are warned of at the start and by the detailed health check, with the names of the nodes`() throws {
        for (node, own, other) in [(north, "north", "south"), (south, "south", "north")] {
            let isTold = try eventually { try warnings(of: node).contains { $0.contains("staging folder") } }
            let told = try warnings(of: node)
            #expect(isTold, "\(told)")
            let warning = told.first { $0.contains("staging folder") } ?? ""
            for word in [own, other, "worker_self_reference_url"] { #expect(warning.contains(word), "\(warning)") }
            #expect(try eventually { try node.workerLog().contains(warning) })
            // All else is the same at both nodes. The nodes are well, so that no load balancer takes them out for it.
            #expect(told == [warning])
            let text = try node.send("GET", "/healthcheck?detail", as: nil)
            #expect(text.status == 200 && text.text.hasPrefix("OK\n") && text.text.contains("\nwarning: \(warning)"), "\(text.text)")
            #expect(!text.text.contains(node.folder))
        }
        #expect(try !north.send("GET", "/healthcheck", as: nil).text.contains("warning"))
    }

    /// Without the refusal, 7 of 12 failed in the background.
    @Test func `are imported where they are, and refused at once elsewhere`() throws {
        for node in [north, south] { #expect(try eventually { try !warnings(of: node).isEmpty }) }
        let sample = try Sample(100_000)
        let nodes = [north, south]
        for turn in 0..<12 {
            let (stager, asked) = (nodes[turn % 2], nodes[turn / 2 % 2])
            let id = try stager.hasStagedImage(sample.bytes)
            let reply = try asked.order(direct, on: id)
            if asked !== stager {
                #expect(reply.status == 409 && reply.text.contains("staged at another node"), "\(turn): \(reply.text)")
                try stager.expectStaged(sample.bytes, of: id)
                #expect(try south.count("tasks", where: "image_id = '\(id)'") == 0)
                try stager.orders(direct, on: id)
            } else {
                #expect(reply.status == 202, "\(turn): \(reply.text)")
            }
            let task = try stager.ended(on: id)
            #expect(task["status"]?.string == "success", "\(turn): \(task)")
            #expect(try eventually { try south.status(of: id) == "active" })
            #expect(try north.send("GET", "/v2/images/\(id)/file").body == sample.bytes)
        }
    }

    @Test func `are deleted with their image, whichever node is asked`() throws {
        let id = try south.hasStagedImage([1, 2, 3])
        #expect(try north.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(try south.rows("SELECT status FROM images WHERE id = '\(id)'") == [["deleted"]])
    }

    /// A node that has left is not compared with, and no alarm is raised for it.
    @Test func `are not warned of for a node that was silent for long`() throws {
        try south.execute(
            """
            INSERT INTO vitrine_node_setups (node, setup, seen_at)
                VALUES ('gone', '{"name": "gone", "staging": "other", "stores": {}, "settings": {}}', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR),
                       ('away', '{"name": "away", "staging": "other", "stores": {}, "settings": {}}', UTC_TIMESTAMP(6) - INTERVAL 3 DAY)
            """)
        let fresh = try TestGlance(
            [
                "vitrine": "node_name = east", "healthcheck": "detailed = true",
                "database": "connection = \(try SharedMariaDB.running().url(of: south.databaseName))",
            ], workers: 1, storeFolder: south.storeFolder)
        #expect(try eventually { try !warnings(of: fresh).isEmpty })
        #expect(try warnings(of: fresh).allSatisfy { !$0.contains("gone") && !$0.contains("away") })
        #expect(try eventually { try south.count("vitrine_node_setups", where: "node = 'away'") == 0 })
        #expect(try south.count("vitrine_node_setups", where: "node = 'gone'") == 1)
    }
}
