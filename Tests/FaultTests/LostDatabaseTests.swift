import Foundation
import Stack
import TestSupport
import Testing

@Suite(.serialized) struct `While the database is away` {
    let server: PrivateMariaDB
    let glance: TestGlance

    init() throws {
        server = try .fresh("mariadb-\(UInt32.random(in: 0...UInt32.max))")
        glance = try TestGlance(server: server)
    }

    @Test func `answers are 503, and the service is back when the database is`() throws {
        let image = try glance.hasImage()
        server.kill()
        let reply = try glance.send("GET", "/v2/images/\(image)")
        #expect(reply.status == 503)
        #expect(reply["Retry-After"] != nil)
        #expect(!reply.text.contains("mysql") && !reply.text.contains("SELECT") && !reply.text.contains("sock"))
        #expect(try glance.send("POST", "/v2/images", json: "{}").status == 503)
        #expect(try glance.send("GET", "/v2/images").status == 503)
        #expect(try glance.upload([1], to: image).status == 503)
        #expect(try glance.send("GET", "/versions").status == 200)
        let workers = glance.site.workerIDs

        try server.start()
        try server.waitUntilReady()
        #expect(try glance.send("GET", "/v2/images/\(image)").status == 200)
        #expect(try glance.upload([1], to: image).status == 204)
        #expect(glance.site.workerIDs == workers)
        server.stop()
    }

    @Test func `an upload that ends then waits for it`() throws {
        let image = try glance.hasImage()
        let data = [UInt8](repeating: 9, count: 600_000)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: data.count))
        try connection.send(Array(data.dropLast()))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        server.kill()
        try connection.send([data.last!])
        // Its bytes get their name before the record is written, so this is the moment after.
        #expect(try eventually { try glance.storedFiles().contains(image) })
        try server.start()
        try server.waitUntilReady()
        #expect(try connection.receive().status == 204)
        #expect(try glance.status(of: image) == "active")
        #expect(try glance.send("GET", "/v2/images/\(image)/file").body.isSame(as: data))
        server.stop()
    }

    @Test func `a change waits for whoever holds the row`() throws {
        // Before the service's first connection, which would use it.
        try server.connect().execute("SET GLOBAL innodb_lock_wait_timeout = 1")
        let image = try glance.hasImage()
        let holder = try server.connect(to: glance.databaseName)
        try holder.execute("START TRANSACTION")
        try holder.execute("UPDATE images SET name = 'held' WHERE id = '\(image)'")
        let connection = try HTTPConnection(port: glance.port)
        let change = #"[{"op": "replace", "path": "/name", "value": "changed"}]"#
        try connection.send(
            glance.head(
                "PATCH", "/v2/images/\(image)", .alice, ["Content-Type": "application/openstack-images-v2.1-json-patch"],
                length: change.utf8.count))
        try connection.send(change)
        // Longer than the database waits for a lock, shorter than the service does: the transaction is retried.
        let waits = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_row_lock_waits'"
        #expect(try eventually { Int(try glance.rows(waits, on: server)[0][0] ?? "")! >= 2 })
        try holder.execute("COMMIT")
        #expect(try connection.receive().status == 200)
        #expect(try glance.image(image)["name"]?.string == "changed")
        server.stop()
    }
}
