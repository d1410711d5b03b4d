import Foundation
import Glibc
import JSONDocument
import Stack
import TestSupport
import Testing

/// Downloads as the database has them.
extension TestGlance {
    /// Project, user, method, downloads, ranges, incomplete, bytes of an image, over all days.
    func useByCaller(of id: String) throws -> [String] {
        try rows(
            """
            SELECT CONCAT_WS(' ', project, user, method, SUM(downloads), SUM(ranges), SUM(incomplete), SUM(bytes))
              FROM vitrine_downloads WHERE image_id = '\(id)' GROUP BY project, user, method ORDER BY method, project, user
            """
        ).compactMap(\.first).compactMap(\.self)
    }

    /// Downloads, ranges, incomplete, bytes of an image, by `vitrine_image_use`.
    func use(of id: String) throws -> String? {
        try rows("SELECT CONCAT_WS(' ', downloads, ranges, incomplete, bytes) FROM vitrine_image_use WHERE image_id = '\(id)'").first?.first
            ?? nil
    }
}

@Suite struct `Use of images` {
    @Test func `is counted as the clients received it, by caller and API`() throws {
        let glance = try TestGlance(runsTasks: true, runsRegistry: true)
        let id = try glance.hasActiveImage("hello", visibility: "public")
        func get(_ path: String, as person: TestGlance.Person = .bob, _ headers: [String: String] = [:]) throws -> Int {
            let reply = try glance.send("GET", path, as: person, headers)
            return [200, 206].contains(reply.status) ? reply.body.count : 0
        }
        let file = "/v2/images/\(id)/file"
        // The service's token beside the user's does not make it the service's download.
        var received = try get(file) + get(file, ["X-Service-Token": "admin"])
        received += try get(file, ["Range": "bytes=1-3"])
        // The worker evaluates this condition, and then sends the bytes itself.
        received += try get(file, ["If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT", "Range": "bytes=0-1"])
        #expect(try get(file, ["Range": "bytes=9-"]) == 0)
        let tag = try #require(try glance.send("HEAD", file, as: .bob)["ETag"])
        #expect(try get(file, ["If-None-Match": tag]) == 0)
        var byAlice = try get(file, as: .alice)
        var byV1 = try get("/v1/images/\(id)")
        #expect(try glance.send("HEAD", "/v1/images/\(id)", as: .bob).status == 200)
        // With a property, V1's answer comes from the worker too.
        #expect(try glance.patch(id, as: .admin, #"[{"op": "add", "path": "/os", "value": "x"}]"#).status == 200)
        byV1 += try get("/v1/images/\(id)")
        #expect((received, byV1) == (15, 10))
        byAlice += try get(file, as: .alice)
        let expected = ["bolt bob v1 2 0 0 \(byV1)", "acme alice v2 2 0 0 \(byAlice)", "bolt bob v2 2 2 0 \(received)"]
        #expect(try eventually { try glance.useByCaller(of: id) == expected })
        #expect(try glance.useByCaller(of: id) == expected)
        #expect(try glance.use(of: id) == "6 2 0 \(received + byV1 + byAlice)")
        let days = try glance.rows("SELECT DISTINCT DATEDIFF(UTC_DATE(), day) <= 1 FROM vitrine_downloads")
        #expect(days == [["1"]])
        let last = try glance.rows(
            "SELECT ABS(TIMESTAMPDIFF(SECOND, last_downloaded_at, UTC_TIMESTAMP())) < 600, first_downloaded_at <= last_downloaded_at FROM vitrine_image_use",
            columns: 2)
        #expect(last == [["1", "1"]])
    }

    @Test func `counts what broke off apart, with its bytes`() throws {
        let glance = try TestGlance(runsTasks: true)
        let size = 64 << 20
        let id = try glance.hasImage()
        #expect(try glance.upload([UInt8](repeating: 7, count: size), to: id).status == 204)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("GET", "/v2/images/\(id)/file", .alice))
        #expect(try connection.receiveHead().status == 200)
        connection.abort()
        #expect(try eventually { try glance.use(of: id) != nil })
        let words = try #require(try glance.use(of: id)?.split(separator: " ").compactMap { Int($0) })
        #expect(words.dropLast() == [0, 0, 1] && words[3] < size)
        let line = try String(contentsOfFile: Site.sendLog(in: glance.folder), encoding: .utf8)
        #expect(line.contains("\"bytes\":\(words[3]),"), "\(line)")
    }

