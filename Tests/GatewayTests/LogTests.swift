import Foundation
import TestSupport
import Testing

/// The log lines about requests, in the format of oslo.log.
@Suite(.sharesServices) struct `The log` {
    let glance: TestGlance
    init() throws { glance = try .of(Self.self) }

    /// The access lines of a request, once there is one.
    private func lines(of request: String, in glance: TestGlance) throws -> [String] {
        var lines: [String] = []
        _ = try eventually {
            lines = try glance.workerLog().split(separator: "\n").map(String.init).filter {
                $0.contains("glance.access") && $0.contains(request)
            }
            return !lines.isEmpty
        }
        return lines
    }

    static let requests: [(String, String, TestGlance.Person?, String, Int)] = [
        ("GET", "/v2/images/{image}", .alice, "/v2/images/{image}", 200), ("GET", "/v2/images?limit=1", .bob, "/v2/images", 200),
        ("PUT", "/v2/images/{image}/tags/some-tag", .alice, "/v2/images/{image}/tags/{tag}", 204),
        ("GET", "/v2/images/{image}/file", .alice, "/v2/images/{image}/file", 200),
        ("HEAD", "/v2/images/{image}/file", .alice, "/v2/images/{image}/file", 200),
        ("GET", "/v2/images/nothing", .admin, "/v2/images/{image}", 404),
        ("DELETE", "/v2/images/{image}", .reader, "/v2/images/{image}", 403),
        ("GET", "/v2/nothing", .alice, "-", 404), ("GET", "/v2/images", nil, "-", 401), ("GET", "/versions", nil, "-", 200),
    ]

    @Test(arguments: requests)
    func `has one line for a request, in oslo.log's form`(
        _ method: String, _ path: String, _ person: TestGlance.Person?, _ route: String, _ status: Int
    ) throws {
        let image = try glance.hasActiveImage("hello")
        let id = "req-\(UUID().uuidString.lowercased())"
        let reply = try glance.send(method, path.replacing("{image}", with: image), as: person, ["X-Openstack-Request-Id": id])
        #expect(reply.status == status)
        let lines = try lines(of: id, in: glance)
        #expect(lines.count == 1)
        let who = person.map { "\($0.rawValue) \($0.project)" } ?? "- -"
        let head = #/(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (\d+) INFO glance\.access \[(.*?)\] (.*)/#
        let line = try #require(try head.wholeMatch(in: lines[0]))
        #expect(glance.site.workerIDs.map { String($0) }.contains(String(line.2)))
        #expect(line.3 == "\(id) \(id) \(who) - - - -")
        let rest = try #require(try #/(\w+) (\S+) (\d{3}) (\d+) ms (\d+) bytes from 127\.0\.0\.1/#.wholeMatch(in: line.4))
        #expect(rest.1 == method)
        #expect(rest.2 == route)
        #expect(rest.3 == String(status))
        #expect(Int(rest.4)! < 10_000)
        #expect(rest.5 == String(reply.body.count))
    }

    @Test func `gives a name to a request that has none, the one that its client is told`() throws {
        let reply = try glance.send("GET", "/v2/images?limit=1")
        let id = try #require(reply["x-openstack-request-id"])
        #expect(try lines(of: id, in: glance).first?.contains("[None \(id) alice acme - - - -]") == true)
    }

    @Test func `tells the time that oslo.log would`() throws {
        let id = "req-\(UUID().uuidString.lowercased())"
        let before = Date()
        _ = try glance.send("GET", "/versions", as: nil, ["X-Openstack-Request-Id": id])
        let line = try #require(try lines(of: id, in: glance).first)
        let form = DateFormatter()
        form.dateFormat = "yyyy-MM-dd HH:mm:ss.SSS"
        let moment = try #require(form.date(from: String(line.prefix(23))))
        #expect(moment > before.addingTimeInterval(-1) && moment < Date().addingTimeInterval(1))
    }

    @Test func `is JSON where that is wished for`() throws {
        let glance = try TestGlance(["DEFAULT": "use_json = true"])
        let id = "req-\(UUID().uuidString.lowercased())"
        let image = try glance.hasActiveImage("hello")
        let reply = try glance.send("GET", "/v2/images/\(image)/file", as: .bob, ["X-Openstack-Request-Id": id])
        #expect(reply.status == 404)
        let lines = try lines(of: id, in: glance)
        #expect(lines.count == 1)
        let line = try JSONValue(parsing: Array(lines[0].utf8))
        #expect(line["levelname"]?.string == "INFO")
        #expect(line["name"]?.string == "glance.access")
        #expect(line["asctime"]?.string?.wholeMatch(of: #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/#) != nil)
        #expect(line["process"]?.int.map { glance.site.workerIDs.contains(Int32($0)) } == true)
        #expect(line["message"]?.string?.hasPrefix("GET /v2/images/{image}/file 404 ") == true)
        let fields: [String: JSONValue] = [
            "request_id": .string(id), "global_request_id": .string(id), "user_id": "bob", "project_id": "bolt", "method": "GET",
            "route": "/v2/images/{image}/file", "status": 404, "bytes": .int(Int64(reply.body.count)), "remote_address": "127.0.0.1",
        ]
        for (name, value) in fields { #expect(line[name] == value, "\(name)") }
        #expect(line["ms"]?.int != nil)
        // Every line is JSON, including those of the start.
        for line in try glance.workerLog().split(separator: "\n") {
            #expect(try JSONValue(parsing: Array(line.utf8)).object != nil, "\(line)")
        }
    }

    @Test func `goes to the file that is named, or into the folder`() throws {
        let folder = "\(TestFolder.root)/logs-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (options, file) in [("log_dir = \(folder)", "glance-api.log"), ("log_dir = \(folder)\nlog_file = other.log", "other.log")] {
            let glance = try TestGlance(["DEFAULT": options])
            #expect(try glance.send("GET", "/v2/images").status == 200)
            #expect(try eventually { try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8).contains("] GET /v2/images 200 ") })
            #expect(try !glance.workerLog().contains("glance.access"))
        }
    }

