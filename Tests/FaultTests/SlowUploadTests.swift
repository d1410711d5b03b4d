import Foundation
import Synchronization
import TestSupport
import Testing

/// A slow client delays nobody but itself.
@Suite(.sharesServices) struct `Clients that send slowly` {
    private static let data = ["Content-Type": "application/octet-stream"]

    /// A request whose body arrives slowly, until it is answered.
    private final class Dripping: @unchecked Sendable {
        let name: String
        private let connection: HTTPConnection
        private let isOver = Atomic(false)
        /// Bytes of the body.
        private let sent: Mutex<Int>

        init(_ name: String, _ glance: TestGlance, _ head: [UInt8], first: [UInt8] = []) throws {
            self.name = name
            connection = try HTTPConnection(port: glance.port)
            try connection.send(head + first)
            sent = Mutex(first.count)
        }

        /// Continues with this many bytes a second, on its own thread.
        func go(_ rate: Int) {
            Foundation.Thread.detachNewThread { [self] in
                while drip(rate) { sleep(1) }
            }
        }

        private func drip(_ count: Int) -> Bool {
            sent.withLock { sent in
                guard !isOver.load(ordering: .relaxed) else { return false }
                sent += count
                return (try? connection.send([UInt8](repeating: 7, count: count))) != nil
            }
        }

        /// Sends the rest at once.
        func finish(_ length: Int) throws {
            try sent.withLock { sent in
                isOver.store(true, ordering: .relaxed)
                try connection.send([UInt8](repeating: 7, count: length - sent))
            }
        }

        func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }

        func receive() throws -> Reply {
            defer { isOver.store(true, ordering: .relaxed) }
            return try connection.receive()
        }