    @Test func `tells what came from the image cache`() throws {
        let cache = "\(TestFolder.root)/use-cache-\(UInt32.random(in: 0 ... .max))"
        let glance = try TestGlance(["paste_deploy": "flavor = caching"], cacheFolder: cache, runsTasks: true)
        let (cached, other) = (try glance.hasActiveImage("hello"), try glance.hasActiveImage("hello"))
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        try Data("HELLO".utf8).write(to: URL(filePath: "\(cache)/\(cached)"))
        #expect(try glance.send("GET", "/v2/images/\(cached)/file").text == "HELLO")
        #expect(try glance.send("GET", "/v2/images/\(other)/file").text == "hello")
        #expect(try eventually { try glance.useByCaller(of: other) == ["acme alice v2 1 0 0 5"] })
        #expect(try eventually { try glance.useByCaller(of: cached) == ["acme alice cache 1 0 0 5"] })
    }

    @Test func `is what OpenStack's clients downloaded`() throws {
        let glance = try TestGlance(identity: "none", runsTasks: true)
        let id = try glance.hasActiveImage(String(repeating: "0123456789", count: 50_000))
        let (back, address) = ("\(glance.folder)/back", "http://127.0.0.1:\(glance.port)")
        try Clients.run("glance", ["--os-auth-token", "x", "--os-image-url", address, "image-download", "--file", back, id]).succeeded()
        let named = ["OS_AUTH_TYPE": "none", "OS_ENDPOINT": address]
        try Clients.run("openstack", ["image", "save", "--file", "\(back)-too", id], named).succeeded()
        #expect(try eventually { try glance.useByCaller(of: id) == ["admin  v2 2 0 0 1000000"] })
        #expect(try glance.send("GET", "/v2/images/\(id)/usage").json["downloads"] == 2)
    }

    @Test func `is not recorded where an option says so`() throws {
        let glance = try TestGlance(["vitrine": "record_use = false"], runsTasks: true)
        let id = try glance.hasActiveImage("hello")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello")
        #expect(try String(contentsOfFile: Site.sendLog(in: glance.folder), encoding: .utf8) == "")
        let usage = try glance.send("GET", "/v2/images/\(id)/usage").json
        #expect(usage["downloads"] == 0 && usage["last_downloaded_at"] == .null && usage["days"] == .array([]))
    }

    @Test func `is recorded beside notifications, from the same lines`() throws {
        let listening = try Listening(["messagingv2"], ["DEFAULT": "transport_url = rabbit://x:y@127.0.0.1:1/"])
        let glance = listening.glance
        let id = try glance.hasActiveImage("hello")
        for _ in 0..<40 { #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "hello") }
        #expect(try eventually { try glance.use(of: id) == "40 0 0 200" })
        #expect(try listening.waiting("event_type = 'image.send'").count == 40)
    }

    @Test func `is forgotten after so many days, and with its image`() throws {
        let glance = try TestGlance(["vitrine": "use_kept = 10"])
        let id = try glance.hasActiveImage("hello")
        func add(_ days: Int, _ image: String, _ count: Int) throws {
            try glance.execute(
                """
                INSERT INTO vitrine_downloads (day, image_id, user, method, downloads, last_at)
                SELECT UTC_DATE() - INTERVAL \(days) DAY, '\(image)', seq, 'v2', 1, UTC_TIMESTAMP() FROM seq_1_to_\(count)
                """)
        }
        try add(12, id, 2500)
        try add(9, id, 3)
        for image in [id, "purged-1", "purged-2"] {
            try glance.execute(
                "INSERT INTO vitrine_image_use (image_id, first_downloaded_at, last_downloaded_at) VALUES ('\(image)', UTC_TIMESTAMP(), UTC_TIMESTAMP())"
            )
        }
        let tasks = try Tasks(of: glance)
        #expect(try eventually { try glance.rows("SELECT image_id FROM vitrine_image_use") == [[id]] })
        #expect(try glance.rows("SELECT COUNT(*), MIN(DATEDIFF(UTC_DATE(), day)) FROM vitrine_downloads", columns: 2) == [["3", "9"]])
        withExtendedLifetime(tasks) {}
        // `db purge_images_table` takes it with the image.
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        try glance.execute("DELETE FROM vitrine_removals")
        try glance.execute("UPDATE images SET deleted_at = UTC_TIMESTAMP() - INTERVAL 2 DAY WHERE id = '\(id)'")
        for part in ["image_properties", "image_tags", "image_locations", "image_members"] {
            try glance.execute("DELETE FROM \(part) WHERE image_id = '\(id)'")
        }
        let purge = ["--config-file", glance.configurationFile, "db", "purge_images_table", "1"]
        try Command("\(TestGlance.programs)/glance-manage", purge).succeeded()
        #expect(try glance.rows("SELECT id FROM images WHERE id = '\(id)'") == [])
        #expect(try glance.rows("SELECT image_id FROM vitrine_image_use") == [])
    }
}

/// `GET /v2/images/{id}/usage`.
@Suite(.sharesServices) struct `Asking for the use of an image` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    private func usage(_ id: String, _ query: String = "", as person: TestGlance.Person? = .alice) throws -> Reply {
        try glance.send("GET", "/v2/images/\(id)/usage\(query)", as: person)
    }

