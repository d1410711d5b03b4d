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
        guard reply.json["checks"]?.array != nil else { return ["\(reply.status) \(reply.text)"] }
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

    /// No server of these stores answers: the configuration alone is compared.
    @Test func `in bucket or container are told so, and no credential is recorded, logged or shown`() throws {
        func stores(_ bucket: String, _ container: String, _ secret: String) -> [String: String] {
            [
                "DEFAULT": "enabled_backends = fast:file,cold:s3,cloud:swift", "glance_store": "default_backend = fast",
                "cold": """
                s3_store_host = http://127.0.0.1:1
                s3_store_access_key = access-\(secret)
                s3_store_secret_key = key-\(secret)
                s3_store_bucket = \(bucket)
                """,
                "cloud": """
                swift_store_auth_address = http://127.0.0.1:1/v3
                swift_store_user = service:user-\(secret)
                swift_store_key = key-\(secret)
                swift_store_container = \(container)
                """,
            ]
        }
        let south = try TestGlance(
            Self.options("south", stores("of-south", "in-south", "hidden1")), workers: 1, stores: ["fast"])
        let north = try node(
            beside: south, "north", stores: ["fast"],
            stores("of-north", "in-north", "hidden2").merging(["fast": "filesystem_store_datadir = \(south.folder)/fast"]) { $1 })
        let expected = ["cloud", "cold"].map { store in
            """
            store '\(store)': node south keeps it in another place than this node (north); an image that one of them wrote may not be \
            readable by the other
            """
        }
        let isTold = try eventually { try warnings(of: north) == expected }
        let told = try warnings(of: north)
        #expect(isTold, "\(told)")
        for detail in [
            "(the bucket is 'of-north' at this node (north) and 'of-south' at node south)",
            "(the container is 'in-north' at this node (north) and 'in-south' at node south)",
        ] {
            #expect(try eventually { try north.workerLog().contains(detail) })
        }
        try restart(south)
        #expect(try eventually { try warnings(of: south).map { $0.contains("node north keeps it in another place") } == [true, true] })

        let records = try south.rows("SELECT setup FROM vitrine_node_setups").compactMap { $0[0] }
        #expect(records.count == 2 && records.allSatisfy { $0.contains(#""bucket""#) && $0.contains(#""container""#) })
        for node in [south, north] {
            let shown = try node.send("GET", "/healthcheck?detail", as: nil).text
            for inside in ["of-north", "in-south", "127.0.0.1:1"] { #expect(!shown.contains(inside), "\(shown)") }
            for text in try records + [shown, node.workerLog()] { #expect(!text.contains("hidden"), "\(text)") }
        }
    }

    @Test(.enabled(if: getuid() == 0, "mounting a small file system takes root"))
    func `in what they may write to are told so`() throws {
        let disk = try SmallDisk(megabytes: 8)
        // A second mount of the same file system: each node's own may be read-only.
        let mount = try SmallDisk(megabytes: 1)
        try Command("mount", ["--bind", disk.folder, mount.folder]).succeeded()
        defer { _ = try? Command("umount", ["-l", mount.folder]) }
        try mount.remount("bind,ro")
        let south = try TestGlance(
            Self.options("south", ["fast": "filesystem_store_datadir = \(disk.folder)"]), workers: 1, stores: ["fast"])
        let id = try south.hasImage(in: "fast", "shared")
        let north = try node(
            beside: south, "north", stores: ["fast"], ["fast": "filesystem_store_datadir = \(mount.folder)"])
        let expected = """
            store 'fast': this node (north) may not write to its folder, and node south may; an upload, an import or a deletion of data \
            fails where it may not
            """
        let isTold = try eventually { try warnings(of: north).contains(expected) }
        let told = try warnings(of: north)
        #expect(isTold, "\(told)")
        #expect(try eventually { try north.workerLog().contains(expected) })
        try restart(south)
        #expect(try eventually { try warnings(of: south).contains { $0.contains("node north may not write to its folder") } })
        #expect(try south.download(id).text == "shared")
        #expect(try south.send("GET", "/healthcheck?detail", as: nil).status == 200)
        #expect(try north.send("GET", "/healthcheck?detail", as: nil).status == 503)
    }
}
