import Foundation
import Stack
import TestSupport
import Testing

/// The registry is down, slow, or gone in the middle of an upload. V1 answers in bounded time; V2 does not need it.
@Suite(.serialized) struct `While the registry is away` {
    private static let patience = ["DEFAULT": "registry_client_timeout = 2"]

    static let requests: [(String, String, [String: String])] = [
        ("GET", "/v1/images", [:]), ("GET", "/v1/images/detail", [:]), ("HEAD", "/v1/images/{image}", [:]),
        ("GET", "/v1/images/{image}", [:]),
        ("PUT", "/v1/images/{image}", ["x-image-meta-name": "changed"]), ("DELETE", "/v1/images/{image}", [:]),
        ("POST", "/v1/images", ["x-image-meta-name": "made"]), ("GET", "/v1/images/{image}/members", [:]),
        ("PUT", "/v1/images/{image}/members/bolt", [:]), ("DELETE", "/v1/images/{image}/members/bolt", [:]),
        ("GET", "/v1/shared-images/acme", [:]),
    ]

    /// Sends every request of V1, and expects 503 and no change.
    private func expectUnavailable(_ glance: TestGlance, within seconds: Double) throws {
        let image = try glance.hasActiveImage("hello", name: "kept")
        let before = try glance.image(image)
        for (method, path, headers) in Self.requests {
            let began = Date()
            let reply = try glance.send(
                method, path.replacing("{image}", with: image), headers.merging(["Accept": "application/json"]) { $1 })
            #expect(reply.status == 503, "\(method) \(path)")
            #expect(Date().timeIntervalSince(began) < seconds, "\(method) \(path)")
            #expect(reply["Retry-After"] != nil)
            if method != "HEAD" { #expect(reply.json["message"]?.string == "The image registry cannot be reached now.") }
            #expect(!reply.text.contains(String(glance.registryPort)) && !reply.text.contains(TestGlance.secret))
        }
        let upload = try glance.send("POST", "/v1/images", v1Headers.merging(["x-image-meta-name": "made"]) { $1 }, body: [1, 2, 3])
        #expect(upload.status == 503)
        #expect(try glance.image(image) == before)
        #expect(try glance.send("GET", "/v2/images/\(image)/file").text == "hello")
        #expect(try glance.id(named: "made") == nil)
        #expect(try glance.storedFiles() == [image])
        #expect(try glance.incomingFiles().isEmpty)
    }

    @Test func `V1 is 503 when nobody listens`() throws {
        let secret = "registry_secret = \(TestGlance.secret)"
        let port = try freePort()
        try expectUnavailable(try TestGlance(["DEFAULT": "registry_port = \(port)", "vitrine": secret]), within: 5)
    }

    /// Requests from the time without a registry must not be executed later, after their senders got an error.
    @Test func `V1 is 503 when its workers are dead, and as it was when they are back`() throws {
        let glance = try TestGlance(Self.patience, runsRegistry: true)
        killRegistries(of: glance)
        try expectUnavailable(glance, within: 10)

        let image = try #require(try glance.id(named: "kept"))
        try glance.site.revive()
        for _ in 0..<50 { #expect(try glance.send("HEAD", "/v1/images/\(image)").status == 200) }
        #expect(try glance.send("HEAD", "/v1/images/\(image)")["x-image-meta-name"] == "kept")
        #expect(try glance.recordedStatus(of: image) == "active")
        #expect(try glance.id(named: "made") == nil)
        #expect(try glance.rows("SELECT member FROM image_members WHERE image_id = '\(image)'") == [])
        #expect(try glance.send("PUT", "/v1/images/\(image)", ["x-image-meta-name": "changed"]).status == 200)
        #expect(try glance.send("DELETE", "/v1/images/\(image)").status == 200)
    }

    @Test func `V1 is 503 when the registry does not know its secret`() throws {
        let glance = try TestGlance(runsRegistry: true)
        // A second API with another secret, in front of the same registry.
        let other = try TestGlance([
            "DEFAULT": "registry_port = \(glance.registryPort)", "vitrine": "registry_secret = another secret, as long",
        ])
        #expect(try other.send("GET", "/v1/images").status == 503)
        #expect(try other.workerLog().contains("the registry refuses this service's secret"))
        #expect(try glance.send("GET", "/v1/images").status == 200)
    }

    @Test func `a change that takes too long is 503`() throws {
        let glance = try TestGlance(Self.patience, runsRegistry: true)
        let image = try glance.hasActiveImage()
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        try holder.execute("START TRANSACTION")
        try holder.execute("SELECT id FROM images WHERE id = '\(image)' FOR UPDATE")
        for (method, headers) in [("PUT", ["x-image-meta-name": "changed"]), ("DELETE", [:])] {
            let began = Date()
            let reply = try glance.send(method, "/v1/images/\(image)", headers)
            #expect(reply.status == 503)
            #expect(Date().timeIntervalSince(began) >= 1.5)
            #expect(reply.text.contains("The image registry cannot be reached now."))
        }
        #expect(try glance.send("HEAD", "/v1/images/\(image)").status == 200, "who only reads does not wait")
        #expect(try glance.recordedStatus(of: image) == "active")
        try holder.execute("ROLLBACK")
    }

    @Test func `a list that takes too long is 503`() throws {
        let glance = try TestGlance(Self.patience, runsRegistry: true)
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        try holder.execute("LOCK TABLES images WRITE")
        let began = Date()
        #expect(try glance.send("GET", "/v1/images").status == 503)
        #expect(Date().timeIntervalSince(began) >= 1.5)
        try holder.execute("UNLOCK TABLES")
        #expect(try glance.send("GET", "/v1/images").status == 200)
    }

    @Test func `an upload goes on, and ends when the registry is back`() throws {
        let glance = try TestGlance(Self.patience, runsRegistry: true)
        let data = [UInt8](repeating: 4, count: 700_000)
        let connection = try glance.beginV1Upload(named: "through", length: data.count, sending: Array(data.dropLast()))
        #expect(try eventually { try glance.id(named: "through").flatMap { try glance.recordedStatus(of: $0) } == "saving" })
        let image = try #require(try glance.id(named: "through"))
        killRegistries(of: glance)
        try connection.send([data.last!])
        // Its bytes have their name in the store before the registry is told.
        #expect(try eventually { try glance.storedFiles().contains(image) })
        #expect(try glance.recordedStatus(of: image) == "saving")
        try glance.site.revive()
        let reply = try connection.receive()
        #expect(reply.status == 201)
        #expect(try glance.recordedStatus(of: image) == "active")
        #expect(try glance.send("GET", "/v2/images/\(image)/file").body.isSame(as: data))
    }

    @Test func `an upload that breaks off keeps no bytes, and glance-tasks gives its image back`() throws {
        let glance = try TestGlance(Self.patience, runsTasks: true, runsRegistry: true)
        let connection = try glance.beginV1Upload(named: "cut", length: 1 << 30, sending: [UInt8](repeating: 1, count: 1_000_000))
        #expect(try eventually { try glance.id(named: "cut").flatMap { try glance.recordedStatus(of: $0) } == "saving" })
        let image = try #require(try glance.id(named: "cut"))
        #expect(try eventually { try glance.incomingFiles().contains { $0.hasPrefix(image) } })
        killRegistries(of: glance)
        connection.hangUp()
        #expect(try eventually { try glance.hasNoBytes(of: image) })
        #expect(try glance.recordedStatus(of: image) == "saving")
        #expect(try glance.uploadsUnderWay(of: image) == 1)
        #expect(try eventually { try glance.uploadsUnderWay(of: image) == 0 })
        #expect(["queued", "killed"].contains(try glance.recordedStatus(of: image)))
        #expect(try glance.hasNoBytes(of: image))
    }

    @Test func `a worker of it that dies within a reading request is not seen`() throws {
        let glance = try TestGlance(workers: 1, runsRegistry: true)
        let image = try glance.hasActiveImage(name: "read")
        let holder = try SharedMariaDB.running().connect(to: glance.databaseName)
        for path in ["/v1/images/\(image)", "/v1/images/detail?name=read"] {
            try holder.execute("LOCK TABLES images WRITE")
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(glance.head("GET", path, .alice))
            #expect(try eventually { try glance.isWaiting(in: "images") })
            killRegistries(of: glance)
            try glance.site.revive()
            try holder.execute("UNLOCK TABLES")
            #expect(try connection.receive().status == 200, "\(path)")
        }
    }

    private func killRegistries(of glance: TestGlance) {
        for id in glance.site.registryIDs { kill(id, SIGKILL) }
        #expect(eventually { glance.site.registryIDs.isEmpty })
    }
}
