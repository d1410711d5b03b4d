import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct `An exchange with a service of our own` {
    @Test func `brings status, header and body`() throws {
        let nginx = try Nginx("location / { add_header X-One 'a b'; return 201 hello; }")
        let reply = try HTTPClient().send("GET", nginx.url("/"), longest: 100)
        #expect(reply.status == 201)
        #expect(reply.headers["x-oNE"] == "a b")
        #expect(reply.headers["X-Two"] == nil)
        #expect(String(decoding: reply.body, as: UTF8.self) == "hello")
    }

    @Test(arguments: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) func `is of any method`(_ method: String) throws {
        let server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                if head.contains("Content-Length: 3") { connection.readBody(3) }
                if head.hasPrefix("HEAD") {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
                } else {
                    connection.answer(body: "x")
                }
            }
        }
        let client = HTTPClient()
        let hasBody = method.hasPrefix("P")
        for body in [hasBody ? Array("abc".utf8) : nil, hasBody ? [] : nil, nil] {
            let reply = try client.send(method, server.url("/p?q=%20"), headers: [("X-A", "b"), ("X-Empty", "")], body: body, longest: 9)
            #expect(reply.status == 200)
            #expect(reply.body.count == (method == "HEAD" ? 0 : 1))
        }
        #expect(server.heads.count == 3)
        for head in server.heads {
            #expect(head.hasPrefix("\(method) /p?q=%20 HTTP/1.1\r\n"))
            #expect(head.contains("\r\nX-A: b\r\n") && head.contains("\r\nX-Empty:\r\n"))
            #expect(!head.contains("Expect") && !head.contains("Content-Type"))
        }
        #expect(server.heads[0].contains("\r\nContent-Length: 3\r\n") == hasBody)
        #expect(server.heads[1].contains("\r\nContent-Length: 0\r\n") == hasBody)
    }

    @Test func `keeps its connection`() throws {
        let accepted = Atomic(0)
        let server = try RawServer { connection, number in
            accepted.store(number, ordering: .relaxed)
            while let head = connection.readHead() {
                if head.contains("Content-Length: 3") { connection.readBody(3) }
                connection.answer(body: head.hasPrefix("HEAD") ? "" : "x")
            }
        }
        let client = HTTPClient()
        for _ in 1...5 {
            for method in ["GET", "HEAD", "POST", "GET", "DELETE", "HEAD", "PUT", "HEAD", "DELETE", "POST"] {
                let body = method.hasPrefix("P") ? Array("abc".utf8) : nil
                let reply = try client.send(method, server.url(), body: body, longest: 1)
                #expect(reply.body.count == (method == "HEAD" ? 0 : 1))
            }
        }
        #expect(accepted.load(ordering: .relaxed) == 1)
    }

    @Test func `goes on when the server closed the kept connection, with nothing lost and nothing done twice`() throws {
        let nginx = try Nginx("location / { return 200 x; }", http: "keepalive_requests 3; keepalive_timeout 100ms;")
        let client = HTTPClient()
        for number in 1...40 {
            if number % 10 == 0 { usleep(150_000) }
            #expect(try client.send("POST", nginx.url("/"), body: [1], longest: 1).status == 200)
        }
        #expect(try eventually { try nginx.accessLines() == 40 })
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func `never sends a change again whose server may have taken it`(_ method: String) throws {
        let server = try RawServer { connection, number in
            connection.readHead()
            connection.answer()
            // Accepts the second request on the kept connection, and dies.
            if number == 1 { connection.readHead() } else { while connection.readHead() != nil { connection.answer() } }
        }
        let client = HTTPClient()
        _ = try client.send(method, server.url(), longest: 0)
        let error = #expect(throws: HTTPClientError.self) { try client.send(method, server.url(), longest: 0) }
        #expect(error?.kind == .broken && error?.mayHaveArrived == true)
        #expect(server.heads.count == 2)
        _ = try client.send(method, server.url(), longest: 0)
        #expect(server.heads.count == 3)
    }

    @Test func `sends a reading request again`() throws {
        let server = try RawServer { connection, number in
            connection.readHead()
            connection.answer()
            if number == 1 { connection.readHead() } else { while connection.readHead() != nil { connection.answer() } }
        }
        let client = HTTPClient()
        for _ in 1...2 { #expect(try client.send("GET", server.url(), longest: 0).status == 200) }
        #expect(server.heads.count == 3)
    }

    @Test func `goes by many threads at once`() throws {
        let nginx = try Nginx("location / { return 200 $arg_n; }")
        let client = HTTPClient()
        let wrong = Atomic(0)
        let threads = try (0..<8).map { thread in
            try JoinableThread { [url = nginx.url("/")] in
                for number in 0..<100 {
                    let text = "\(thread)-\(number)"
                    let reply = try? client.send("GET", "\(url)?n=\(text)", longest: 10)
                    if reply.map({ String(decoding: $0.body, as: UTF8.self) }) != text { wrong.add(1, ordering: .relaxed) }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test func `does not follow redirects`() throws {
        let nginx = try Nginx("location / { return 302 http://127.0.0.1:1/; }")
        let reply = try HTTPClient().send("GET", nginx.url("/"), longest: 1000)
        #expect(reply.status == 302)
        #expect(reply.headers["Location"] == "http://127.0.0.1:1/")
    }

    @Test func `asks no proxy`() throws {
        let nginx = try Nginx("location / { return 200 direct; }")
        for name in ["http_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1/", 1) }
        defer { for name in ["http_proxy", "ALL_PROXY"] { unsetenv(name) } }
        #expect(try HTTPClient().send("GET", nginx.url("/"), longest: 10).status == 200)
    }

    @Test(arguments: [(0, true), (5, true), (4, false)])
    func `takes a body as long as it may be`(_ longest: Int, _ isTaken: Bool) throws {
        let text = longest == 0 ? "" : "12345"
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.answer(body: text)
        }
        let reply = Result { () throws(HTTPClientError) in try HTTPClient().send("GET", server.url(), longest: longest) }
        switch reply {
        case .success: #expect(isTaken)
        case .failure(let error): #expect(!isTaken && error.kind == .tooLong)
        }
    }

    @Test func `refuses a header without an end`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-Again: \(String(repeating: "x", count: 1000))\r\n") {}
        }
        #expect(throws: HTTPClientError.of(.broken)) { try HTTPClient().send("GET", server.url(), longest: 10) }
    }

    @Test func `refuses interim answers without an end`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            while connection.send("HTTP/1.1 103 Early Hints\r\n\r\n") {}
        }
        #expect(throws: HTTPClientError.of(.broken)) { try HTTPClient().send("GET", server.url(), longest: 10) }
    }

    @Test(arguments: [
        ("GET", "http://127.0.0.1:1/", "X-A", "b\r\nX-B: c"), ("GET", "http://127.0.0.1:1/", "X-A", "b\nc"),
        ("GET", "http://127.0.0.1:1/", "X-A", "b\0c"), ("GET", "http://127.0.0.1:1/", "X A", "b"),
        ("GET", "http://127.0.0.1:1/", "X-A:", "b"), ("GET", "http://127.0.0.1:1/", "", "b"), ("GET", "http://127.0.0.1:1/ ", "X", "b"),
        ("GET", "http://127.0.0.1:1/\r\nX: y", "X", "b"), ("GET", "file:///etc/passwd", "X", "b"), ("GET", "gopher://127.0.0.1/", "X", "b"),
        ("GET", "", "X", "b"), ("G T", "http://127.0.0.1:1/", "X", "b"), ("", "http://127.0.0.1:1/", "X", "b"),
        ("get", "http://127.0.0.1:1/", "X", "b"),
    ])
    func `is refused when it would not be the one that was meant`(_ method: String, _ url: String, _ name: String, _ value: String) {
        #expect(throws: HTTPClientError.of(.invalid)) { try HTTPClient().send(method, url, headers: [(name, value)], longest: 10) }
    }

    @Test func `that reaches nobody has not arrived`() throws {
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient().send("POST", "http://127.0.0.1:\(try freePort())/", body: [1], longest: 10)
        }
        #expect(error?.kind == .unreachable && error?.mayHaveArrived == false)
    }

    @Test func `ends in time`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nX: ")
            while connection.send("y") { usleep(100_000) }
        }
        let error = #expect(throws: HTTPClientError.self) {
            try HTTPClient(timeouts: .init(exchange: 0.5)).send("GET", server.url(), longest: 10)
        }
        #expect(error?.kind == .timedOut && error?.mayHaveArrived == true)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "no HTTP at all\r\n\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 3\r\n\r\nabc",
    ])
    func `is none when the answer is not whole`(_ text: String) throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send(text)
        }
        let error = #expect(throws: HTTPClientError.self) { try HTTPClient().send("GET", server.url(), longest: 1000) }
        #expect(error?.kind == .cut || error?.kind == .broken)
    }
}

extension HTTPClientError: Equatable {
    /// An error to compare with one that was thrown.
    static func of(_ kind: Kind) -> HTTPClientError { HTTPClientError(kind, "") }

    package static func == (left: HTTPClientError, right: HTTPClientError) -> Bool { left.kind == right.kind }
}
