import TestSupport
import Testing

/// `user_storage_quota` in V1.
@Suite(.serialized, .sharesServices) struct `What a project may store by V1` {
    let glance: TestGlance
    init() throws {
        glance = try .of(
            Self.self, ["DEFAULT": "user_storage_quota = 100", "import_filtering_opts": "allowed_hosts = 127.0.0.1\nallowed_ports ="],
            runsTasks: true, runsRegistry: true)
        try glance.execute("UPDATE images SET status = 'deleted', deleted = 1")
    }

    private func data(_ count: Int) -> String { text(of: count) }

    @Test func `refuses an image before anything is made`() throws {
        let id = newID()
        let reply = try glance.create(formats.merging(["id": id]) { $1 }, data: data(101))
        #expect(reply.status == 413)
        for number in ["0 bytes", "100", "101"] { #expect(reply.says.contains(number), "\(reply.says)") }
        try glance.expectNoTrace(of: id)
        #expect(try glance.create(formats, data: data(100)).status == 201)
        #expect(try glance.create(formats, data: data(1)).status == 413)
    }

    @Test func `refuses data for an image that waits for them, and leaves it as it was`() throws {
        let id = try glance.hasV1Image(formats)
        let reply = try glance.update(id, ["name": "n"], data: data(101))
        #expect(reply.status == 413)
        #expect(try glance.recordedStatus(id) == "queued")
        #expect(try glance.head(of: id).meta("name") == nil)
        try glance.expectNoBytes(of: id)
        #expect(try glance.update(id, data: data(100)).status == 200)
    }

    @Test func `refuses bytes that lie elsewhere, and leaves the image as it was`() throws {
        let source = try RawServer { connection, _ in
            guard connection.readHead() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 101\r\nConnection: close\r\n\r\n")
        }
        let id = try glance.hasV1Image(formats)
        for headers in [["x-image-meta-location": source.url("/a")], ["x-glance-api-copy-from": source.url("/a")]] {
            let before = try glance.count("images", where: "deleted = 0")
            #expect(try glance.create(formats, headers: headers).status == 413)
            #expect(try glance.count("images", where: "deleted = 0") == before)
            #expect(try glance.update(id, ["name": "n"], headers: headers).status == 413)
            #expect(try glance.recordedStatus(id) == "queued")
            #expect(try glance.head(of: id).meta("name") == nil)
            try glance.expectNoBytes(of: id)
        }
        #expect(try glance.count("vitrine_copies", where: "TRUE") == 0)
    }

    @Test func `kills an image that brings more than it said`() throws {
        let id = newID()
        let fields = formats.merging(["id": id]) { $1 }
        let reply = try glance.sendHalves("POST", "/images", fields, to: id, Array(data(101).utf8))
        #expect(reply.status == 413, "\(reply.text)")
        #expect(try eventually { try glance.recordedStatus(id) == "killed" })
        try glance.expectNoBytes(of: id)
    }
}
