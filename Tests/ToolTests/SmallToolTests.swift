import Foundation
import Glibc
import TestSupport
import Testing

/// The cache programs for cron, the scrubber, the check before an upgrade, and names without work.
@Suite(.serialized, .sharesServices) struct `Tools of operators` {
    private static let shared = Shared {
        try TestGlance(
            ["paste_deploy": "flavor = cachemanagement", "DEFAULT": "image_cache_max_size = 100\ndelayed_delete = true\nscrub_time = 0"],
            workers: 1, cacheFolder: "\(TestFolder.root)/cache-\(UInt32.random(in: 0 ... .max))")
    }
    let glance: TestGlance
    init() throws { glance = try Self.shared.get() }

    private func run(_ name: String, _ words: [String] = []) throws -> Command {
        try Tool.run(name, ["--config-file", glance.configurationFile] + words)
    }

    private func files(_ part: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(glance.cacheFolder)/\(part)")
            .filter { !$0.hasPrefix(".") && $0.contains("-") }.sorted()
    }

    // MARK: called as programs of their own

    @Test func `does by a link what its name says`() throws {
        let link = "\(TestFolder.root)/glance-control"
        try? FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(TestGlance.programs)/glance-tools")
        let result = try Command(link, ["all", "restart"])
        #expect(result.status == 0 && result.text.contains("systemctl restart") && result.text.split(separator: "\n").count == 1)
        #expect(try Tool.run("control", ["glance-api", "status"]).text.contains("systemctl status"))
        let wsgi = try Tool.run("glance-wsgi-api", ["--port", "9292"])
        #expect(wsgi.status == 0 && wsgi.text.contains("nginx") && wsgi.text.split(separator: "\n").count == 1)
        #expect(try Tool.run("glance-nosuch", []).status == 2)
    }

    @Test func `takes the options of every program, and no others`() throws {
        let wrong = [["--nosuch"], ["word"], ["--log-file"], ["--version"]]
        // One of Glance's options stands for all: all programs accept the same.
        let theirs = try Tool.theirs("cache_pruner", wrong.map { Tool.Line(words: $0) }).map(\.status)
        for name in ["glance-cache-cleaner", "glance-cache-pruner", "glance-cache-prefetcher", "glance-scrubber"] {
            let log = "\(TestFolder.root)/\(name).log"
            #expect(try run(name, ["--debug", "--log-file", log, "--nouse-syslog", "--config-dir", "/etc/nothing"]).status == 1)
            #expect(try run(name, ["--debug", "--log-file", log, "--nouse-syslog"]).status == 0)
            #expect(try wrong.map { Int64(try run(name, $0).status) } == theirs)
        }
    }

    // MARK: the image cache

    @Test func `prunes, cleans and fetches at once`() throws {
        let (old, new) = (try glance.hasActiveImage(as: .admin, "old"), try glance.hasActiveImage(as: .admin, "new"))
        try FileManager.default.createDirectory(atPath: "\(glance.cacheFolder)/invalid", withIntermediateDirectories: true)
        for id in [old, new] { try Data(count: 80).write(to: URL(filePath: "\(glance.cacheFolder)/\(id)")) }
        // Reading an image changes the time of access.
        var times = [timespec(tv_sec: time(nil) - 9999, tv_nsec: 0), timespec(tv_sec: time(nil) - 9999, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, "\(try glance.cacheFolder)/\(old)", &times, 0) == 0)
        let pruned = try run("glance-cache-pruner")
        #expect(pruned.status == 0 && pruned.text == "glance-cache-pruner: 1 images of 80 bytes are removed.\n", "\(pruned.errors)")
        #expect(try files() == [new])

        let invalid = "\(try glance.cacheFolder)/invalid/\(old)"
        try Data("x".utf8).write(to: URL(filePath: invalid))
        #expect(try run("glance-cache-cleaner").status == 0)
        #expect(!FileManager.default.fileExists(atPath: invalid))

        let image = try glance.hasActiveImage(as: .admin, "cached")
        #expect(try glance.send("PUT", "/v2/cache/\(image)", as: .admin).status == 202)
        let fetched = try run("glance-cache-prefetcher")
        #expect(fetched.status == 0 && fetched.text.contains(": 1 images were fetched."), "\(fetched.text)\(fetched.errors)")
        #expect(try String(contentsOfFile: "\(glance.cacheFolder)/\(image)", encoding: .utf8) == "cached")
        #expect(try files("queue") == [])
    }

    @Test func `says that there is no cache`() throws {
        let file = "\(TestFolder.root)/no-cache.conf"
        try "[DEFAULT]\n".write(toFile: file, atomically: true, encoding: .utf8)
        for name in ["glance-cache-cleaner", "glance-cache-pruner", "glance-cache-prefetcher"] {
            let result = try Tool.run(name, ["--config-file", file])
            #expect(result.status == 0 && result.text.contains("image_cache_dir is not set"))
        }
    }

    // MARK: the scrubber

