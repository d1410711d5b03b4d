import Foundation
import Glibc
import JSONDocument
import Stack
import TestSupport
import Testing

/// Bytes that were sent to a client, as nginx counts them.
@Suite(.serialized) struct `Bytes that were sent` {
    let listening: Listening
    let log: String
    var glance: TestGlance { listening.glance }

    /// A broker that cannot be reached, so that all notifications stay in the table.
    init() throws {
        listening = try Listening(["messagingv2"], ["DEFAULT": "transport_url = rabbit://x:y@127.0.0.1:1/"], runsTasks: false)
        log = Site.sendLog(in: listening.glance.folder)
    }

    private func sends() throws -> [Listening.Waiting] { try listening.waiting("event_type = 'image.send'") }

    private func download(_ id: String, _ headers: [String: String] = [:]) throws -> Reply {
        try glance.send("GET", "/v2/images/\(id)/file", as: .bob, headers)
    }

    @Test func `are told with whose they were and who got them`() throws {
        let tasks = try Tasks(of: glance)
        let id = try glance.hasActiveImage("hello", visibility: "public")
        let reply = try download(id, ["X-Openstack-Request-Id": "req-send"])
        #expect(reply.text == "hello")
        #expect(reply["X-Vitrine-Send"] == nil)
        #expect(try eventually { try sends().count == 1 })
        let told = try #require(try sends().first)
        #expect(told.priority == "INFO" && told.request == "req-send")
        let expected: JSONObject = [
            "bytes_sent": 5, "image_id": .string(id), "owner_id": "acme", "receiver_tenant_id": "bolt", "receiver_user_id": "bob",
        ]
        #expect(told.payload.object == expected)
        let age = try glance.rows(
            "SELECT ABS(TIMESTAMPDIFF(SECOND, happened_at, UTC_TIMESTAMP())) < 60 FROM vitrine_notifications WHERE event_type = 'image.send'"
        )
        #expect(age == [["1"]])
        withExtendedLifetime(tasks) {}
    }

    @Test func `are counted for a part, for what a worker sends, and for V1`() throws {
        let tasks = try Tasks(of: glance)
        let id = try glance.hasActiveImage("hello", visibility: "public")
        #expect(try download(id, ["Range": "bytes=1-3"]).text == "ell")
        // The worker evaluates this condition, and then sends the bytes itself.
        #expect(try download(id, ["If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT", "Range": "bytes=0-1"]).text == "he")
        #expect(try glance.send("GET", "/v1/images/\(id)", as: .bob).text == "hello")
        // With a property, V1's answer comes from the worker too.
        #expect(try glance.patch(id, as: .admin, #"[{"op": "add", "path": "/os", "value": "x"}]"#).status == 200)
        let v1 = try glance.send("GET", "/v1/images/\(id)", as: .bob)
        #expect(v1.text == "hello" && v1["X-Vitrine-Send"] == nil)
        #expect(try eventually { try sends().count == 4 })
        // Each of nginx's processes writes its line when it is done, which may be after the client has asked another one.
        let told = try sends().sorted { ($0.payload["bytes_sent"]?.int ?? 0) < ($1.payload["bytes_sent"]?.int ?? 0) }
        #expect(told.map { $0.payload["bytes_sent"]?.int } == [2, 3, 5, 5])
        #expect(told.map(\.priority) == Array(repeating: "INFO", count: 4))
        #expect(told.map { $0.payload["destination_ip"]?.string } == [nil, nil, "127.0.0.1", "127.0.0.1"])
        withExtendedLifetime(tasks) {}
    }

    @Test func `are none where no data was in the answer`() throws {
        let tasks = try Tasks(of: glance)
        let id = try glance.hasActiveImage("hello", visibility: "public")
        let tag = try #require(try download(id)["ETag"])
        #expect(try glance.send("HEAD", "/v2/images/\(id)/file").status == 200)
        #expect(try glance.send("HEAD", "/v1/images/\(id)").status == 200)
        #expect(try download(id, ["If-None-Match": tag]).status == 304)
        #expect(try download(id, ["Range": "bytes=9-"]).status == 416)
        #expect(try download(try glance.hasImage()).status == 404)
        #expect(try download(id, ["Range": "bytes=0-0"]).text == "h")
        #expect(try eventually { try sends().count >= 2 })
        #expect(try Set(sends().map { $0.payload["bytes_sent"]?.int }) == [1, 5])
        #expect(try sends().count == 2)
        withExtendedLifetime(tasks) {}
    }

