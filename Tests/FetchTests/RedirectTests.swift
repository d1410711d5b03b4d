import Foundation
import HTTPClient
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct `A redirect` {
    @Test(arguments: [301, 302, 303, 307, 308]) func `is followed, and judged again`(_ status: Int) throws {
        let server = try RawServer { connection, _ in
            if connection.readHead()?.hasPrefix("GET /a/b ") == true {
                connection.answer("\(status) Moved", "Location: ../c?d\r\n", body: "elsewhere")
            } else {
                connection.answer(body: "here")
            }
        }
        let judged = Mutex<[String]>([])
        let download = try Download(
            server.url("/a/b"),
            judge: { url in
                judged.withLock { $0.append(url) }
                return { $0 == [127, 0, 0, 1] }
            })
        #expect(download.status == 200)
        #expect(try download.everything() == Array("here".utf8))
        #expect(judged.withLock { $0 } == [server.url("/a/b"), server.url("/c?d")])
    }

    /// Source: WHATWG, "URL": the requests of a browser for such a text in `Location`.
    static let unencoded: [(String, String)] = [
        ("http://127.0.0.1:PORT/my image.raw", "/my%20image.raw"), ("/my image.raw?a b", "/my%20image.raw?a%20b"),
        ("my image.raw", "/a/my%20image.raw"), ("http://127.0.0.1:PORT/a?x=\"b\" <c>", "/a?x=%22b%22%20%3Cc%3E"),
        ("http://127.0.0.1:PORT/{a}`^|\"<>", "/%7Ba%7D%60%5E|%22%3C%3E"), ("/a?it's", "/a?it%27s"), ("/it's", "/it's"),
        ("http://127.0.0.1:PORT/ü.raw", "/%C3%BC.raw"), ("/a%20b%zz%", "/a%20b%zz%"), ("/a#b c", "/a"), ("  /a  ", "/a"),
        ("\\b\\c?d\\e", "/b/c?d%5Ce"), ("http:\\\\127.0.0.1:PORT\\a b", "/a%20b"), ("/a\tb", "/ab"), ("?x y", "/a/start?x%20y"),
        ("http://127.0.0.1:PORT", "/"),
    ]

    @Test(arguments: unencoded) func `is written as browsers write it`(_ location: String, _ path: String) throws {
        let server = try RawServer { connection, number in
            let head = connection.readHead() ?? ""
            guard number == 1 else { return connection.answer(body: "here") }
            let port = head.split(separator: "\r\n").first { $0.hasPrefix("Host: ") }?.split(separator: ":").last ?? ""
            connection.answer("302 Found", "Location: \(location.replacing("PORT", with: port))\r\n")
        }
        let download = try Download(server.url("/a/start"), judge: { _ in { _ in true } })
        #expect(try download.everything() == Array("here".utf8))
        #expect(server.heads.last?.hasPrefix("GET \(path) ") == true, "\(server.heads.last ?? "")")
    }

    @Test func `may hold bytes that are no UTF-8`() throws {
        let server = try RawServer { connection, number in
            connection.readHead()
            guard number == 1 else { return connection.answer(body: "here") }
            connection.send(Array("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /caf".utf8) + [0xE9] + Array("\r\n\r\n".utf8))
        }
        _ = try Download(server.url(), judge: { _ in { _ in true } })
        #expect(server.heads.last?.hasPrefix("GET /caf%E9 ") == true)
    }

    @Test(arguments: [
        "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1:1/", "http://169.254.169.254/latest/meta-data",
        "//169.254.169.254/", "http://[::1]/", "http://2130706433/", "HTTP://127.1/", "dict://x:1/", "javascript:alert(1)", "http://", "",
        "http://a b/", "http:///etc/passwd",
    ])
    func `goes nowhere that the caller forbids`(_ target: String) throws {
        let server = try RawServer.says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: \(target)\r\n\r\n")
        let own = server.url("/start")
        #expect(throws: HTTPClientError.of(.misdirected)) {
            try Download(own, judge: { url in url == own ? { _ in true } : nil })
        }
        #expect(server.heads.count == 1)
    }

    @Test func `to a bad scheme is not followed, whatever the caller thinks`() throws {
        for target in ["file:///etc/passwd", "gopher://127.0.0.1:1/", "ftp://127.0.0.1:1/"] {
            let server = try RawServer.says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: \(target)\r\n\r\n")
            let error = #expect(throws: HTTPClientError.self) { try Download(server.url(), judge: { _ in { _ in true } }) }
            #expect(error?.kind == .invalid || error?.kind == .misdirected)
        }
    }

    @Test(arguments: [5, 6]) func `is followed five times`(_ redirects: Int) throws {
        let server = try RawServer { connection, number in
            connection.readHead()
            if number <= redirects { connection.answer("302 Found", "Location: /\(number)\r\n") } else { connection.answer(body: "x") }
        }
        let download = Result { () throws(HTTPClientError) in try Download(server.url(), judge: { _ in { _ in true } }) }
        switch download {
        case .success(let download): #expect(redirects == 5 && download.status == 200)
        case .failure(let error): #expect(redirects == 6 && error.kind == .misdirected)
        }
    }

    @Test func `whose body never ends is followed all the same`() throws {
        let server = try RawServer { connection, number in
            connection.readHead()
            guard number == 1 else { return connection.answer(body: "x") }
            connection.send("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
            while connection.send("endless") {}
        }
        #expect(try Download(server.url(), judge: { _ in { _ in true } }).everything() == [UInt8(ascii: "x")])
    }

    @Test func `takes no header to another place but what is asked for`() throws {
        let other = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let server = try RawServer { connection, number in
            connection.readHead()
            connection.answer("302 Found", "Location: \(number == 1 ? "/again" : other.url())\r\n")
        }
        let url = server.url().replacingOccurrences(of: "//", with: "//user:secret@")
        _ = try Download(url, headers: [("X-Auth-Token", "secret"), ("Range", "bytes=1-")], judge: { _ in { _ in true } })
        #expect(server.heads.count == 2)
        for head in server.heads {
            #expect(head.contains("X-Auth-Token: secret") && head.contains("Authorization: Basic dXNlcjpzZWNyZXQ="))
        }
        #expect(!other.heads[0].contains("X-Auth-Token") && !other.heads[0].contains("Authorization"))
        #expect(other.heads[0].contains("Range: bytes=1-"))
    }
}

