import TestSupport
import Testing

/// The end of a request is never ambiguous.
@Suite(.sharesServices) struct `Requests within requests` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// A request of alice's that would create an image with this name.
    private func hidden(_ name: String) -> String {
        let body = #"{"name": "\#(name)"}"#
        return "POST /v2/images HTTP/1.1\r\nHost: x\r\nX-Auth-Token: alice\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    static let framings: [(String, String)] = [
        ("length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked"),
        ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        ("two lengths", "Content-Length: 0\r\nContent-Length: 4"), ("two lengths alike", "Content-Length: 4\r\nContent-Length: 4"),
        ("a list of lengths", "Content-Length: 0, 4"), ("a length with a sign", "Content-Length: +4"),
        ("a length below zero", "Content-Length: -4"),
        ("a hexadecimal length", "Content-Length: 0x4"), ("two numbers", "Content-Length: 0 4"),
        ("a length with a fraction", "Content-Length: 4.0"),
        ("a length of letters", "Content-Length: four"), ("a length past 64 bits", "Content-Length: 99999999999999999999"),
        ("a blank before the colon", "Content-Length : 4"), ("a tab before the colon", "Content-Length\t: 4"),
        ("an unknown coding", "Transfer-Encoding: gzip"), ("two codings", "Transfer-Encoding: gzip, chunked"),
        ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), ("chunks as identity", "Transfer-Encoding: identity"),
        ("chunks behind a vertical tab", "Transfer-Encoding: \u{b}chunked"),
        ("a coding with a letter before", "Transfer-Encoding: xchunked"),
        ("a length folded", "Content-Length:\r\n 4"), ("a NUL in a header", "X-Any: a\0b\r\nContent-Length: 4"),
    ]

    @Test(arguments: framings)
    func `are not found where lengths contradict each other`(_ row: String, _ framing: String) throws {
        let name = newID()
        let outer = "POST /v2/images HTTP/1.1\r\nHost: x\r\nX-Auth-Token: alice\r\n\(framing)\r\n\r\n"
        let reply = try glance.raw(outer + "0\r\n\r\n" + hidden(name))
        #expect([400, 411, 413, 415, 501].contains(reply.status), "\(row): \(reply.status)")
        #expect(try glance.count("images", where: "name = '\(name)'") == 0)
    }

    @Test func `are not found where a body is refused`() throws {
        let name = newID()
        let body = hidden(name)
        let id = try glance.hasImage()
        for outer in ["GET /v2/images/\(id)", "PUT /v2/images/\(id)/tags/t", "FOO /v2/nothing", "GET /v9"] {
            let reply = try glance.raw(
                "\(outer) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: alice\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            #expect([300, 400, 501].contains(reply.status))
        }
        #expect(try glance.count("images", where: "name = '\(name)'") == 0)
    }

    @Test func `one after another are answered one after another`() throws {
        let names = [newID(), newID()]
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(hidden(names[0]))
        #expect(try connection.receive().json["name"]?.string == names[0])
        try connection.send(hidden(names[1]))
        #expect(try connection.receive().json["name"]?.string == names[1])
    }

    static let chunks: [(String, String)] = [
        ("a size past 63 bits", "8000000000000000\r\nhello\r\n0\r\n\r\n"),
        ("a size past 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("a size of many digits", text(of: 100, "F") + "\r\nhello\r\n0\r\n\r\n"), ("a size below zero", "-5\r\nhello\r\n0\r\n\r\n"),
        ("a size with a sign", "+5\r\nhello\r\n0\r\n\r\n"), ("a size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("a blank before the size", " 5\r\nhello\r\n0\r\n\r\n"), ("no size", "\r\nhello\r\n0\r\n\r\n"),
        ("no hexadecimal size", "five\r\nhello\r\n0\r\n\r\n"),
        ("no end of line after a chunk", "5\r\nhello0\r\n\r\n"), ("more than its size", "3\r\nhello\r\n0\r\n\r\n"),
        ("less than its size", "40\r\nhello\r\n0\r\n\r\n"), ("no last chunk", "5\r\nhello\r\n"),
        ("half a last chunk", "5\r\nhello\r\n0\r\n"), ("a NUL in the size", "5\0\r\nhello\r\n0\r\n\r\n"),
    ]

    @Test(arguments: chunks)
    func `in bad chunks never become an image`(_ row: String, _ body: String) throws {
        let id = try glance.hasImage()
        let head = glance.head(
            "PUT", "/v2/images/\(id)/file", .alice, ["Transfer-Encoding": "chunked", "Content-Type": "application/octet-stream"])
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(head + Array(body.utf8))
        connection.endSending()
        // nginx may close the connection without an answer once it has begun to pass the body on.
        let status = try? connection.receive().status
        #expect(status.map { 400..<500 ~= $0 } ?? true, "\(row): \(status ?? 0)")
        // The worker may still be working, with the image saving. If the bytes had become the image, it would accept no others.
        #expect(try eventually { try glance.upload(Array("whole".utf8), to: id).status == 204 }, "\(row)")
        #expect(try glance.send("GET", "/v2/images/\(id)/file").text == "whole")
        #expect(try eventually { try glance.incomingFiles().allSatisfy { !$0.contains(id) } }, "\(row)")
    }

    @Test(arguments: chunks)
    func `in bad chunks never become a record`(_ row: String, _ body: String) throws {
        let id = newID()
        let head = glance.head("POST", "/v2/images", .alice, ["Transfer-Encoding": "chunked"])
        let json = #"{"id": "\#(id)"}"#
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(head + Array("\(String(json.utf8.count, radix: 16))\r\n\(json)\r\n\(body)".utf8))
        connection.endSending()
        let status = try? connection.receive().status
        #expect(status.map { 400..<500 ~= $0 } ?? true, "\(row): \(status ?? 0)")
        #expect(try glance.count("images", where: "id = '\(id)'") == 0)
    }

    @Test func `in good chunks become an image of just those bytes`() throws {
        let id = try glance.hasImage()
        let head = glance.head(
            "PUT", "/v2/images/\(id)/file", .alice, ["Transfer-Encoding": "chunked", "Content-Type": "application/octet-stream"])
        #expect(try glance.raw(head + Array("1;name=value\r\nh\r\n003\r\nell\r\n1\r\no\r\n0\r\nX-Trailer: x\r\n\r\n".utf8)).status == 204)
        #expect(try glance.image(id)["checksum"]?.string == Hello.md5)
        #expect(try glance.image(id)["size"]?.int == 5)
    }

    @Test func `that wait to be called are called`() throws {
        let id = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        let headers = ["Content-Type": "application/octet-stream", "Expect": "100-continue"]
        try connection.send(glance.head("PUT", "/v2/images/\(id)/file", .alice, headers, length: 5))
        #expect(try connection.receiveHead().status == 100)
        try connection.send("hello")
        #expect(try connection.receive().status == 204)
        #expect(try glance.image(id)["checksum"]?.string == Hello.md5)
    }

    @Test(arguments: ["a b", "a/b", "<script>", "a\\b", "", "evil.example/x@y", "a\u{0}b"])
    func `to a host that is none get no link to it`(_ host: String) throws {
        let reply = try glance.raw("GET /versions HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect([200, 400].contains(reply.status))
        if !host.isEmpty { #expect(!reply.text.contains(host)) }
    }
}