    private func hasUse(_ id: String) throws {
        try glance.execute(
            """
            INSERT INTO vitrine_downloads (day, image_id, project, user, method, downloads, ranges, incomplete, bytes, last_at) VALUES
            (UTC_DATE(), '\(id)', 'acme', 'alice', 'v2', 1, 2, 3, 4, UTC_TIMESTAMP()),
            (UTC_DATE(), '\(id)', 'bolt', 'bob', 'cache', 1, 0, 0, 6, UTC_TIMESTAMP()),
            (UTC_DATE() - INTERVAL 29 DAY, '\(id)', 'bolt', 'bob', 'v1', 7, 0, 0, 70, UTC_TIMESTAMP()),
            ('2026-02-28', '\(id)', 'bolt', 'bob', 'v1', 9, 0, 0, 90, '2026-02-28'),
            (UTC_DATE(), 'another', 'acme', 'alice', 'v2', 1, 2, 3, 4, UTC_TIMESTAMP())
            """)
        try glance.execute(
            """
            INSERT INTO vitrine_image_use (image_id, first_downloaded_at, last_downloaded_at, downloads, ranges, incomplete, bytes)
            VALUES ('\(id)', '2026-02-28 01:02:03.9', '2026-11-29 04:05:06.9', 18, 2, 3, 170)
            """)
        try glance.execute("DELETE FROM vitrine_downloads WHERE image_id = 'another'")
    }

    @Test func `tells its owner and administrators`() throws {
        let id = try glance.hasActiveImage("hello")
        try hasUse(id)
        for person in [TestGlance.Person.alice, .anna, .reader, .admin] {
            let reply = try usage(id, as: person)
            #expect(reply.status == 200, "\(person)")
            let json = reply.json
            #expect(
                json.object?.keys == [
                    "image_id", "first_downloaded_at", "last_downloaded_at", "downloads", "ranges", "incomplete", "bytes", "since", "until",
                    "days",
                ])
            #expect(json["first_downloaded_at"] == "2026-02-28T01:02:03Z" && json["last_downloaded_at"] == "2026-11-29T04:05:06Z")
            #expect(["downloads", "ranges", "incomplete", "bytes"].map { json[$0]?.int } == [18, 2, 3, 170])
            let days = json["days"]?.array ?? []
            let numbers = days.map { day in ["downloads", "ranges", "incomplete", "bytes"].map { day[$0]?.int } }
            #expect(numbers == [[7, 0, 0, 70], [2, 2, 3, 10]])
            #expect(days.map { $0["day"] } == [json["since"], json["until"]])
        }
        let february = try usage(id, "?since=2026-02-01&until=2026-02-28").json
        #expect(february["days"]?.array?.map { $0["bytes"]?.int } == [90])
        #expect(february["since"] == "2026-02-01" && february["until"] == "2026-02-28")
        #expect(try glance.send("HEAD", "/v2/images/\(id)/usage").status == 200)
    }

    @Test func `tells nobody else, and of no image that is not there`() throws {
        let (open, closed) = (try glance.hasActiveImage("hello", visibility: "public"), try glance.hasActiveImage("hello"))
        #expect(try usage(open, as: .bob).status == 403)
        #expect(try usage(closed, as: .bob).status == 404)
        #expect(try usage(open, as: nil).status == 401)
        #expect(try usage(UUID().uuidString.lowercased()).status == 404)
        #expect(try usage("x%27--").status == 404)
        // A member sees the image, and is not its owner.
        #expect(try glance.send("POST", "/v2/images/\(closed)/members", json: #"{"member": "bolt"}"#).status == 200)
        #expect(try usage(closed, as: .bob).status == 403)
        #expect(try glance.send("PUT", "/v2/images/\(closed)/usage").status == 405)
    }

    @Test(arguments: [
        ("?since=yesterday", "'since' must be a day such as"), ("?until=2026-02-30", "'until' must be a day such as"),
        ("?since=2026-1-1", "'since' must be a day such as"), ("?since=", "'since' must be a day such as"),
        ("?since=2026-03-02&until=2026-03-01", "comes after the day"), ("?since=2020-01-01", "more than 400 days"),
        ("?since=2025-01-01&until=2026-02-05", "more than 400 days"), ("?until=0001-01-01", "'until' must be a day such as"),
        ("?since=2026-01-01%27", "'since' must be a day such as"), ("?since=2999-01-01", "comes after the day"),
    ])
    func `refuses days that are none, in the wrong order or too many`(_ query: String, _ said: String) throws {
        let id = try glance.hasImage()
        let reply = try usage(id, query)
        #expect(reply.status == 400 && reply.text.contains(said), "\(reply.text)")
    }

    @Test func `takes 400 days at once`() throws {
        let id = try glance.hasImage()
        #expect(try usage(id, "?since=2025-01-01&until=2026-02-04").status == 200)
    }
}
