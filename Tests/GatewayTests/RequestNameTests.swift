import Foundation
import Glibc
import TestSupport
import Testing

/// nginx's own errors have a request id too, and so has every line of the log.
@Suite(.serialized, .sharesServices(Front.self)) struct `The names of a request` {
    private let own = #/req-[0-9a-f]{32}/#

    /// The ids in an answer's headers.
    private func names(_ reply: Reply) -> [String] {
        reply.headers.filter { $0.name.lowercased() == "x-openstack-request-id" }.map(\.value)
    }

    @Test(arguments: [Front.Way.site, .prefix])
    func `are in what nginx refuses`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let large = try HTTPConnection(port: front.port)
        try large.send(front.head("POST", "/v2/images", length: 9_000_000))
        let length = try large.receive()
        #expect(length.status == 413)
        #expect(names(length).count == 1)
        #expect(names(length).first?.wholeMatch(of: own) != nil)
        // A worker's answer has only the worker's id.
        for path in ["/v2/images?limit=1", "/nowhere", "/v2/images/\(try front.glance.hasActiveImage())/file"] {
            #expect(names(try front.send("GET", path, ["X-Openstack-Request-Id": "req-given"])) == ["req-given"], "\(path)")
        }
    }

    @Test func `are in what nginx says to nonsense`() throws {
        let connection = try HTTPConnection(port: Front.of(.site).port)
        try connection.send("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n")
        let reply = try connection.receive()
        #expect(reply.status == 400)
        #expect(names(reply).first?.wholeMatch(of: own) != nil)
    }

    @Test func `are in the answer when a worker dies`() throws {
        let glance = try TestGlance(["cors": "allowed_origin = https://horizon.example"], workers: 1)
        let image = try glance.hasImage()
        let connection = try HTTPConnection(port: glance.port)
        try connection.send(
            glance.head("PUT", "/v2/images/\(image)/file", .alice, ["Content-Type": "application/octet-stream"], length: 1 << 30))
        try connection.send([UInt8](repeating: 1, count: 100_000))
        #expect(try eventually { try glance.status(of: image) == "saving" })
        kill(glance.site.workerIDs[0], SIGKILL)
        let reply = try connection.receive()
        #expect(reply.status == 502)
        #expect(names(reply).first?.wholeMatch(of: own) != nil)
    }

    @Test func `come with leave to read it for the sites that nginx is told of`() throws {
        let front = try Front(
            before: .of(Front.self), changes: ["# https://horizon.example $http_origin;": "https://horizon.example $http_origin;"]
        ) { Front.Way.site.http($0) }
        func refusal(_ origin: String) throws -> Reply {
            let connection = try HTTPConnection(port: front.port)
            try connection.send(front.head("POST", "/v2/images", ["Origin": origin], length: 9_000_000))
            return try connection.receive()
        }
        let read = try refusal("https://horizon.example")
        #expect(read.status == 413)
        #expect(read["Access-Control-Allow-Origin"] == "https://horizon.example")
        #expect(read["Vary"] == "Origin")
        for origin in ["https://evil.example", "https://horizon.example.evil.example", "https://horizon.example/"] {
            #expect(try refusal(origin)["Access-Control-Allow-Origin"] == nil)
        }
        // The worker decides for its own answers, and no site is configured there.
        #expect(try front.send("GET", "/versions", ["Origin": "https://horizon.example"])["Access-Control-Allow-Origin"] == nil)
    }

    /// Both ids in those lines of a log that are not access lines and contain a text.
    private func brackets(_ words: String, _ glance: TestGlance) throws -> Set<String> {
        Set(
            try glance.workerLog().split(separator: "\n").filter { $0.contains(words) }.compactMap {
                $0.firstMatch(of: #/\[(\S+ \S+) /#).map { String($0.1) }
            })
    }

    @Test func `are in every line that it causes, in both forms of the log`() throws {
        let words = "The image database cannot be reached now."
        let broken = "connection = mysql+pymysql://glance:s3cret@127.0.0.1:\(try freePort())/glance"
        let glance = try TestGlance(["database": broken], workers: 1)
        #expect(try glance.send("GET", "/v2/images", ["X-Openstack-Request-Id": "given"]).status == 503)
        let unnamed = try #require(try glance.send("GET", "/v2/images")["x-openstack-request-id"])
        #expect(try eventually { try brackets(words, glance) == ["req-given req-given", "None \(unnamed)"] })
        #expect(try !glance.workerLog().contains("s3cret"))

        let json = try TestGlance(["database": broken, "DEFAULT": "use_json = true"], workers: 1)
        #expect(try json.send("GET", "/v2/images", ["X-Openstack-Request-Id": "given"]).status == 503)
        #expect(try eventually { try json.workerLog().contains(words) })
        let line = try #require(try json.workerLog().split(separator: "\n").first { $0.contains(words) })
        let told = try JSONValue(parsing: Array(line.utf8))
        #expect(told["request_id"]?.string == "req-given")
        #expect(told["global_request_id"]?.string == "req-given")
    }

    @Test func `of the service's own making are not taken from a client`() throws {
        let reply = try Front.of(.site).send("GET", "/v2/images?limit=1", ["X-Vitrine-Request-Id": "req-forged"])
        #expect(reply.status == 200)
        #expect(names(reply).first?.contains("forged") == false)
    }
}
