import Foundation
import TestSupport
import Testing

/// `/v2/images/{image}/locations`.
@Suite(.serialized, .sharesServices) struct `A location` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, Source.allowed, runsTasks: true) }

    private func add(_ url: String, to id: String, _ rest: String = "", as person: TestGlance.Person? = .alice) throws -> Reply {
        try glance.send("POST", "/v2/images/\(id)/locations", as: person, json: #"{"url": "\#(url)"\#(rest)}"#)
    }

    private func locations(of id: String, as person: TestGlance.Person? = .admin) throws -> Reply {
        try glance.send("GET", "/v2/images/\(id)/locations", as: person)
    }

    private func validation(_ algorithm: String, _ value: String) -> String {
        #", "validation_data": {"os_hash_algo": "\#(algorithm)", "os_hash_value": "\#(value)"}"#
    }

    // MARK: taken

    /// Tempest expects no body.
    @Test(arguments: ["", #", "validation_data": {}"#, #", "validation_data": null"#])
    func `makes an image active, and its digests come later`(_ rest: String) throws {
        let sample = try Sample(900_000)
        let source = try Source(sample.bytes, holdingAfter: 400_000)
        let id = try glance.hasImage()
        let reply = try add(source.url, to: id, rest)
        #expect(reply.status == 202 && reply.body.isEmpty)
        #expect(try eventually { try glance.status(of: id) == "active" })
        let early = try glance.image(id)
        #expect(early["size"]?.int == 900_000)
        #expect(early["checksum"] == .null && early["os_hash_value"] == .null)
        #expect(try glance.task(on: id)["status"]?.string == "processing")
        source.release()
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "success" && task["type"]?.string == "location_import")
        #expect(task["input"]?["loc_url"]?.string == source.url)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["os_glance_import_task"] == nil)
        #expect(image["checksum"]?.string == sample.md5)
        #expect(image["os_hash_algo"]?.string == "sha512" && image["os_hash_value"]?.string == sample.sha512)
        // The bytes stay where they are.
        #expect(try !glance.files(of: "images").contains { $0.hasPrefix(id) })
        #expect(try glance.send("GET", "/v2/images/\(id)/file").body.isSame(as: sample.bytes))

        let listed = try locations(of: id)
        #expect(listed.status == 200 && listed.json.array?.count == 1)
        #expect(listed.json.array?.first?["url"]?.string == source.url)
        #expect(listed.json.array?.first?["metadata"]?.object != nil)
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        #expect(source.heads.allSatisfy { $0.hasPrefix("GET") || $0.hasPrefix("HEAD") })
    }

    @Test func `whose data are as expected makes an image active`() throws {
        let sample = try Sample(900_000)
        for (algorithm, value) in [("sha256", sample.sha256), ("sha512", sample.sha512), ("md5", sample.md5)] {
            let source = try Source(sample.bytes, holdingAfter: 400_000)
            let id = try glance.hasImage()
            #expect(try add(source.url, to: id, validation(algorithm, value)).status == 202)
            // Only after all of them were read.
            #expect(eventually { source.heads.contains { $0.hasPrefix("GET") } })
            #expect(try glance.status(of: id) == "importing")
            #expect(try glance.send("GET", "/v2/images/\(id)/file").status != 200)
            source.release()
            #expect(try glance.ended(on: id)["status"]?.string == "success")
            let image = try glance.image(id)
            #expect(image["status"]?.string == "active" && image["size"]?.int == 900_000)
            #expect(image["os_hash_algo"]?.string == algorithm && image["os_hash_value"]?.string == value)
            #expect(image["checksum"]?.string == sample.md5)
        }
    }

    /// Unlike in Glance, where the location stays.
    @Test func `whose data are others is none`() throws {
        let sample = try Sample(900_000)
        let source = try Source(sample.bytes)
        let id = try glance.hasImage()
        #expect(try add(source.url, to: id, validation("sha256", String(repeating: "0", count: 64))).status == 202)
        let task = try glance.ended(on: id)
        #expect(task["status"]?.string == "failure" && task["message"]?.string?.contains(sample.sha256) == true)
        try glance.expectNothing(of: id)
        #expect(try glance.image(id)["os_glance_import_error"] == task["message"])
        #expect(try locations(of: id).json.array?.isEmpty == true)
        let again = try add(source.url, to: id, validation("sha256", sample.sha256))
        #expect(again.status == 202)
        #expect(try glance.ended(on: id, of: again["x-openstack-request-id"])["status"]?.string == "success")
        #expect(try glance.image(id)["os_glance_import_error"] == nil)
    }

    @Test func `with nothing behind it is none`() throws {
        let empty = try Source([])
        let missing = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("404 Not Found")
        }
        let lost = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: http://169.254.169.254/\r\n")
        }
        let sizeless = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.0 200 OK\r\n\r\n")
        }
        for url in [empty.url, missing.url(), lost.url(), sizeless.url(), "http://127.0.0.1:\(try freePort())/"] {
            let id = try glance.hasImage()
            #expect(try add(url, to: id).status == 202, "\(url)")
            let task = try glance.ended(on: id)
            #expect(task["status"]?.string == "failure" && task["message"]?.string != "", "\(url)")
            try glance.expectNothing(of: id)
        }
    }

    /// It is active already, and stays so.
    @Test func `whose data cannot be read later stays, without digests`() throws {
        let server = try RawServer { connection, _ in
            guard let head = connection.readHead() else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n")
            if head.hasPrefix("GET") { connection.send("too little") }
        }
        let id = try glance.hasImage()
        #expect(try add(server.url(), to: id).status == 202)
        _ = try glance.ended(on: id)
        let image = try glance.image(id)
        #expect(image["status"]?.string == "active" && image["size"]?.int == 1000)
        #expect(image["checksum"] == .null && image["os_glance_import_task"] == nil)
    }

    @Test func `is believed where nobody is to look`() throws {
        let glance = try TestGlance(Source.allowed.merging(["DEFAULT": "do_secure_hash = false"]) { $1 }, workers: 1, runsTasks: true)
        let source = try Source(try Sample(10_000).bytes)
        let (told, untold) = (try glance.hasImage(), try glance.hasImage())
        let value = String(repeating: "0", count: 64)
        for (id, rest) in [(told, validation("sha256", value)), (untold, "")] {
            let body = #"{"url": "\#(source.url)"\#(rest)}"#
            #expect(try glance.send("POST", "/v2/images/\(id)/locations", json: body).status == 202)
            #expect(try glance.ended(on: id)["status"]?.string == "success")
            #expect(try glance.status(of: id) == "active")
        }
        #expect(try glance.image(told)["os_hash_value"]?.string == value)
        #expect(try glance.image(told)["size"]?.int == 10_000)
        #expect(try glance.image(untold)["os_hash_value"] == .null)
        #expect(!source.heads.contains { $0.hasPrefix("GET") })
    }

    // MARK: refused

    static let bodies = [
        "", "{", "[]", "{}", #"{"url": null}"#, #"{"url": 5}"#, #"{"url": ""}"#, #"{"url": "http://127.0.0.1:1/", "validation_data": 5}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_algo": "sha256"}}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_value": "00"}}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_algo": "crc", "os_hash_value": "00"}}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_algo": "md5", "os_hash_value": "00"}}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_algo": "md5", "os_hash_value": "zd41402abc4b2a76b9719d911017c592"}}"#,
        #"{"url": "http://127.0.0.1:1/", "validation_data": {"os_hash_algo": "md5", "os_hash_value": "5d41402abc4b2a76b9719d911017c592", "x": 1}}"#,
        #"{"url": "http://127.0.0.1:1/\#(String(repeating: "a", count: 70_000))"}"#,
    ]

    @Test(arguments: bodies) func `is none for its body`(_ body: String) throws {
        let id = try glance.hasImage()
        let reply = try glance.send("POST", "/v2/images/\(id)/locations", json: body)
        #expect([400, 403].contains(reply.status), "\(body.prefix(100)): \(reply.text)")
        if !body.contains(#""url": """#) { #expect(reply.status == 400, "\(body.prefix(100))") }
        try glance.expectNothing(of: id)
        #expect(try glance.count("tasks", where: "image_id = '\(id)'") == 0)
    }

    static let urls = [
        "file:///etc/passwd", "FILE:///etc/passwd", "file:/x", " file:///etc/passwd", "file://localhost/x", "filesystem:///etc/passwd",
        "swift+config://a/b", "swift://a", "rbd://a/b/c/d", "cinder://a", "s3://a", "sheepdog://127.0.0.1:7000:;touch /tmp/pwned;",
        "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http://", "httpx://127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/",
        "http://2130706433/", "http://0x7f000001/", "http://[::1]/", "http://localhost/",
    ]

    @Test(arguments: urls) func `elsewhere than on the web is none`(_ url: String) throws {
        for person in [TestGlance.Person.alice, .admin] {
            let id = try glance.hasImage()
            let reply = try add(url, to: id, as: person)
            #expect([400, 403].contains(reply.status), "\(url): \(reply.text)")
            try glance.expectNothing(of: id)
            #expect(try glance.count("tasks", where: "image_id = '\(id)'") == 0)
        }
    }

    @Test func `of the service's own is none`() throws {
        let (victim, id) = (try glance.hasActiveImage("secret"), try glance.hasImage(as: .bob))
        #expect([400, 403].contains(try add("file://\(glance.storeFolder)/\(victim)", to: id, as: .bob).status))
        #expect([400, 403].contains(try add("file://\(glance.storeFolder)/\(victim)", to: id, as: .admin).status))
        try glance.expectNothing(of: id)
    }

    @Test func `is for a queued image alone`() throws {
        let source = try Source(Array("hello".utf8))
        let (active, staged) = (try glance.hasActiveImage(), try glance.hasStagedImage([1]))
        let deactivated = try glance.hasActiveImage()
        #expect(try glance.send("POST", "/v2/images/\(deactivated)/actions/deactivate").status == 204)
        for id in [active, staged, deactivated] {
            let before = try glance.image(id)
            #expect(try add(source.url, to: id).status == 409)
            #expect(try glance.image(id) == before)
        }
        #expect(try locations(of: active).json.array?.count == 1)
        let held = try Source(Array("hello".utf8), holdingAfter: 1)
        let importing = try glance.hasImage()
        try glance.downloads(held.url, to: importing)
        #expect(try add(source.url, to: importing).status == 409)
        held.release()
        #expect(try glance.ended(on: importing)["status"]?.string == "success")
        let bare = try glance.hasImage("{}")
        #expect(try add(source.url, to: bare).status == 409)
        try glance.expectNothing(of: bare)
        #expect(source.heads.isEmpty)
    }

    @Test func `of two at once is one`() async throws {
        let glance = glance
        let source = try Source(Array("hello".utf8))
        let (id, url) = (try glance.hasImage(), source.url)
        let statuses = try await atOnce(8) { _ in
            try glance.send("POST", "/v2/images/\(id)/locations", json: #"{"url": "\#(url)"}"#).status
        }
        #expect(statuses.count { $0 == 202 } == 1 && statuses.allSatisfy { $0 == 202 || $0 == 409 }, "\(statuses)")
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        #expect(try glance.count("image_locations", where: "image_id = '\(id)' AND deleted = 0") == 1)
    }

    @Test func `is added by those who may change the image, and told to services`() throws {
        let source = try Source(Array("hello".utf8))
        let id = try glance.hasImage(
            as: .admin, #"{"disk_format": "raw", "container_format": "bare", "visibility": "public", "owner": "acme"}"#)
        let own = try glance.hasImage()
        for (person, image, status) in [
            (TestGlance.Person.bob, id, 403), (.reader, id, 403), (.bob, own, 404), (.reader, own, 403),
            (.alice, UUID().uuidString.lowercased(), 404), (.alice, "nothing", 404),
        ] {
            #expect(try add(source.url, to: image, as: person).status == status, "\(person): \(image)")
        }
        #expect(try add(source.url, to: id, as: nil).status == 401)
        for image in [id, own] { try glance.expectNothing(of: image) }

        #expect(try locations(of: own).text == "[]")
        for (person, image, status) in [
            (TestGlance.Person.alice, own, 403), (.reader, own, 403), (.bob, own, 404), (.bob, id, 403), (.admin, own, 200),
            (.admin, UUID().uuidString.lowercased(), 404),
        ] {
            #expect(try locations(of: image, as: person).status == status, "\(person): \(image)")
        }
        #expect(try locations(of: own, as: nil).status == 401)
    }

    @Test func `is none where the site has no store of the web`() throws {
        let glance = try TestGlance(Source.allowed.merging(["glance_store": "stores = file"]) { $1 }, workers: 1)
        let source = try Source(Array("hello".utf8))
        let id = try glance.hasImage()
        #expect(try glance.send("POST", "/v2/images/\(id)/locations", json: #"{"url": "\#(source.url)"}"#).status == 403)
        try glance.expectNothing(of: id)
    }
}