    /// Tokens, valid or not, wherever a client puts them, at the debug level.
    @Test func `never tells a token nor what is behind the question mark`() throws {
        let glance = try TestGlance(["DEFAULT": "debug = true"])
        let secrets = ["alice", "wr0ng-t0ken", "qu3ry-s3cret", "b0dy-s3cret", "h3ader-s3cret"]
        let tokens = try String(contentsOfFile: "\(glance.folder)/tokens.yaml", encoding: .utf8).replacing(
            "tokens:\n", with: "tokens:\n  t0ken-of-anna: { user: u1, project: acme, roles: [member] }\n")
        try tokens.write(toFile: "\(glance.folder)/tokens.yaml", atomically: true, encoding: .utf8)
        #expect(try eventually { try glance.send("GET", "/v2/images", as: nil, ["X-Auth-Token": "t0ken-of-anna"]).status == 200 })
        let all = secrets.dropFirst() + ["t0ken-of-anna"]
        for header in ["X-Auth-Token", "X-Storage-Token", "X-Service-Token", "Authorization", "Cookie"] {
            for value in all { _ = try glance.send("GET", "/v2/images?token=qu3ry-s3cret&sig=qu3ry-s3cret", as: nil, [header: value]) }
        }
        let headers = ["X-Auth-Token": "t0ken-of-anna", "X-Any": "h3ader-s3cret"]
        for (method, path) in [
            ("POST", "/v2/images"), ("PATCH", "/v2/images/x"), ("POST", "/v2/images?limit=qu3ry-s3cret"),
            ("PUT", "/v2/images/x/file?qu3ry-s3cret"),
            ("FOO", "/v2/nothing?qu3ry-s3cret"), ("GET", "/v2/images?marker=qu3ry-s3cret"), ("GET", "/v2/images?limit=qu3ry-s3cret"),
        ] {
            _ = try glance.send(method, path, as: nil, headers, body: Array(#"{"name": "b0dy-s3cret", "disk_format": "b0dy-s3cret"}"#.utf8))
        }
        let last = try glance.send("GET", "/v2/images", as: nil, headers)
        let id = try #require(last["x-openstack-request-id"])
        #expect(try lines(of: id, in: glance).count == 1)
        let log = try glance.workerLog()
        #expect(log.contains("DEBUG") || log.contains("INFO"))
        for secret in all { #expect(!log.contains(secret), "\(secret)") }
    }

    @Test func `stays one line for one thing, whatever a client writes`() throws {
        let id = "req-\(UUID().uuidString.lowercased())"
        for path in ["/v2/images/%0a2026-01-01%20INFO", "/v2/%0d%0aforged", "/v2/images?name=%0aforged"] {
            _ = try glance.send("GET", path, ["X-Openstack-Request-Id": id])
        }
        #expect(try eventually { try lines(of: id, in: glance).count == 3 })
        for line in try glance.workerLog().split(separator: "\n") {
            #expect(line.prefixMatch(of: #/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ glance\.\w+ \[/#) != nil, "\(line)")
        }
    }

    @Test func `names options that mean nothing, and the nearest that does`() throws {
        let glance = try TestGlance(
            [
                "DEFAULT": "debgu = true\nbind_port = 9292", "database": "max_pool_sise = 3", "vitrin": "identity = none",
            ])
        #expect(try eventually { try glance.workerLog().components(separatedBy: "takes requests").count == 3 })
        let warnings = try glance.workerLog().split(separator: "\n").filter {
            $0.contains(" WARNING glance.config [-] \(glance.configurationFile):")
        }
        let expected = [
            "unknown option [DEFAULT] debgu, did you mean [DEFAULT] debug?",
            "[DEFAULT] bind_port is an option of Glance's that has no effect here",
            "unknown option [database] max_pool_sise, did you mean [database] max_pool_size?",
            "unknown option [vitrin] identity, did you mean [vitrine] identity?",
        ]
        for text in expected {
            let found = warnings.filter { $0.hasSuffix(text) }
            // Each of the two workers says so, with file and line.
            #expect(found.count == 2, "\(text)")
        }
        #expect(warnings.count == 2 * expected.count)
    }
}
