import Foundation
import Glibc
import Stack
import TestSupport
import Testing

/// The answers of oslo's health check, as Glance mounts it.
@Suite struct `The health check` {
    let glance: TestGlance
    let file = "\(TestFolder.root)/healthcheck_disable-\(UInt32.random(in: 0 ... .max))"

    init() throws { glance = try TestGlance(["healthcheck": "disable_by_file_path = \(file)"], runsRegistry: true) }

    /// Sends a request to the registry.
    private func askRegistry(_ method: String = "GET") throws -> Reply {
        let connection = try HTTPConnection(port: glance.registryPort)
        try connection.send(glance.head(method, "/healthcheck", nil))
        return try connection.receive(isHead: method == "HEAD")
    }

    static let forms: [(String?, String, String?)] = [
        (nil, "text/plain; charset=UTF-8", "OK"), ("*/*", "text/plain; charset=UTF-8", "OK"),
        ("image/png", "text/plain; charset=UTF-8", "OK"),
        ("text/plain", "text/plain; charset=UTF-8", "OK"), ("", "text/plain; charset=UTF-8", "OK"),
        ("application/json", "application/json", #"{"detailed": false, "reasons": ["OK"]}"#),
        ("text/html;q=0.1, application/json;q=0.9", "application/json", #"{"detailed": false, "reasons": ["OK"]}"#),
        ("text/html", "text/html; charset=UTF-8", nil),
    ]

    @Test(arguments: forms)
    func `says OK to anybody, in the form that is asked for`(_ accept: String?, _ type: String, _ body: String?) throws {
        let reply = try glance.send("GET", "/healthcheck", as: nil, accept.map { ["Accept": $0] } ?? [:])
        #expect(reply.status == 200)
        #expect(reply["Content-Type"] == type)
        if let body { #expect(reply.text == body) } else { #expect(reply.text.contains("<td>OK</td>")) }
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS"])
    func `does not mind the method`(_ method: String) throws {
        #expect(try glance.send(method, "/healthcheck", as: nil).text == "OK")
        let head = try glance.send("HEAD", "/healthcheck", as: nil)
        #expect(head.status == 204)
        #expect(head.body.isEmpty)
        #expect(try askRegistry(method).text == "OK")
        #expect(try askRegistry("HEAD").status == 204)
    }

    @Test func `says no while there is the operator's file, of the registry as well`() throws {
        #expect(try glance.send("GET", "/healthcheck", as: nil).status == 200)
        try "".write(toFile: file, atomically: true, encoding: .utf8)
        for reply in [try glance.send("GET", "/healthcheck", as: nil), try askRegistry()] {
            #expect(reply.status == 503)
            #expect(reply.text == "DISABLED BY FILE")
        }
        #expect(try glance.send("HEAD", "/healthcheck", as: nil).status == 503)
        let json = try glance.send("GET", "/healthcheck", as: nil, ["Accept": "application/json"])
        #expect(json.status == 503)
        #expect(json.text == #"{"detailed": false, "reasons": ["DISABLED BY FILE"]}"#)
        // It is meant for load balancers, but answers everybody.
        #expect(try glance.send("GET", "/v2/images").status == 200)
        unlink(file)
        #expect(try glance.send("GET", "/healthcheck", as: nil).status == 200)
    }

    @Test func `tells no details where that is not wished for`() throws {
        for path in ["/healthcheck?detail", "/healthcheck?detail=true&detailed=true"] {
            #expect(try glance.send("GET", path, as: nil).text == "OK")
            #expect(try glance.send("GET", path, as: nil, ["Accept": "application/json"]).json.object?.keys == ["detailed", "reasons"])
        }
    }

    @Test func `has a line in the log, under its own name`() throws {
        let id = "req-\(UUID().uuidString.lowercased())"
        _ = try glance.send("GET", "/healthcheck", as: nil, ["X-Openstack-Request-Id": id])
        #expect(try eventually { try glance.workerLog().contains("[\(id) \(id) - - - - - -] GET /healthcheck 200 ") })
    }

    @Test(arguments: ["/healthchecks", "/v2/healthcheck", "/HEALTHCHECK", "//healthcheck"])
    func `is at its own path alone`(_ path: String) throws {
        #expect(try glance.send("GET", path, as: nil).text != "OK")
    }
}

@Suite struct `The health check with other files` {
    private let folder: String

    init() throws {
        folder = "\(TestFolder.root)/health-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func put(_ name: String) throws { try "".write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }

    @Test func `goes by the port that was asked`() throws {
        let files = "backends = disable_by_files_ports\ndisable_by_file_paths = 1:\(folder)/one, $registry_port:\(folder)/registry"
        let glance = try TestGlance(["healthcheck": files], workers: 1, runsRegistry: true)
        func askRegistry() throws -> Reply {
            let connection = try HTTPConnection(port: glance.registryPort)
            try connection.send(glance.head("GET", "/healthcheck", nil))
            return try connection.receive()
        }
        try put("one")
        #expect(try askRegistry().status == 200)
        try put("registry")
        #expect(try askRegistry().text == "DISABLED BY FILE")
        #expect(try glance.send("GET", "/healthcheck", as: nil).text == "OK")
    }

    @Test func `wants all files that are to be there`() throws {
        let glance = try TestGlance(
            ["healthcheck": "backends = enable_by_files\nenable_by_file_paths = \(folder)/a,\(folder)/b"], workers: 1)
        for name in ["a", "b"] {
            let reply = try glance.send("GET", "/healthcheck", as: nil)
            #expect(reply.status == 503)
            #expect(reply.text == "FILE PATH MISSING")
            try put(name)
        }
        #expect(try glance.send("GET", "/healthcheck", as: nil).text == "OK")
    }

    @Test(arguments: [
        ("backends = disable_by_file,enable_by_files", "exclude each other"), ("backends = magic", "'magic' is not known"),
        ("backends = disable_by_files_ports\ndisable_by_file_paths = /a", "'/a' is not of the form port:path"),
    ])
    func `does not start with what makes no sense`(_ options: String, _ complaint: String) throws {
        let glance = try TestGlance(["healthcheck": options], workers: 1)
        #expect(try eventually { try glance.workerLog().contains(complaint) })
        #expect(eventually { glance.site.workerIDs.isEmpty })
    }
}
