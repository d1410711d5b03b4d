import TestSupport
import Testing

/// `user_storage_quota` in V1. Spec v1 §6 and §8, policy-and-auth §6.
@Suite(.serialized) struct `What a project may store by V1` {
    let glance: TestGlance
    init() throws {
        glance = try .of(Self.self, ["DEFAULT": "user_storage_quota = 100"], runsTasks: true, runsRegistry: true)
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
        let id = try glance.hasClassic(formats)
        let reply = try glance.update(id, ["name": "n"], data: data(101))
        #expect(reply.status == 413)
        #expect(try glance.recordedStatus(id) == "queued")
        #expect(try glance.head(of: id).meta("name") == nil)
        try glance.expectNoBytes(of: id)
        #expect(try glance.update(id, data: data(100)).status == 200)
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
