import Foundation
import TestSupport
import Testing

/// Several nodes on one database, each with a configuration of its own.
@Suite(.serialized) struct `Nodes whose stores differ` {
    private static func options(_ name: String, _ more: [String: String] = [:]) -> [String: String] {
        more.merging(["vitrine": "node_name = \(name)\ninternal_prefix =", "healthcheck": "detailed = true"]) { $0 + "\n" + $1 }
    }

    /// Another node on the database of the first, which shares its staging folder.
    private func node(beside first: TestGlance, _ name: String, stores: [String], _ more: [String: String]) throws -> TestGlance {
        let database = try SharedMariaDB.running().url(of: first.databaseName)
        let shared = [
            "database": "connection = \(database)", "os_glance_staging_store": "filesystem_store_datadir = \(first.folder)/staging",
        ]
        return try TestGlance(Self.options(name, shared.merging(more) { $1 }), workers: 1, stores: stores)
    }

    /// A node that has just started compares at once, others once a minute.
    private func restart(_ node: TestGlance) throws {
        for worker in node.site.workerIDs { kill(worker, SIGKILL) }
        #expect(eventually { node.site.workerIDs.isEmpty })
        try node.site.revive()
    }

    private func warnings(of node: TestGlance) throws -> [String] {
        let reply = try node.send("GET", "/healthcheck", as: nil, ["Accept": "application/json"])
        guard reply.status == 200 else { return ["\(reply.status)"] }
        return reply.json["warnings"]?.array?.compactMap(\.string) ?? []
    }

    @Test func `in the folder of a file store are told so, by the names of both`() throws {
        let south = try TestGlance(Self.options("south"), workers: 1, stores: ["fast", "cheap"])
        let north = try node(
            beside: south, "north", stores: ["fast", "cheap"], ["cheap": "filesystem_store_datadir = \(south.folder)/cheap"])
        // A folder that was never used bears no mark, and is not compared.
        for store in ["fast", "cheap"] { _ = try south.hasImage(in: store) }
        let expected = """
            store 'fast': node south keeps it in another folder than this node (north); an image that one of them wrote cannot be read by \
            the other
            """
        let isTold = try eventually { try warnings(of: north) == [expected] }
        let told = try warnings(of: north)
        #expect(isTold, "\(told)")
        #expect(try eventually { try north.workerLog().contains("WARNING glance.nodes") && north.workerLog().contains(expected) })
        try restart(south)
        #expect(try eventually { try warnings(of: south).map { $0.contains("store 'fast': node north") } == [true] })

        // The folder that is shared is shared, and the marks are in nobody's way.
        let id = try south.hasImage(in: "cheap", "shared")
        #expect(try north.download(id).text == "shared")
        let verified = try Command("\(TestGlance.programs)glance-manage", ["store", "verify", "--config-file", south.configurationFile])
        #expect(verified.text.contains(" 0 findings") && !verified.text.contains("vitrine-store"), "\(verified.text)")
    }

    @Test func `in names, types, default or hash algorithm are told so by name`() throws {
        let south = try TestGlance(Self.options("south"), workers: 1, stores: ["fast", "cheap"])
        func folder(_ name: String) -> String { "filesystem_store_datadir = \(south.folder)/\(name)" }
        let north = try node(
            beside: south, "north", stores: ["fast"],
            [
                "DEFAULT": "enabled_backends = fast:file,extra:file,cheap:http\nhashing_algorithm = sha256", "fast": folder("fast"),
                "extra": folder("extra"), "glance_store": "default_backend = extra",
            ])
        let expected = [
            "[DEFAULT] hashing_algorithm is sha256 at this node (north) and sha512 at node south",
            "store 'cheap' is of the type http at this node (north) and of the type file at node south",
            "store 'extra': this node (north) has it, and node south has not",
            "the default store is 'extra' at this node (north) and 'fast' at node south",
        ]
        let isTold = try eventually { try warnings(of: north) == expected }
        let told = try warnings(of: north)
        #expect(isTold, "\(told)")
        try restart(south)
        #expect(
            try eventually {
                try warnings(of: south).contains("store 'extra': node north has it, and this node (south) has not")
            })
        for warning in expected { #expect(try north.workerLog().contains(warning)) }
    }
}
