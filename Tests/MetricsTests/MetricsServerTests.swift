import CoreMetrics
import Foundation
import ServiceMetrics
import SharedMetrics
import TestSupport
import Testing

/// A server of metrics beside a process that has counted.
private final class Served: @unchecked Sendable {
    let node: Node
    let process: Node.Process
    let server: MetricsServer

    init(_ sources: [any MetricSource] = []) throws {
        node = try Node()
        process = try node.process()
        process.requests("/v2/images").increment(by: 3)
        server = try MetricsServer(on: "127.0.0.1:0", folder: node.reader(), sources: sources) { _ in }
        try server.start()
    }

    deinit { server.stop() }

    func connection() throws -> HTTPConnection { try HTTPConnection(port: server.port) }

    func get(_ target: String = "/metrics", _ method: String = "GET", _ headers: String = "") throws -> Reply {
        let connection = try connection()
        try connection.send("\(method) \(target) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
        return try connection.receive(isHead: method == "HEAD")
    }
}

@Suite struct `The server of metrics` {
    private let served: Served
    init() throws { served = try Served() }

    @Test func `answers in both formats`() throws {
        let plain = try served.get()
        #expect(plain.status == 200 && plain["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(plain.text.contains("\ntest_requests_total{route=\"/v2/images\"} 3\n") && !plain.text.contains("# EOF"))
        let open = try served.get("/metrics?x=1", "GET", "accept: application/openmetrics-text; version=1.0.0\r\n")
        #expect(open.status == 200 && open["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.text.hasSuffix("\n# EOF\n") && open.text.contains("# TYPE test_requests counter\n"))
        // The order is that of the names, so that two scrapes can be compared.
        let names = plain.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.map { $0.split(separator: " ")[2] }
        #expect(names == names.sorted())
    }

    @Test func `sends no body with HEAD, and says what else is wrong`() throws {
        let head = try served.get("/metrics", "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && Int(head["Content-Length"] ?? "") ?? 0 > 100)
        #expect(try served.get("/").status == 404)
        #expect(try served.get("/metrics/").status == 404)
        let post = try served.get("/metrics", "POST", "Content-Length: 3\r\n")
        #expect(post.status == 405 && post["Allow"] == "GET, HEAD")
    }

    @Test(arguments: [
        "\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "GET /metrics HTTP/2\r\n\r\n", "GET  /metrics HTTP/1.1\r\n\r\n",
        "\0\u{1}\r\n\r\n",
    ])
    func `refuses what is no request`(_ text: String) throws {
        let connection = try served.connection()
        try connection.send(text)
        #expect(try connection.receive().status == 400)
    }

    @Test func `takes a request in pieces, and refuses one without an end`() throws {
        let slow = try served.connection()
        for byte in Array("GET /metrics HTTP/1.1\n\n".utf8) { try slow.send([byte]) }
        #expect(try slow.receive().status == 200)
        let long = try served.connection()
        try? long.send("GET /metrics HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))")
        #expect(try long.receive().status == 431)
    }

    @Test func `is held by nobody who neither sends nor reads`() throws {
        // Long answers, so that they do not fit into the buffers of a socket.
        for number in 0..<900 { served.process.requests("\(number)\(String(repeating: "x", count: 200))").increment() }
        let silent = try (0..<100).map { _ in try served.connection() }
        for _ in 0..<3 { #expect(try served.get().text.contains("test_requests_total{route=\"/v2/images\"} 3")) }
        let deaf = try (0..<100).map { _ in
            let connection = try served.connection()
            try connection.send("GET /metrics HTTP/1.1\r\n\r\n")
            return connection
        }
        for _ in 0..<3 { #expect(try served.get().text.contains("test_requests_total{route=\"/v2/images\"} 3")) }
        let gone = try served.connection()
        try gone.send("GET /metrics HTTP/1.1\r\n\r\n")
        gone.abort()
        #expect(try served.get().status == 200)
        withExtendedLifetime((silent, deaf)) {}
    }

    @Test func `closes a connection that does not send its request in time`() throws {
        let connection = try served.connection()
        try connection.send("GET /metrics HTTP/1.1\r\n")
        // Nothing is read on a closed connection, so sending fails.
        #expect(eventually { (try? connection.send("x")) == nil })
        #expect(try served.get().status == 200)
    }

    @Test func `shows what other sources tell, and nothing twice`() throws {
        struct Source: MetricSource {
            func readings() -> [MetricReading] {
                [
                    MetricReading(MetricFamily(name: "openstack_glance_up", help: "Up.", kind: .gauge(.max)), [.init([], 1)]),
                    MetricReading(Node.requests, [.init(["/v2/images"], 99)]),
                ]
            }
        }
        let served = try Served([Source()])
        let text = try served.get().text
        #expect(text.contains("\nopenstack_glance_up 1\n"))
        #expect(text.contains("test_requests_total{route=\"/v2/images\"} 3\n") && !text.contains(" 99\n"))
    }

    @Test func `says what is wrong with its address`() throws {
        let folder = served.node.reader()
        for (address, reason) in [
            ("127.0.0.1:\(served.server.port)", "Address already in use"), ("9193", "is no address"), (":9193", "is no address"),
            ("127.0.0.1:99999", "is no address"), ("::1:9193", "is no address"), ("no such host:9193", "is no address"),
            ("no-such-host.invalid:9193", "no-such-host.invalid"),
        ] {
            let error = #expect(throws: MetricsError.self) { _ = try MetricsServer(on: address, folder: folder) { _ in } }
            #expect(error?.description.contains(reason) == true, "\(address): \(error?.description ?? "")")
        }
        let six = try? MetricsServer(on: "[::1]:0", folder: folder) { _ in }
        #expect(six?.isLoopback != false)
        six?.stop()
        let all = try MetricsServer(on: "0.0.0.0:0", folder: folder) { _ in }
        #expect(!all.isLoopback)
        all.stop()
    }

    @Test func `answers 503 while the folder cannot be read`() throws {
        try FileManager.default.removeItem(atPath: served.node.folder)
        #expect(try served.get().status == 503)
    }

    @Test(arguments: [
        ("", "prometheus_client.parser"), ("Accept: application/openmetrics-text\r\n", "prometheus_client.openmetrics.parser"),
    ])
    func `is understood by Prometheus' own client`(_ accept: String, _ parser: String) throws {
        served.process.requests("a\"b\\c\nd é").increment()
        served.process.durations.recordMilliseconds(30)
        served.process.meter(Node.longest).set(1.25)
        let script = """
            import sys
            from \(parser) import text_string_to_metric_families
            for family in text_string_to_metric_families(sys.stdin.buffer.read().decode()):
                assert family.documentation and family.type != 'unknown', family
                for sample in family.samples:
                    print(sample.name, sorted(sample.labels.items()), float(sample.value))
            """
        let read = try Clients.run("python3", ["-c", script], input: try served.get("/metrics", "GET", accept).body).succeeded().text
        #expect(read.contains("test_requests_total [('route', '/v2/images')] 3.0"), "\(read)")
        #expect(read.contains(#"test_requests_total [('route', 'a"b\\c\nd é')] 1.0"#), "\(read)")
        #expect(read.contains("test_duration_seconds_bucket [('le', '0.5')] 1.0") && read.contains("test_duration_seconds_sum [] 0.03"))
        #expect(read.contains("test_longest_seconds [] 1.25") && read.contains("vitrine_build_info [('version', '1.0')] 1.0"))
    }
}
