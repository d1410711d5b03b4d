import Foundation
import TestSupport
import Testing

/// The part of nginx: the forms of HTTP, sizes, and bodies that are passed on as they arrive.
@Suite(.sharesServices(Front.self)) struct `Connections` {
    /// The two ways in which uploads are not buffered.
    static let streaming: [Front.Way] = [.site, .prefix]

    @Test(arguments: streaming)
    func `bring an upload to the worker while it goes on`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasImage()
        let connection = try HTTPConnection(port: front.port)
        let data = bytes(3_000_000)
        try connection.send(front.head("PUT", "/v2/images/\(id)/file", ["Content-Type": "application/octet-stream"], length: data.count))
        try connection.send(Array(data[..<2_000_000]))
        #expect(try eventually { try front.glance.status(of: id) == "saving" })
        // The worker has written what arrived: it passes on 512 KiB at a time, the first with the second.
        #expect(
            try eventually {
                let file = try front.glance.incomingFiles().first { $0.hasPrefix(id) } ?? ""
                return FileManager.default.contents(atPath: "\(front.glance.storeFolder)/.incoming/\(file)")?.count ?? 0 >= 512 * 1024
            })
        #expect(try front.send("GET", "/v2/images/\(id)").json["status"]?.string == "saving")
        try connection.send(Array(data[2_000_000...]))
        #expect(try connection.receive().status == 204)
        #expect(try front.send("GET", "/v2/images/\(id)/file").body.isSame(as: data))
    }

    @Test(arguments: Front.Way.allCases)
    func `take images of any size, and JSON of eight mebibytes`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasImage()
        let size = 9 << 20
        #expect(try front.upload(bytes(size), to: id).status == 204)
        #expect(try front.send("GET", "/v2/images/\(id)").json["size"]?.int == Int64(size))

        let large = Array((#"{"name": ""# + String(repeating: "x", count: size) + #""}"#).utf8)
        #expect(try front.send("POST", "/v2/images", body: large).status == 413)
        let chunked = try HTTPConnection(port: front.port)
        try chunked.send(front.head("POST", "/v2/images", ["Transfer-Encoding": "chunked"]))
        try? chunked.send(Array("\(String(large.count, radix: 16))\r\n".utf8) + large + Array("\r\n0\r\n\r\n".utf8))
        #expect(try chunked.receive().status == 413)
        // Just within nginx's limit, the worker refuses it: a name has at most 255 characters.
        let full = Array((#"{"name": ""# + String(repeating: "x", count: 8 << 20 - 12) + #""}"#).utf8)
        #expect(try front.send("POST", "/v2/images", body: full).status == 400)
        // An unread body does not delay the answer.
        #expect(try front.upload(bytes(size), to: id).status == 409)
    }

    @Test(arguments: Front.Way.allCases)
    func `of HTTP 1.0 are answered and closed`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasActiveImage("old")
        for (path, type) in [("/v2/images/\(id)", "application/json"), ("/v2/images/\(id)/file", "application/octet-stream")] {
            let connection = try HTTPConnection(port: front.port)
            try connection.send("GET \(front.prefix)\(path) HTTP/1.0\r\nX-Auth-Token: alice\r\n\r\n")
            let reply = try connection.receive()
            #expect(reply.status == 200)
            #expect(reply["Content-Type"] == type)
            #expect(reply["Transfer-Encoding"] == nil)
            #expect(reply["Content-Length"] == String(reply.body.count))
            #expect(reply["Connection"] == "close")
            // The connection ends, without a second answer.
            #expect(throws: HTTPConnection.Failed.self) { try connection.receive() }
        }
    }

    @Test(arguments: Front.Way.allCases)
    func `are kept for one request after another, of every kind`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let connection = try HTTPConnection(port: front.port)
        func ask(_ method: String, _ path: String, _ body: String? = nil) throws -> Reply {
            let length = body.map { "Content-Type: application/octet-stream\r\nContent-Length: \($0.utf8.count)\r\n" } ?? ""
            try connection.send(
                "\(method) \(front.prefix)\(path) HTTP/1.1\r\nHost: x\r\nX-Auth-Token: alice\r\n\(length)\r\n\(body ?? "")")
            return try connection.receive(isHead: method == "HEAD")
        }
        for round in 0..<3 {
            let created = try ask("POST", "/v2/images", #"{"disk_format": "raw", "container_format": "bare"}"#)
            let id = try #require(created.json["id"]?.string)
            #expect(try ask("PUT", "/v2/images/\(id)/file", "round \(round)").status == 204)
            #expect(try ask("HEAD", "/v2/images/\(id)/file").status == 200)
            #expect(try ask("GET", "/v2/images/\(id)/file").text == "round \(round)")
            #expect(try ask("GET", "/v2/images/nothing").status == 404)
            #expect(try ask("PUT", "/v2/images/\(id)/file", "again").status == 409)
            #expect(try ask("DELETE", "/v2/images/\(id)").status == 204)
        }
    }

    @Test(arguments: Front.Way.allCases)
    func `that ask whether to go on are told so`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let id = try front.glance.hasImage()
        let connection = try HTTPConnection(port: front.port)
        let headers = ["Content-Type": "application/octet-stream", "Expect": "100-continue"]
        try connection.send(front.head("PUT", "/v2/images/\(id)/file", headers, length: 5))
        #expect(try connection.receiveHead().status == 100)
        try connection.send("hello")
        #expect(try connection.receive().status == 204)
        // A body that is too large is refused before it is sent.
        let large = try HTTPConnection(port: front.port)
        try large.send(front.head("POST", "/v2/images", ["Expect": "100-continue"], length: 9 << 20))
        if way != .cgi { #expect(try large.receiveHead().status == 413) }
    }
}