    @Test func `scrubs, and brings back`() throws {
        let (gone, kept) = (try glance.hasActiveImage("gone"), try glance.hasActiveImage("kept"))
        for id in [gone, kept] { #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204) }
        #expect(try run("glance-scrubber", ["--restore", kept]).status == 0)
        #expect(try run("glance-scrubber", ["--restore", kept]).status == 1)
        #expect(try run("glance-scrubber", ["--restore", kept, "--daemon"]).status == 1)
        let scrubbed = try run("glance-scrubber")
        #expect(scrubbed.status == 0 && scrubbed.text == "1 images scrubbed.\n", "\(scrubbed.errors)")
        #expect(try glance.storedFiles().contains(kept) && !glance.storedFiles().contains(gone))
        #expect(try glance.status(of: kept) == "active")
    }

    // MARK: the check before an upgrade

    private func check(_ configuration: String, _ words: [String] = []) throws -> Command {
        try Tool.run("glance-status", ["--config-file", configuration, "upgrade", "check"] + words)
    }

    /// The site's configuration with something else in it.
    private func changed(_ name: String, _ change: (inout String) -> Void) throws -> String {
        var text = try String(contentsOfFile: glance.configurationFile, encoding: .utf8)
        change(&text)
        let file = "\(glance.folder)/\(name).conf"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    @Test func `finds all in order`() throws {
        let result = try check(glance.configurationFile, ["--json"])
        let checks = try result.json["checks"]?.array ?? []
        #expect(result.status == 0 && checks.count == 5 && checks.allSatisfy { $0["result"]?.int == 0 }, "\(result.text)")
        #expect(try result.json["name"]?.string == "Upgrade Check Results")
    }

    @Test func `looks as oslo's check does`() throws {
        // Long texts, and a word that is longer than a line.
        let word = String(repeating: "long", count: 40)
        let file = try changed("several") { $0 += "\n[DEFAULT]\nowner_is_tenant = false\nimage_size_cap = \(word)\n" }
        let ours = try check(file)
        let list = try check(file, ["--json"])
        // The same results, drawn by oslo.
        let script = """
            import json, sys
            from oslo_upgradecheck import upgradecheck
            class Checks(upgradecheck.UpgradeCommands):
                _upgrade_checks = tuple((c["check"], lambda self, c=c: upgradecheck.Result(upgradecheck.Code(c["result"]), c["details"]))
                                        for c in json.loads(sys.argv[1])["checks"])
            sys.exit(Checks().check())
            """
        let theirs = try PyPIGlance.run("python3", ["-c", script, list.text])
        #expect(ours.text == theirs.text && ours.status == theirs.status, "\(theirs.errors)")
    }

    @Test func `warns of what nobody knows, and of tables that are missing`() throws {
        let slip = try changed("slip") { $0 += "\n[DEFAULT]\nno_such_option = 1\nmemcached_servers = 127.0.0.1\n" }
        let result = try check(slip)
        #expect(result.status == 1 && result.text.contains("no_such_option") && result.text.contains("Result: Warning"))
        let name = "\(glance.databaseName)_empty"
        try SharedMariaDB.running().createDatabase(name)
        let empty = try changed("empty") { $0 += "\n[database]\nconnection = \(try! SharedMariaDB.running().url(of: name))\n" }
        let behind = try check(empty)
        #expect(behind.status == 1 && behind.text.contains("glance-manage db sync"), "\(behind.text)")
        let connection = try SharedMariaDB.running().connect(to: name)
        try connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        try connection.execute("INSERT INTO alembic_version VALUES ('3033_expand01')")
        let strange = try check(empty)
        #expect(strange.status == 2 && strange.text.contains("3033_expand01"), "\(strange.text)")
    }

    @Test func `finds what is wrong`() throws {
        func failing(_ file: String) throws -> [String] {
            let result = try check(file, ["--json"])
            #expect(result.status == 2)
            return try JSONValue(parsing: result.output)["checks"]?.array?.filter { $0["result"]?.int == 2 }.compactMap {
                $0["check"]?.string
            } ?? []
        }
        #expect(try failing("\(TestFolder.root)/is-not-there.conf") == ["Configuration"])
        #expect(try failing(changed("number") { $0 += "\n[DEFAULT]\nimage_size_cap = many\n" }) == ["Configuration"])
        let nowhere = "mysql://nobody@127.0.0.1:1/x"
        #expect(try failing(changed("database") { $0 += "\n[database]\nconnection = \(nowhere)\n" }) == ["Database"])
        #expect(
            try failing(changed("owner") { $0 += "\n[DEFAULT]\nowner_is_tenant = false\n" })
                == ["Config option owner_is_tenant removal"])
        let wrong = [[], ["upgrade"], ["nosuch"]]
        let theirs = try Tool.theirs("status", wrong.map { Tool.Line(words: $0) }).map(\.status)
        #expect(try wrong.map { Int64(try Tool.run("glance-status", $0).status) } == theirs)
    }
}
