import HTTPClient
import TestSupport
import Testing
import Threading

/// Requests with long bodies, to servers that read them in different ways.
@Suite struct `Sending a long body` {
    private let body = filled(1_000_000) { UInt8(truncatingIfNeeded: $0 &* 7) }

    /// The next bytes of a body, then the end, or nil to cancel.
    private final class Source {
        var rest: ArraySlice<UInt8>
        let givesUp: Bool
        init(_ body: some Collection<UInt8>, givesUp: Bool = false) { (rest, self.givesUp) = (ArraySlice(body), givesUp) }

        func next(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
            let piece = rest.prefix(buffer.count)
            rest = rest.dropFirst(piece.count)
            buffer.copyBytes(from: piece)
            return piece.isEmpty && givesUp ? nil : piece.count
        }
    }

    private func send(_ source: Source, of length: Int, to server: RawServer, silence: Int = 60) throws(HTTPClientError) -> HTTPClient.Reply
    {
        try StreamedRequest(to: server.url("/x"), limits: .init(connect: 5, silence: silence)).send(
            "PUT", headers: [("Content-Type", "application/octet-stream")], length: Int64(length), longest: 1000, from: source.next)
    }

    @Test func `brings all of it, and takes the answer`() throws {
        let got = Monitor("")
        let server = try RawServer { connection, _ in
            connection.readHead()
            let text = connection.readBody(1_000_000)
            got.with { $0 = text }
            connection.answer("201 Created", body: "done")
        }
        let reply = try send(Source(body), of: body.count, to: server)
        #expect(reply.status == 201 && reply.body == Array("done".utf8))
        #expect(got.with { $0 } == String(decoding: body, as: UTF8.self))
        let head = try #require(server.heads.first)
        #expect(head.hasPrefix("PUT /x HTTP/1.1") && head.contains("Content-Length: 1000000") && !head.contains("Expect"))
    }

    @Test func `takes a refusal that comes before the end`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("413 Content Too Large", "Connection: close\r\n", body: "no")
            // Until the client has read it: closing a connection with unread bytes resets it.
            _ = connection.readBody(1_000_000)
        }
        let reply = try send(Source(body), of: body.count, to: server)
        #expect(reply.status == 413 && reply.body == Array("no".utf8))
    }

    @Test func `leaves the body cut where its source gives up`() throws {
        let got = Monitor<Int?>(nil)
        let server = try RawServer { connection, _ in
            connection.readHead()
            let count = connection.readBody(1_000_000).utf8.count
            got.with { $0 = count }
            connection.answer()
        }
        let error = #expect(throws: HTTPClientError.self) {
            try send(Source(Array("abc".utf8), givesUp: true), of: body.count, to: server)
        }
        #expect(error?.kind == .cancelled && error?.mayHaveArrived == true)
        #expect(got.wait(atMost: 60) { $0 } == 3)
        #expect(server.heads.count == 1)
    }

    @Test func `ends with a server that hangs up, is silent, or says too much`() throws {
        let gone = try RawServer { connection, _ in connection.readHead() }
        #expect(throws: HTTPClientError.self) { try send(Source(body), of: body.count, to: gone) }
        #expect(gone.heads.count == 1)
        let gate = Monitor(false)
        let silent = try RawServer { connection, _ in
            connection.readHead()
            gate.wait { $0 ? () : nil }
        }
        defer { gate.with { $0 = true } }
        let late = #expect(throws: HTTPClientError.self) { try send(Source("abc".utf8), of: 3, to: silent, silence: 1) }
        #expect(late?.kind == .timedOut)
        let chatty = try RawServer { connection, _ in
            connection.readHead()
            _ = connection.readBody(3)
            connection.answer(body: String(repeating: "x", count: 1001))
        }
        let long = #expect(throws: HTTPClientError.self) { try send(Source("abc".utf8), of: 3, to: chatty) }
        #expect(long?.kind == .tooLong)
    }
}
