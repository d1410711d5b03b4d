import Foundation
import Stack
import TestSupport
import Testing

/// python-glanceclient with V1, and data at a URL.
@Suite struct `The glance client of V1 with an address` {
    let glance: TestGlance
    let disk: Disk
    let url: String
    private let server: ChildProcess

    init() throws {
        disk = try Disk("elsewhere")
        let port = try freePort()
        let folder = URL(filePath: disk.path).deletingLastPathComponent().path()
        url = "http://127.0.0.1:\(port)/\(URL(filePath: disk.path).lastPathComponent)"
        server = try ChildProcess(
            "/usr/bin/python3", ["-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, String(port)], output: "/dev/null")
        // This host is allowed by the configuration.
        glance = try TestGlance(
            ["import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports = \(port)"], runsTasks: true, runsRegistry: true)
        #expect(eventually { (try? HTTPConnection(port: port)) != nil })
    }

    private func create(_ words: String...) throws -> Command {
        let options = ["--os-image-api-version", "1", "--os-auth-token", "alice", "--os-image-url", glance.address]
        let image = ["image-create", "--name", "far", "--disk-format", "qcow2", "--container-format", "bare"]
        return try Clients.run("glance", options + image + words, hasTerminal: true)
    }

    private func download(_ id: String) throws {
        let options = ["--os-image-api-version", "1", "--os-auth-token", "alice", "--os-image-url", glance.address]
        try Clients.run("glance", options + ["image-download", "--file", disk.back, id]).succeeded()
    }

    @Test func `copies them into the store`() throws {
        defer { server.stop() }
        let created = try create("--copy-from", url).record
        let id = try #require(created["id"])
        #expect(created["size"] == String(disk.bytes.count))
        #expect(try eventually { try glance.status(of: id) == "active" })
        #expect(try glance.image(id)["checksum"]?.string == (try disk.digest("md5sum")))
        #expect(try glance.stores(disk, as: id))
        server.stop()
        try download(id)
        #expect(try disk.isSame(as: disk.back))
    }

    @Test func `leaves them where they are`() throws {
        defer { server.stop() }
        let created = try create("--location", url).record
        let id = try #require(created["id"])
        #expect(created["status"] == "active")
        #expect(created["size"] == String(disk.bytes.count))
        #expect(try !glance.storedFiles().contains(id))
        try download(id)
        #expect(try disk.isSame(as: disk.back))
    }

    @Test(arguments: ["--copy-from", "--location"])
    func `is refused what is not to be fetched`(_ way: String) throws {
        defer { server.stop() }
        for url in ["file:///etc/passwd", "http://localhost:\(glance.registryPort)/images", url.replacing("127.0.0.1", with: "2130706433")]
        {
            let refused = try create(way, url)
            #expect(refused.status != 0, "\(url)")
            #expect(refused.errors.contains("400"), "\(url): \(refused.errors)")
        }
        #expect(try create(way, url + ".none").status != 0)
        #expect(try glance.rows("SELECT CAST(COUNT(*) AS CHAR) FROM images WHERE status <> 'deleted'") == [["0"]])
    }
}