    @Test func `are an error when the client hung up before it had all`() throws {
        let tasks = try Tasks(of: glance)
        let size = 64 << 20
        let id = try glance.hasImage(#"{"disk_format": "raw", "container_format": "bare"}"#)
        #expect(try glance.upload([UInt8](repeating: 7, count: size), to: id).status == 204)
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("GET", "/v2/images/\(id)/file", .alice))
        #expect(try connection.receiveHead().status == 200)
        connection.abort()
        #expect(try eventually { try sends().count == 1 })
        let told = try #require(try sends().first)
        #expect(told.priority == "ERROR")
        let bytes = try #require(told.payload["bytes_sent"]?.int)
        #expect(bytes < size)
        withExtendedLifetime(tasks) {}
    }

    @Test func `count once each, whatever becomes of the log and of its reader`() throws {
        var tasks: Tasks? = try Tasks(of: glance)
        let id = try glance.hasActiveImage("0123456789", visibility: "public")
        func ask(_ count: Int) throws { #expect(try download(id, ["Range": "bytes=0-\(count - 1)"]).status == 206) }
        func told() throws -> [Int64] { try sends().compactMap { $0.payload["bytes_sent"]?.int } }
        try ask(1)
        #expect(try eventually { try told() == [1] })

        // No process reads; the log is renamed and a new one begun.
        tasks = nil
        try ask(2)
        #expect(try eventually { try lines(of: log) == 2 })
        rename(log, "\(log).1")
        kill(try #require(glance.site.nginxID), SIGUSR1)
        #expect(eventually { FileManager.default.fileExists(atPath: log) })
        try ask(3)
        tasks = try Tasks(of: glance)
        #expect(try eventually { try told() == [1, 2, 3] })

        // Renamed while it is read.
        rename(log, "\(log).2")
        try ask(4)
        kill(try #require(glance.site.nginxID), SIGUSR1)
        #expect(eventually { FileManager.default.fileExists(atPath: log) })
        #expect(try eventually { try told() == [1, 2, 3, 4] })
        try ask(5)
        #expect(try eventually { try told() == [1, 2, 3, 4, 5] })

        // Lines that nginx did not write, a long one without an end, and then the end of the next.
        let strange = "nonsense\n{\"send\":\"x\"}\n\u{7f}\n" + String(repeating: "x", count: 200_000) + "\n"
        let file = try #require(FileHandle(forWritingAtPath: log))
        try file.seekToEnd()
        try file.write(contentsOf: Data(strange.utf8))
        try file.close()
        try ask(6)
        #expect(try eventually { try told() == [1, 2, 3, 4, 5, 6] })

        // Truncated.
        truncate(log, 0)
        try ask(7)
        #expect(try eventually { try told() == [1, 2, 3, 4, 5, 6, 7] })
        withExtendedLifetime(tasks) {}
    }

    private func lines(of path: String) throws -> Int {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
    }

    @Test func `are not even noted where nobody listens`() throws {
        let quiet = try TestGlance(["vitrine": "record_use = false"])
        let id = try quiet.hasActiveImage("hello")
        #expect(try quiet.send("GET", "/v2/images/\(id)/file").text == "hello")
        #expect(try lines(of: Site.sendLog(in: quiet.folder)) == 0)
        let disabled = try Listening(
            ["log"], ["DEFAULT": "disabled_notifications = image.send", "vitrine": "record_use = false"], runsTasks: false,
            runsRegistry: false
        ).glance
        let other = try disabled.hasActiveImage("hello")
        #expect(try disabled.send("GET", "/v2/images/\(other)/file").text == "hello")
        #expect(try lines(of: Site.sendLog(in: disabled.folder)) == 0)
    }
}