@Suite struct `The address of a connection` {
    @Test func `is the one that was judged`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let seen = Mutex<[[UInt8]]>([])
        let judge: Download.Judge = { _ in
            { address in
                seen.withLock { $0.append(address) }
                return address.count == 4
            }
        }
        _ = try Download("http://localhost:\(server.port)/", judge: judge)
        #expect(seen.withLock { $0 }.contains([127, 0, 0, 1]))
        #expect(throws: HTTPClientError.of(.refused)) { try Download("http://[::1]:\(server.port)/", judge: judge) }
        #expect(seen.withLock { $0 }.last == [UInt8](repeating: 0, count: 15) + [1])
    }

    @Test func `that is refused does not tell whether anybody listens there`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let messages = [server.port, try freePort()].map { port in
            let error = #expect(throws: HTTPClientError.self) {
                try Download("http://localhost:\(port)/", judge: { _ in { _ in false } })
            }
            #expect(error?.kind == .refused && error?.mayHaveArrived == false)
            return error?.message
        }
        #expect(messages[0] == messages[1])
        #expect(server.heads.isEmpty)
    }

    @Test func `must be told in time`() throws {
        // No server has an address of the ranges for documentation: RFC 5737.
        let began = monotonicSeconds()
        #expect(throws: HTTPClientError.self) {
            try Download("http://192.0.2.1/", limits: .init(connect: 0.5), judge: { _ in { _ in true } })
        }
        // The system gives up after two minutes.
        #expect(monotonicSeconds() - began < 60)
    }
}

@Suite struct `A certificate` {
    @Test func `is checked`() throws {
        let own = try SelfSigned(for: "localhost")
        let port = try freePort()
        let nginx = try Nginx(
            """
            \(own.listening(on: port))
            location / { return 200 hello; }
            """)
        let authority = own.certificate
        let all: Download.Judge = { _ in { _ in true } }
        #expect(try Download("https://localhost:\(port)/", certificateAuthority: authority, judge: all).everything().count == 5)
        #expect(throws: HTTPClientError.of(.untrusted)) { try Download("https://localhost:\(port)/", judge: all) }
        #expect(throws: HTTPClientError.of(.untrusted)) {
            try Download("https://127.0.0.1:\(port)/", certificateAuthority: authority, judge: all)
        }
        #expect(try HTTPClient(certificateAuthority: authority).send("GET", "https://localhost:\(port)/", longest: 9).status == 200)
        #expect(throws: HTTPClientError.of(.untrusted)) { try HTTPClient().send("GET", "https://localhost:\(port)/", longest: 9) }
        _ = nginx
    }
}
