import Domain
import Foundation
import HTTPClient
import Stores
import Synchronization
import TestSupport
import Testing

@Suite struct `The proxies of an environment` {
    private static let script = """
        import json, os, sys
        from requests.utils import get_environ_proxies, select_proxy
        answers = []
        for environment, urls in json.load(sys.stdin):
            for name in list(os.environ):
                if name.lower().endswith('_proxy') or name == 'REQUEST_METHOD':
                    del os.environ[name]
            os.environ.update(environment)
            answers.append([select_proxy(url, get_environ_proxies(url)) for url in urls])
        print(json.dumps(answers))
        """

    private static let p = "http://proxy.example:3128"
    private static let q = "http://other.example:8080"

    /// Cases in which requests and curl agree.
    static let environments: [[String: String]] = [
        [:], ["http_proxy": p], ["https_proxy": p], ["HTTPS_PROXY": p], ["HTTP_PROXY": p], ["http_proxy": p, "HTTP_PROXY": q],
        ["http_proxy": "", "HTTP_PROXY": q], ["all_proxy": p], ["ALL_PROXY": p, "http_proxy": q],
        ["HTTP_PROXY": p, "REQUEST_METHOD": "GET"],
        ["http_proxy": p, "HTTPS_PROXY": q, "REQUEST_METHOD": "POST"], ["all_proxy": p, "no_proxy": "*"],
        ["all_proxy": p, "no_proxy": "images.example"], ["all_proxy": p, "NO_PROXY": ".example, 10.0.0.0/8"],
        ["all_proxy": p, "no_proxy": "10.1.2.3,images.example:8443"], ["all_proxy": p, "no_proxy": "IMAGES.EXAMPLE"],
        ["all_proxy": p, "no_proxy": "other", "NO_PROXY": "images.example"], ["all_proxy": p, "no_proxy": ""],
    ]
    static let urls = [
        "http://images.example/x", "https://images.example/x", "https://images.example:8443/x", "http://10.1.2.3/x", "https://11.1.2.3/x",
        "http://sub.images.example/x", "http://example/",
    ]

    @Test func `are those that requests finds in it`() throws {
        let cases = Self.environments.map { environment in
            var object = JSONObjectBuilder()
            for (name, value) in environment { object[name] = value }
            return "[\(object.text), [\(Self.urls.map { "\"\($0)\"" }.joined(separator: ","))]]"
        }
        let input = Array("[\(cases.joined(separator: ","))]".utf8)
        let theirs = try #require(try PyPIGlance.run("python3", ["-c", Self.script], input: input).json.array)
        for (environment, answers) in zip(Self.environments, theirs) {
            let proxies = try Proxies(environment: environment)
            for (url, their) in zip(Self.urls, try #require(answers.array)) {
                let parts = try #require(URLComponents(string: url))
                let host = try #require(parts.host)
                let address = host.first!.isNumber ? host.split(separator: ".").compactMap { UInt8($0) } : nil
                let ours = proxies.proxy(
                    for: parts.scheme!, host, address: address, port: parts.port ?? (parts.scheme == "http" ? 80 : 443))
                #expect((ours != nil) == (their.string != nil), "\(url) by \(environment): \(their)")
                if let ours, let their = their.string { #expect("\(ours)".contains(their), "\(url) by \(environment)") }
            }
        }
    }

    /// requests matches any end of a name; curl and this service match whole labels.
    @Test func `leave out hosts, networks and ports`() throws {
        let proxies = try Proxies(environment: ["all_proxy": Self.p, "no_proxy": "example.com fd00::/8,[::1]:8080"])
        func goes(_ host: String, _ address: [UInt8]? = nil, _ port: Int = 80) -> Bool {
            proxies.proxy(for: "http", host, address: address, port: port) != nil
        }
        #expect(!goes("example.com") && !goes("a.example.com") && goes("badexample.com"))
        #expect(!goes("fd00::1", [0xFD] + [UInt8](repeating: 0, count: 15)) && goes("fe00::1", [0xFE] + [UInt8](repeating: 0, count: 15)))
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        #expect(!goes("::1", loopback, 8080) && goes("::1", loopback, 80))
    }

    @Test(arguments: ["socks5://secret@proxy:1", "ftp://secret@x", "http://secret a", "http://"])
    func `are refused where they are none, without a word of theirs`(_ text: String) {
        let error = #expect(throws: ProxyError.self) { try Proxies(environment: ["https_proxy": text]) }
        #expect(error?.description.contains("https_proxy") == true && error?.description.contains("secret") == false)
    }
}

/// JSON of texts by name.
private struct JSONObjectBuilder {
    private var members: [String] = []
    subscript(name: String) -> String? {
        get { nil }
        set { members.append("\"\(name)\": \"\(newValue ?? "")\"") }
    }
    var text: String { "{\(members.joined(separator: ","))}" }
}

@Suite struct `A download by a proxy` {
    /// A proxy that answers in place of the server, and opens no tunnels.
    private final class TestProxy: Sendable {
        let server: RawServer

        init() throws {
            server = try RawServer { connection, _ in
                let isTunnel = connection.readHead()?.hasPrefix("CONNECT ") == true
                connection.answer(isTunnel ? "403 Forbidden" : "200 OK", body: isTunnel ? "no tunnels" : "by proxy")
            }
        }

