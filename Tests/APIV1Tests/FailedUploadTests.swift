import TestSupport
import Testing

/// Data that arrived and do not match the record make their image killed.
@Suite(.sharesServices) struct `An upload by V1 that fails` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self, ["DEFAULT": "image_size_cap = 600000"], runsRegistry: true) }

    enum Way: String, CaseIterable, Sendable { case create, update }

    /// Sends data for an image with this id, which the request creates or which is queued.
    private func send(_ way: Way, _ id: String, _ fields: [String: String], _ data: [UInt8], isChunked: Bool) throws -> Reply {
        if way == .update { _ = try glance.hasV1Image(["id": id]) }
        var all = formats.merging(fields) { $1 }
        if way == .create { all["id"] = id }
        let (method, path) = way == .create ? ("POST", "/images") : ("PUT", "/images/\(id)")
        return isChunked ? try glance.sendHalves(method, path, all, to: id, data) : try glance.askV1(method, path, all, body: data)
    }

    private func expectKilled(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try glance.recordedStatus(id) == "killed", sourceLocation: sourceLocation)
        try glance.expectNoBytes(of: id, sourceLocation: sourceLocation)
        #expect(try glance.get(id).status == 404, sourceLocation: sourceLocation)
        #expect(try glance.listed("?limit=1000").allSatisfy { $0["id"]?.string != id }, sourceLocation: sourceLocation)
        #expect(try !glance.send("GET", "/v2/images?limit=1000").text.contains(id), sourceLocation: sourceLocation)
        #expect(try glance.update(id, formats, data: "hello").status == 409, "takes no more", sourceLocation: sourceLocation)
        #expect(try glance.delete(id).status == 200, sourceLocation: sourceLocation)
        #expect(try glance.recordedStatus(id) == "deleted", sourceLocation: sourceLocation)
    }

    @Test(arguments: Way.allCases, [true, false])
    func `for its checksum kills the image`(_ way: Way, _ isChunked: Bool) throws {
        let id = newID()
        let reply = try send(way, id, ["checksum": text(of: 32, "0")], Array("hello".utf8), isChunked: isChunked)
        #expect(reply.status == 400)
        #expect(reply.says.contains(helloMD5), "what it is")
        try expectKilled(id)
    }

    @Test(arguments: Way.allCases, ["4", "6", "600000"])
    func `for its size kills the image`(_ way: Way, _ size: String) throws {
        let id = newID()
        #expect(try send(way, id, ["size": size], Array("hello".utf8), isChunked: true).status == 400)
        try expectKilled(id)
    }

    @Test(arguments: Way.allCases)
    func `by getting too large kills the image`(_ way: Way) throws {
        for count in [600_001, 5_000_000] {
            let id = newID()
            #expect(try send(way, id, [:], [UInt8](repeating: 1, count: count), isChunked: true).status == 413)
            try expectKilled(id)
        }
    }

    /// The order of checks: this error comes before any other, however the body arrives.
    @Test(arguments: Way.allCases, [true, false])
    func `by getting too large is 413 although it has another size than it says`(_ way: Way, _ inOnePacket: Bool) throws {
        func send(_ size: Int, _ count: Int) throws -> (id: String, status: Int) {
            let id = newID()
            if way == .update { _ = try glance.hasV1Image(["id": id]) }
            var fields = formats.merging(["size": String(size)]) { $1 }
            if way == .create { fields["id"] = id }
            let (method, path) = way == .create ? ("POST", "/images") : ("PUT", "/images/\(id)")
            let data = [UInt8](repeating: 1, count: count)
            return (id, try glance.sendChunks(method, path, fields, data, inOnePacket: inOnePacket).status)
        }
        for (size, count, status) in [(5, 600_001, 413), (599_999, 600_001, 413), (5, 10, 400), (5, 599_999, 400), (10, 5, 400)] {
            let (id, answer) = try send(size, count)
            #expect(answer == status, "\(count) bytes for \(size)")
            try expectKilled(id)
        }
    }

    @Test func `is refused for a size that no image may have, also where no data come`() throws {
        let tooLarge = ["size": "600001"]
        let id = newID()
        for more in [[:], ["location": "http://127.0.0.1:9/x"]] {
            let reply = try glance.create(formats.merging(tooLarge.merging(["id": id]) { $1 }.merging(more) { $1 }) { $1 })
            #expect(reply.status == 400 && reply.says.contains("600000"), "\(reply.says)")
        }
        let copied = try glance.create(
            formats.merging(tooLarge.merging(["id": id]) { $1 }) { $1 }, headers: ["x-glance-api-copy-from": "http://127.0.0.1:9/x"])
        #expect(copied.status == 400)
        try glance.expectNoTrace(of: id)
        let waiting = try glance.hasV1Image()
        #expect(try glance.update(waiting, tooLarge).status == 400)
        #expect(try glance.recordedStatus(waiting) == "queued")
        #expect(try glance.create(formats.merging(["size": "600000"]) { $1 }).status == 201)
    }

    /// A chunked body counts as a body even if it is empty.
    @Test(arguments: Way.allCases, [true, false])
    func `is refused for its type although it has no bytes`(_ way: Way, _ inOnePacket: Bool) throws {
        let id = newID()
        if way == .update { _ = try glance.hasV1Image(["id": id]) }
        let fields = way == .create ? formats.merging(["id": id]) { $1 } : formats
        let (method, path) = way == .create ? ("POST", "/images") : ("PUT", "/images/\(id)")
        #expect(try glance.sendChunks(method, path, fields, [], type: "text/plain", inOnePacket: inOnePacket).status == 400)
        if way == .create { try glance.expectNoTrace(of: id) } else { #expect(try glance.recordedStatus(id) == "queued") }
        let taken = try glance.sendChunks(method, path, fields, [], inOnePacket: inOnePacket)
        #expect(taken.status == (way == .create ? 201 : 200))
        #expect(try glance.recordedStatus(id) == "active")
    }

    @Test func `of just the limit does not fail`() throws {
        for isChunked in [true, false] {
            let id = newID()
            #expect(try send(.create, id, [:], [UInt8](repeating: 1, count: 600_000), isChunked: isChunked).status == 201)
        }
    }

    @Test func `before it began for its length leaves no row, or the image that waits`() throws {
        let data = [UInt8](repeating: 1, count: 600_001)
        let id = newID()
        #expect(try send(.create, id, [:], data, isChunked: false).status == 400)
        try glance.expectNoTrace(of: id)
        let sized = newID()
        let fields = formats.merging(["id": sized, "size": "600001"]) { $1 }
        #expect(try glance.sendChunked("POST", "/images", fields, [1, 2, 3]).status == 400)
        try glance.expectNoTrace(of: sized)
        let waiting = newID()
        #expect(try send(.update, waiting, [:], data, isChunked: false).status == 400)
        #expect(try glance.recordedStatus(waiting) == "queued")
        try glance.expectNoBytes(of: waiting)
    }

    @Test(arguments: [true, false], [10, 300_000])
    func `by breaking off kills the image`(_ isChunked: Bool, _ sent: Int) throws {
        for (way, abort) in [(Way.create, false), (.create, true), (.update, false)] {
            let id = newID()
            if way == .update { _ = try glance.hasV1Image(["id": id]) }
            var headers = TestGlance.named(way == .create ? formats.merging(["id": id]) { $1 } : formats)
            headers["Content-Type"] = "application/octet-stream"
            if isChunked { headers["Transfer-Encoding"] = "chunked" }
            let connection = try HTTPConnection(port: glance.port)
            try connection.send(
                glance.head(
                    way == .create ? "POST" : "PUT", way == .create ? "/v1/images" : "/v1/images/\(id)", .alice, headers,
                    length: isChunked ? nil : sent + 1))
            if isChunked { try connection.send("\(String(sent + 5, radix: 16))\r\n") }
            try connection.send([UInt8](repeating: 7, count: sent))
            #expect(try eventually { try glance.recordedStatus(id) == "saving" })
            if abort { connection.abort() } else { connection.hangUp() }
            #expect(try eventually { try glance.recordedStatus(id) == "killed" })
            #expect(try eventually { try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0 })
            try expectKilled(id)
        }
    }

    @Test func `because the image was deleted meanwhile is 412, and it stays deleted`() throws {
        let id = newID()
        let headers = TestGlance.named(formats.merging(["id": id]) { $1 }).merging(GlanceHeaders.octets) { $1 }
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(glance.head("POST", "/v1/images", .alice, headers, length: 300_000))
        try connection.send([UInt8](repeating: 7, count: 150_000))
        #expect(try eventually { try glance.recordedStatus(id) == "saving" })
        #expect(try glance.delete(id).status == 200)
        try connection.send([UInt8](repeating: 7, count: 150_000))
        #expect(try connection.receive().status == 412)
        #expect(try glance.recordedStatus(id) == "deleted")
        #expect(try !glance.storedFiles().contains(id))
        #expect(try !glance.incomingFiles().contains { $0.hasPrefix(id) })
        #expect(try glance.count("vitrine_uploads", where: "image_id = '\(id)'") == 0)
    }
}
