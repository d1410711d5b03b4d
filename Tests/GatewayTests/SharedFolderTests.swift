import Foundation
import TestSupport
import Testing

/// The effect of systemd's `PrivateTmp=`, or of a container, on folders that `glance-api` and `glance-tasks` share.
@Suite struct `A folder that only one of the programs sees` {
    /// Runs `glance-tasks` with another folder at a path.
    private func tasks(_ glance: TestGlance, hiding path: String, _ variables: [String: String] = [:]) throws -> Command {
        let script = "mount -t tmpfs none \"$1\" && exec \"$2\" --config-file \"$3\""
        let environment = ["PATH": "/usr/bin:/bin"].merging(variables) { $1 }
        return try Command(
            "unshare", ["--mount", "sh", "-c", script, "sh", path, "\(TestGlance.programs)glance-tasks", glance.configurationFile],
            environment: environment)
    }

    private func hasClaimed(_ glance: TestGlance, _ count: Int) throws -> Bool {
        try eventually { try glance.rows("SELECT mark FROM vitrine_store_folders WHERE path LIKE 'shared on %'").count == count }
    }

    @Test func `keeps glance-tasks from starting, in words`() throws {
        let glance = try TestGlance(workers: 1, cacheFolder: "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))")
        #expect(try hasClaimed(glance, 2))
        let said = try tasks(glance, hiding: "\(glance.folder)/staging")
        #expect(said.status == 1)
        #expect(said.errors.contains("[DEFAULT] node_staging_uri: \(glance.folder)/staging, as glance-tasks sees it"), "\(said.errors)")
        #expect(said.errors.contains("PrivateTmp") && said.errors.contains("/var/lib/glance"))
    }

    @Test func `is said by the option of each kind`() throws {
        let cache = "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))"
        let glance = try TestGlance(workers: 1, stores: ["fast"], cacheFolder: cache)
        #expect(try hasClaimed(glance, 2))
        #expect(try tasks(glance, hiding: "\(glance.folder)/staging").errors.contains("[os_glance_staging_store] filesystem_store_datadir"))
        #expect(try tasks(glance, hiding: cache).errors.contains("[DEFAULT] image_cache_dir"))
    }

    @Test func `is no other after all processes were started anew, and its mark was swept away`() throws {
        let glance = try TestGlance(workers: 1, runsTasks: true)
        #expect(try hasClaimed(glance, 1))
        let mark = "\(glance.folder)/staging/.vitrine-store"
        kill(try #require(glance.site.workerIDs.first), SIGKILL)
        #expect(eventually { glance.site.workerIDs.isEmpty })
        try FileManager.default.removeItem(atPath: mark)
        try glance.site.revive()
        // The process that notices it first marks it again.
        #expect(eventually { FileManager.default.fileExists(atPath: mark) })
        let id = try glance.hasImage()
        #expect(
            try glance.send(
                "PUT", "/v2/images/\(id)/stage", as: .alice, ["Content-Type": "application/octet-stream"], body: Array("hello".utf8)
            ).status == 204)
        #expect(try glance.send("POST", "/v2/images/\(id)/import", json: #"{"method": {"name": "glance-direct"}}"#).status == 202)
        #expect(try eventually { try glance.status(of: id) == "active" })
    }

    /// A file has the folder's path.
    @Test func `is not what lies where nothing is said of it, which is below the folder of the service's state`() throws {
        let glance = try TestGlance(workers: 1)
        let text = try String(contentsOfFile: glance.configurationFile, encoding: .utf8)
        let file = "\(glance.folder)/unsaid.conf"
        try text.split(separator: "\n").filter { !$0.hasPrefix("node_staging_uri") }.joined(separator: "\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        let script = "mount -t tmpfs none /var/lib && touch /var/lib/glance && exec \"$1\" --config-file \"$2\""
        let said = try Command("unshare", ["--mount", "sh", "-c", script, "sh", "\(TestGlance.programs)glance-api", file])
        #expect(said.status == 1)
        #expect(
            said.errors.contains("[DEFAULT] node_staging_uri: making the folder /var/lib/glance/staging: Not a directory"), "\(said.errors)"
        )
    }
}