        var url: String { "http://me:s3cret@127.0.0.1:\(server.port)" }
    }

    private func store(_ proxies: Proxies, hosts: [String] = []) throws -> HTTPStore {
        try HTTPStore(
            rules: FetchRules(hosts: .init(allowed: hosts), ports: .init()),
            limits: .init(connect: 2, leastRate: 1, averaged: 1, grace: 10), proxies: proxies)
    }

    private let origin: RawServer
    private let proxy: TestProxy
    private let proxies: Proxies
    init() throws {
        origin = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect")
        proxy = try TestProxy()
        proxies = try Proxies(environment: ["http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": "127.0.0.1"])
    }

    @Test func `names the host to it that means nothing here`() throws {
        let fetched = try store(proxies).fetch("http://images.invalid:8080/x?y", atMost: 100) { false }
        #expect(fetched.announced == 8)
        let head = try #require(proxy.server.heads.first)
        #expect(head.hasPrefix("GET http://images.invalid:8080/x?y HTTP/1.1\r\n") && head.contains("\r\nHost: images.invalid:8080\r\n"))
        #expect(head.contains("\r\nProxy-Authorization: Basic \(Data("me:s3cret".utf8).base64EncodedString())\r\n"))
    }

    @Test func `asks a host that is excepted itself`() throws {
        #expect(try store(proxies, hosts: ["127.0.0.1"]).fetch(origin.url(), atMost: 100) { false }.announced == 6)
        #expect(proxy.server.heads.isEmpty && origin.heads.count == 1 && !origin.heads[0].contains("s3cret"))
    }

    /// The filter checks what it can: an address, and a name that resolves here.
    @Test(arguments: ["http://10.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/", "http://localhost/", "HOST"])
    func `is judged like any other`(_ url: String) throws {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let own = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        #expect(throws: Fault.self) {
            try store(proxies).fetch(url == "HOST" ? "http://\(own)/" : url, atMost: 100) { false }
        }
        #expect(proxy.server.heads.isEmpty)
    }

    @Test func `follows redirects by it, and judges them`() throws {
        let leading = try RawServer { connection, number in
            let head = connection.readHead() ?? ""
            let target = ["http://next.invalid/a b", "http://10.0.0.1/"][min(number - 1, 1)]
            if head.contains("/last") { connection.answer(body: "x") } else { connection.answer("302 Found", "Location: \(target)\r\n") }
        }
        let proxies = try Proxies(named: ["http": "127.0.0.1:\(leading.port)"])
        let fault = #expect(throws: Fault.of(.unavailable)) { try store(proxies).fetch("http://first.invalid/", atMost: 9) { false } }
        #expect(fault?.message.contains("redirects to a URL") == true && fault?.description.contains("10.0.0.1") == true)
        #expect(
            leading.heads.map { $0.split(separator: "\r\n")[0] } == [
                "GET http://first.invalid/ HTTP/1.1", "GET http://next.invalid/a%20b HTTP/1.1",
            ])
    }

    @Test func `asks for a tunnel where it is to be secret, and shows no header in the open`() throws {
        let token = CallerToken("t0ken")
        let fault = #expect(throws: Fault.of(.unavailable)) {
            try store(proxies).fetch("https://images.invalid/x", showing: token, atMost: 9) { false }
        }
        #expect(fault?.message.contains("fetched from its source") == true)
        #expect(fault?.description.contains("403") == true && fault?.description.contains("s3cret") == false, "\(fault?.description ?? "")")
        let head = try #require(proxy.server.heads.first)
        #expect(head.hasPrefix("CONNECT images.invalid:443 HTTP/1.1\r\n") && !head.contains("t0ken"))
    }

    @Test func `takes the answer behind a tunnel for the source's`() throws {
        let own = try SelfSigned(for: "images.invalid")
        let port = try freePort()
        let nginx = try Nginx(
            """
            \(own.listening(on: port))
            location / { return 200 hello; }
            """)
        let tunnel = try RawServer { connection, _ in
            guard connection.readHead()?.hasPrefix("CONNECT images.invalid:8443 ") == true else { return }
            connection.send("HTTP/1.1 200 Connection established\r\nContent-Length: 3\r\nX-Proxy: yes\r\n\r\n")
            connection.tunnel(to: port)
        }
        let download = try Download(
            "https://images.invalid:8443/", certificateAuthority: own.certificate,
            proxies: try Proxies(environment: ["HTTPS_PROXY": "http://127.0.0.1:\(tunnel.port)"]), judge: { _ in { _ in false } })
        #expect(download.status == 200 && download.announced == 5 && download.headers["X-Proxy"] == nil)
        #expect(try download.everything() == Array("hello".utf8))
        _ = nginx
    }

    @Test func `that cannot be reached is named as the reason`() throws {
        for url in ["http://me:s3cret@127.0.0.1:\(try freePort())", "http://nowhere.invalid:3128"] {
            let proxies = try Proxies(named: ["http": url, "https": url])
            for source in ["http://images.invalid/", "https://images.invalid/"] {
                let fault = #expect(throws: Fault.of(.unavailable)) { try store(proxies).size(of: source) }
                #expect(fault?.message == "The proxy by which this service fetches data cannot be reached.")
                #expect(fault?.description.contains("s3cret") == false)
            }
        }
    }
}
