import Foundation
import TestSupport
import Testing

/// Sources that must not be contacted, and sources that misbehave.
@Suite(.serialized) struct `A source of an import` {
    /// The default configuration: public addresses only, ports 80 and 443.
    @Test func `that nobody may name is refused at once`() throws {
        let glance = try TestGlance(workers: 1)
        let id = try glance.hasImage()
        for uri in Self.refused {
            let before = Date()
            let body = #"{"method": {"name": "web-download", "uri": "\#(uri)"}}"#
            #expect(try glance.order(body, on: id).status == 400, "\(uri)")
            let input = #"{"import_from": "\#(uri)", "import_from_format": "raw", "image_properties": {}}"#
            let legacy = try glance.send("POST", "/v2/tasks", as: .admin, json: #"{"type": "import", "input": \#(input)}"#)
            #expect(legacy.status == 400, "\(uri)")
            #expect(Date().timeIntervalSince(before) < 5, "\(uri)")
        }
        try glance.expectNothing(of: id)
        #expect(try glance.count("tasks", where: "1 = 1") == 0)
        #expect(try glance.count("images", where: "1 = 1") == 1)
    }

    private static let refused = [
        "http://127.0.0.1/", "http://127.0.0.1:80/", "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/", "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/", "http://10.0.0.1/",
        "http://192.168.0.1/", "http://172.16.0.1/", "http://[fe80::1]/", "http://[fd00::1]/", "http://0x7f000001/", "http://2130706433/",
        "http://0177.0.0.1/", "http://127.0.0.1./", "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/",
        "https://localhost/", "file:///etc/passwd", "file://localhost/etc/passwd", "filesystem:///etc/passwd",
        "gopher://127.0.0.1:6379/_SET%20a%20b", "ftp://8.8.8.8/", "dict://8.8.8.8/", "swift+config://a/b", "http://8.8.8.8:22/",
        "http://8.8.8.8:8080/", "http://8.8.8.8:0/", "http://8.8.8.8:65536/", "http://", "http:", "//8.8.8.8/", "8.8.8.8", "", " ",
        "http://user@127.0.0.1/", "http://8.8.8.8@127.0.0.1/", "http://127.0.0.1#@8.8.8.8/", "http://127.0.0.1\\\\@8.8.8.8/",
    ]

    /// A name for such an address is detected when it is resolved.
    @Test func `whose name leads home ends in its task`() throws {
        let name = (try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8))?.trimmingCharacters(in: .newlines) ?? ""
        let glance = try TestGlance(workers: 1, runsTasks: true)
        let id = try glance.hasImage()
        let reply = try glance.order(#"{"method": {"name": "web-download", "uri": "http://\#(name)/"}}"#, on: id)
        if reply.status == 202 { #expect(try glance.ended(on: id)["status"]?.string == "failure") } else { #expect(reply.status == 400) }
        try glance.expectNothing(of: id)
    }

    // MARK: sources that do not behave

    /// How a source answers, and the length that it announces.
    struct Trick: Sendable, CustomTestStringConvertible {
        let name: String
        /// Seconds within which its task has to end.
        var limit = 20.0
        let script: @Sendable (RawServer.Connection, Int) -> Void
        var testDescription: String { name }
    }

    private static func head(_ length: Int) -> String { "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\nConnection: close\r\n\r\n" }
    private static let piece = [UInt8](repeating: 7, count: 65_536)

    static let tricks = [
        Trick(name: "closes at once") { connection, _ in connection.close() },
        Trick(name: "closes when it was asked") { connection, _ in connection.readHead() },
        Trick(name: "speaks something else") { connection, _ in
            connection.readHead()
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
        },
        Trick(name: "sends less than it said") { connection, _ in
            connection.readHead()
            connection.send(head(100_000))
            connection.send(piece)
        },
        Trick(name: "breaks off a chunk") { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n")
            connection.send(Array(piece[..<100]))
        },
        Trick(name: "sends chunks without a last one") { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n")
            connection.send(piece)
            connection.send("\r\n")
        },
        Trick(name: "says a length that is none") { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\nConnection: close\r\n\r\n")
            connection.send(piece)
        },
        Trick(name: "says a length beyond all bounds") { connection, _ in
            connection.readHead()
            connection.send(head(.max))
            for _ in 0..<4 { connection.send(piece) }
        },
        Trick(name: "says more than is allowed") { connection, _ in
            connection.readHead()
            connection.send(head(4_000_001))
            while connection.send(piece) {}
        },
        Trick(name: "never ends") { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.send("10000\r\n"), connection.send(piece), connection.send("\r\n") {}
        },
        Trick(name: "has a head that never ends") { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-Filler: \(String(repeating: "a", count: 8000))\r\n") {}
        },
        Trick(name: "has no such thing") { connection, _ in
            connection.readHead()
            connection.answer("404 Not Found", body: "nothing")
        },
        Trick(name: "is in trouble") { connection, _ in
            connection.readHead()
            connection.answer("500 Internal Server Error", body: "trouble")
        },
        Trick(name: "gives a part alone") { connection, _ in
            connection.readHead()
            connection.answer("206 Partial Content", "Content-Range: bytes 0-4/10\r\n", body: "hello")
        },
        Trick(name: "leads to a file") { connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: file:///etc/passwd\r\n")
        },
        Trick(name: "leads to an address that is not allowed") { connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: http://127.0.0.2:1/\r\n")
        },
        Trick(name: "leads to where clouds tell secrets") { connection, _ in
            connection.readHead()
            connection.answer("307 Temporary Redirect", "Location: http://169.254.169.254/latest/meta-data/\r\n")
        },
        Trick(name: "leads to a packed address") { connection, _ in
            connection.readHead()
            connection.answer("301 Moved Permanently", "Location: http://2130706433/\r\n")
        },
        Trick(name: "leads to itself for ever") { connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: /again\r\n")
        },
        // The least rate is checked after twenty seconds.
        Trick(name: "sends a byte a second", limit: 60) { connection, _ in
            connection.readHead()
            connection.send(head(100_000))
            while connection.send("x") { sleep(1) }
        },
        Trick(name: "says nothing", limit: 60) { connection, _ in
            connection.readHead()
            _ = connection.readHead()
        },
    ]

    private static let options = Source.allowed.merging(["DEFAULT": "image_size_cap = 4000000", "vitrine": "import_threads = 32"]) { $1 }

    /// All at once, so that the slow ones are waited for only once; a good one is not delayed by them.
    @Test func `that does not behave ends in its task, in time, and leaves nothing`() throws {
        let glance = try TestGlance(Self.options, workers: 1, runsTasks: true)
        var begun: [(trick: Trick, id: String, server: RawServer)] = []
        let start = Date()
        for trick in Self.tricks {
            let server = try RawServer(trick.script)
            let id = try glance.hasImage()
            try glance.downloads(server.url(), to: id)
            begun.append((trick, id, server))
        }
        let sample = try Sample(500_000)
        let honest = try Source(sample.bytes)
        let image = try glance.hasImage()
        try glance.downloads(honest.url, to: image)
        #expect(try glance.ended(on: image, within: 20)["status"]?.string == "success")
        try glance.expect(sample, in: image)

        for (trick, id, server) in begun.sorted(by: { $0.trick.limit < $1.trick.limit }) {
            let task = try glance.ended(on: id, within: max(0, trick.limit - Date().timeIntervalSince(start)) + 5)
            #expect(task["status"]?.string == "failure", "\(trick.name)")
            let message = task["message"]?.string ?? ""
            #expect(message != "" && !message.hasPrefix("Copied"), "\(trick.name): \(message)")
            // The error does not reveal what it found there, nor where.
            for secret in ["127.0.0", "169.254", "passwd", "SSH", glance.folder] {
                #expect(!message.contains(secret), "\(trick.name): \(message)")
            }
            let record = try glance.image(id)
            #expect(record["os_glance_import_error"]?.string == message, "\(trick.name)")
            try glance.expectNothing(of: id)
            withExtendedLifetime(server) {}
        }
        #expect(try glance.storedFiles() == [image])
    }

    /// A redirect does not circumvent the list of hosts, and one that stays within it is followed.
    @Test func `may lead to another that is allowed`() throws {
        let glance = try TestGlance(Self.options, workers: 1, runsTasks: true)
        let sample = try Sample(500_000)
        let target = try Source(sample.bytes)
        let server = try RawServer { [url = target.url] connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: \(url)\r\n")
        }
        let id = try glance.hasImage()
        try glance.downloads(server.url(), to: id)
        #expect(try glance.ended(on: id)["status"]?.string == "success")
        try glance.expect(sample, in: id)
        // No token is sent.
        for head in server.heads + target.heads {
            #expect(!head.lowercased().contains("x-auth-token") && !head.contains("alice"), "\(head)")
        }
    }

    /// The legacy task has the same checks, and deletes the image that it created.
    @Test func `of a legacy task that does not behave takes the image along`() throws {
        let glance = try TestGlance(Self.options, workers: 1, runsTasks: true)
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.answer("302 Found", "Location: file:///etc/passwd\r\n")
        }
        let input = #"{"import_from": "\#(server.url())", "import_from_format": "raw", "image_properties": {"name": "evil"}}"#
        let reply = try glance.send("POST", "/v2/tasks", as: .admin, json: #"{"type": "import", "input": \#(input)}"#)
        #expect(reply.status == 201)
        let task = try #require(reply.json["id"]?.string)
        #expect(
            try eventually { try glance.send("GET", "/v2/tasks/\(task)", as: .admin).json["status"]?.string == "failure" })
        #expect(try eventually { try glance.names("", as: .admin).isEmpty })
        #expect(try glance.storedFiles().isEmpty && glance.incomingFiles().isEmpty)
    }
}
