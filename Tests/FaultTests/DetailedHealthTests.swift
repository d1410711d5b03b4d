import Foundation
import Stack
import TestSupport
import Testing

extension TestGlance {
    /// The detailed health check.
    fileprivate func health(_ headers: [String: String] = ["Accept": "application/json"]) throws -> Reply {
        try send("GET", "/healthcheck", as: nil, headers)
    }
}

extension Reply {
    /// The result about a part of the service.
    fileprivate func check(_ name: String) -> JSONValue? { json["checks"]?.array?.first { $0["name"]?.string == name } }

    /// The names of the parts, and whether they work.
    fileprivate var checks: [String: Bool] {
        Dictionary(uniqueKeysWithValues: (json["checks"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["ok"]?.bool ?? false) })
    }
}

/// Each part that the service depends on, with its time.
@Suite(.serialized) struct `The detailed health check` {
    private static let detailed = ["healthcheck": "detailed = true"]

    @Test func `tells that all is well, with times`() throws {
        let glance = try TestGlance(Self.detailed, runsRegistry: true)
        // The registry needs a moment for its first request.
        #expect(try eventually { try glance.health().status == 200 })
        let reply = try glance.health()
        #expect(reply.json.object?.keys == ["detailed", "reasons", "checks", "version"])
        #expect(reply.json["detailed"]?.bool == true)
        #expect(reply.json["reasons"]?.array?.map { $0["reason"]?.string } == ["OK"])
        #expect(reply.json["checks"]?.array?.map { $0["name"]?.string } == ["database", "registry", "store file"])
        for check in reply.json["checks"]?.array ?? [] {
            #expect(check.object?.keys == ["name", "ok", "seconds", "reason"])
            #expect(check["ok"]?.bool == true)
            #expect(check["reason"]?.string == "OK")
            guard case .double(let seconds)? = check["seconds"] else { throw Unexpected(reply) }
            #expect(seconds > 0)
        }
        #expect(try glance.send("GET", "/healthcheck?detail", as: nil).text == "OK\ndatabase: OK\nregistry: OK\nstore file: OK")
        #expect(try glance.send("GET", "/healthcheck", as: nil).text == "OK")
        #expect(try glance.send("HEAD", "/healthcheck?detail", as: nil).status == 204)
    }

    @Test func `tells that the database is away, and when it is back`() throws {
        let server = try PrivateMariaDB.fresh("mariadb-\(UInt32.random(in: 0...UInt32.max))")
        let glance = try TestGlance(Self.detailed, workers: 1, server: server)
        #expect(try glance.health().status == 200)
        server.kill()
        // A result may be some seconds old.
        #expect(try eventually { try glance.health().status == 503 })
        let reply = try glance.health()
        #expect(reply.checks == ["database": false, "store file": true])
        #expect(reply.check("database")?["reason"]?.string == "The image database cannot be reached now.")
        for secret in ["SELECT", "sock", "mysql", "MariaDB", glance.folder, glance.databaseName] { #expect(!reply.text.contains(secret)) }
        #expect(try glance.send("HEAD", "/healthcheck?detail", as: nil).status == 503)
        let page = try glance.send("GET", "/healthcheck?detail", as: nil, ["Accept": "text/html"])
        #expect(page.status == 503)
        #expect(page.text.contains("<td>database: The image database cannot be reached now.</td>"))
        // The plain form, for load balancers, is not affected: otherwise every node would be taken out at once.
        #expect(try glance.send("GET", "/healthcheck", as: nil).status == 200)
        #expect(try glance.workerLog().components(separatedBy: "database is not well: ").count == 2)

        try server.start()
        try server.waitUntilReady()
        #expect(try eventually { try glance.health().status == 200 })
        #expect(try eventually { try glance.workerLog().contains("database is well again") })
        server.stop()
    }

    @Test func `tells that the store or the registry is away`() throws {
        let glance = try TestGlance(Self.detailed, workers: 1, runsRegistry: true)
        #expect(try eventually { try glance.health().status == 200 })
        let away = glance.storeFolder + ".away"
        try FileManager.default.moveItem(atPath: glance.storeFolder, toPath: away)
        for registry in glance.site.registryIDs { kill(registry, SIGKILL) }
        #expect(try eventually { try glance.health().checks == ["database": true, "registry": false, "store file": false] })
        let reply = try glance.health()
        #expect(reply.status == 503)
        #expect(reply.check("store file")?["reason"]?.string == "The image store cannot be used now.")
        #expect(!reply.text.contains(glance.folder) && !reply.text.contains(String(glance.registryPort)))

        try FileManager.default.moveItem(atPath: away, toPath: glance.storeFolder)
        try glance.site.revive()
        #expect(try eventually { try glance.health().status == 200 })
    }

    @Test func `asks a database that does not answer once at a time, and holds up nobody else`() async throws {
        let hanging = try RawServer { connection, _ in _ = connection.readHead() }
        let glance = try TestGlance(
            [
                "healthcheck": "detailed = true", "vitrine": "metadata_threads = 4",
                "database": "connection = mysql+pymysql://glance:s3cret@127.0.0.1:\(hanging.port)/glance",
            ], workers: 1)
        let replies = try await atOnce(40) { _ in try glance.health() }
        for reply in replies {
            #expect(reply.status == 503)
            #expect(reply.checks == ["database": false, "store file": true])
            #expect(!reply.text.contains("s3cret") && !reply.text.contains(String(hanging.port)) && !reply.text.contains("127.0.0.1"))
        }
        #expect(replies.contains { $0.check("database")?["reason"]?.string == "There is no answer yet." })
        #expect(try glance.send("GET", "/versions", as: nil).status == 200)
        #expect(try glance.send("GET", "/healthcheck", as: nil).text == "OK")
    }
}