        /// Waits for the answer on its own thread.
        func listen(_ note: @escaping @Sendable (Result<Reply, any Error>) -> Void) {
            Foundation.Thread.detachNewThread { note(Result { try self.receive() }) }
        }
    }

    private func v1Image(_ glance: TestGlance) throws -> String {
        let reply = try glance.send("POST", "/v1/images", v1Headers.filter { $0.key != "Content-Type" })
        guard reply.status == 201, let id = reply.json["image"]?["id"]?.string else { throw Unexpected(reply) }
        return id
    }

    @Test func `are ended within a minute, whatever they send and wherever`() async throws {
        let glance = try TestGlance.of(Self.self, runsRegistry: true)
        let ids = try (0..<6).map { _ in try glance.hasImage() }
        let v1 = try v1Image(glance)
        func put(_ id: String, _ place: String = "file", _ length: Int? = 1 << 30) -> [UInt8] {
            let headers = length == nil ? ["Transfer-Encoding": "chunked"] : [:]
            return glance.head("PUT", "/v2/images/\(id)/\(place)", .alice, Self.data.merging(headers) { $1 }, length: length)
        }
        let named = v1Headers.merging(["x-image-meta-name": "dripped"]) { $1 }
        let dripping = [
            try Dripping("file", glance, put(ids[0])),
            try Dripping("chunks", glance, put(ids[1], "file", nil), first: Array("40000000\r\n".utf8)),
            try Dripping("stage", glance, put(ids[2], "stage")),
            // An upload whose average since its beginning would be enough for hours.
            try Dripping("fast at first", glance, put(ids[3]), first: [UInt8](repeating: 7, count: 20_000_000)),
            try Dripping("V1 POST", glance, glance.head("POST", "/v1/images", .alice, named, length: 1 << 30)),
            try Dripping("V1 PUT", glance, glance.head("PUT", "/v1/images/\(v1)", .alice, v1Headers, length: 1 << 30)),
            // This route accepts no JSON, but checks the body first.
            try Dripping("JSON", glance, glance.head("POST", "/v2/images/\(ids[0])/file", .alice, length: 1 << 20)),
        ]
        for each in dripping { each.go(1) }
        let nearly = try Dripping("a little too slow", glance, put(ids[4]))
        nearly.go(900)
        let slow = try Dripping("slow enough", glance, put(ids[5], "file", 30_000_000), first: [UInt8](repeating: 7, count: 50_000))
        slow.go(1500)

        let all = dripping + [nearly]
        let began = Date()
        let answers = Mutex<[String: (Reply, Double)]>([:])
        let left = Mutex(all.count)
        for each in all {
            each.listen { result in
                if case .success(let reply) = result { answers.withLock { $0[each.name] = (reply, Date().timeIntervalSince(began)) } }
                left.withLock { $0 -= 1 }
            }
        }
        while left.withLock({ $0 > 0 }) { try await Task.sleep(for: .milliseconds(200)) }
        for each in all {
            let (reply, seconds) = try #require(answers.withLock { $0[each.name] }, "\(each.name) is not answered")
            #expect(reply.status == 408, "\(each.name): \(reply.status) \(reply.text)")
            #expect(reply["x-openstack-request-id"] != nil, "\(each.name)")
            // A minute, and some more for a busy machine: at this rate the body would take days.
            #expect(seconds < 600, "\(each.name)")
        }
        for id in ids[..<5] {
            #expect(try glance.status(of: id) == "queued")
            #expect(try glance.hasNoBytes(of: id))
        }
        #expect(try glance.status(of: ids[5]) == "saving", "what is not too slow goes on")
        try slow.finish(30_000_000)
        #expect(try slow.receive().status == 204)
    }

    @Test(arguments: ["file", "stage", "V1"])
    func `learn within seconds that their image is deleted, though they send nothing`(_ way: String) throws {
        let glance = try TestGlance.of(Self.self, runsRegistry: true)
        let id = try glance.hasImage()
        let path = way == "V1" ? "/v1/images/\(id)" : "/v2/images/\(id)/\(way)"
        let upload = try Dripping(way, glance, glance.head("PUT", path, .alice, way == "V1" ? v1Headers : Self.data, length: 1 << 30))
        try upload.send([1, 2, 3])
        #expect(try eventually { try ["saving", "uploading"].contains(glance.status(of: id)) })
        #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204)
        let began = Date()
        #expect(try upload.receive().status == (way == "V1" ? 412 : 410))
        // Five, on a machine that does nothing else.
        #expect(Date().timeIntervalSince(began) < 30)
        #expect(try eventually { try glance.hasNoBytes(of: id) })
    }

    @Test func `get the answer to a short body as soon as it has ended`() throws {
        let glance = try TestGlance.of(Self.self, runsRegistry: true)
        // A record of one byte, its padding and the end may arrive together or apart; no read waits in vain.
        for pause in [0, 300_000] as [useconds_t] {
            let id = try glance.hasImage()
            let headers = Self.data.merging(["Transfer-Encoding": "chunked"]) { $1 }
            let upload = try Dripping("x", glance, glance.head("PUT", "/v2/images/\(id)/file", .alice, headers))
            for byte in 0..<5 as Range<UInt8> {
                try upload.send(Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8))
                usleep(pause)
            }
            try upload.send(Array("0\r\n\r\n".utf8))
            #expect(try upload.receive().status == 204)
            #expect(try glance.send("GET", "/v2/images/\(id)/file").body == [0, 1, 2, 3, 4])
        }
    }

    // MARK: in numbers

    @Test func `a thousand of one project keep nobody else from uploading`() async throws {
        let glance = try TestGlance(["vitrine": "uploads_per_project = 6"])
        let queued = try await atOnce(4) { _ in try (0..<250).map { _ in try glance.hasImage() } }.flatMap(\.self)
        let slow = try queued.map { id in
            try Dripping(id, glance, glance.head("PUT", "/v2/images/\(id)/file", .alice, Self.data, length: 1 << 30), first: [1])
        }
        // The allowed number is accepted, and the others are refused.
        func saving() throws -> Int { Int(try glance.rows("SELECT CAST(COUNT(*) AS CHAR) FROM vitrine_uploads")[0][0] ?? "") ?? 0 }
        #expect(try eventually { try saving() == 12 })
        for number in 0..<20 {
            let id = try glance.hasImage(as: .bob)
            #expect(try glance.upload([1, 2, 3], to: id, as: .bob).status == 204, "\(number)")
        }
        let another = try glance.hasImage()
        let refused = try glance.upload([1], to: another)
        #expect(refused.status == 503)
        #expect(refused["Retry-After"] != nil)
        #expect(refused["x-openstack-request-id"]?.hasPrefix("req-") == true)
        #expect(try glance.status(of: another) == "queued")
        #expect(try saving() == 12)
        // The end of one makes room for another.
        let taken = try glance.rows("SELECT image_id FROM vitrine_uploads").compactMap { $0[0] }
        for id in taken { #expect(try glance.send("DELETE", "/v2/images/\(id)").status == 204) }
        #expect(try eventually { try glance.upload([1], to: another).status == 204 })
        withExtendedLifetime(slow) {}
    }

    @Test func `hold up no change by V1 that brings no data`() throws {
        let glance = try TestGlance(runsRegistry: true)
        let ids = try (0..<16).map { _ in try glance.hasImage() }
        let slow = try ids.map { id in
            try Dripping(id, glance, glance.head("PUT", "/v2/images/\(id)/file", .alice, Self.data, length: 1 << 30), first: [1])
        }
        #expect(try eventually { try ids.allSatisfy { try glance.status(of: $0) == "saving" } })
        let made = try glance.send("POST", "/v1/images", as: .bob, ["x-image-meta-name": "new"])
        #expect(made.status == 201)
        let id = try #require(made.json["image"]?["id"]?.string)
        #expect(try glance.send("PUT", "/v1/images/\(id)", as: .bob, ["x-image-meta-name": "newer"]).status == 200)
        #expect(try glance.send("PUT", "/v1/images/\(id)", as: .bob, ["x-image-meta-name": "newest"], body: []).status == 200)
        #expect(try glance.send("GET", "/v2/images/\(id)", as: .bob).json["name"]?.string == "newest")
        withExtendedLifetime(slow) {}
    }
}
