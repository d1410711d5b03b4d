import Foundation
import Stack
import TestSupport
import Testing

/// The files of `nginx/`, unchanged.
@Suite(.sharesServices(Front.self)) struct `The nginx files that are shipped` {
    static let uses: [(String, String)] = [
        ("the site", "include vitrine/site.conf;"),
        ("the path prefix", "include vitrine/glance-upstreams.conf; server { listen 9292; include vitrine/prefix.conf; }"),
        ("plain CGI", "server { listen 9292; include vitrine/cgi.conf; }"),
        (
            "the API beside other places",
            "include vitrine/glance-upstreams.conf; server { listen 9292; include vitrine/glance-api.conf; include vitrine/glance-stores.conf; }"
        ),
    ]

    @Test(arguments: uses)
    func `pass nginx's own test, without a change`(_ row: String, _ http: String) throws {
        let folder = "\(TestFolder.root)/check-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/vitrine", withDestinationPath: TestGlance.repository + "nginx")
        try Front.configuration(in: folder, http: http).write(toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
        let check = try Command("nginx", ["-t", "-p", folder, "-c", "\(folder)/nginx.conf", "-e", "\(folder)/nginx.log"])
        #expect(check.status == 0, "\(row): \(check.errors)")
        #expect(!check.errors.contains("[warn]"), "\(row): \(check.errors)")
    }

    @Test(arguments: [Front.Way.site, .cgi])
    func `hide nginx's version`(_ way: Front.Way) throws {
        let front = try Front.of(way)
        let connection = try HTTPConnection(port: front.port)
        // Answers of the worker, of nginx for an internal location, and of nginx to a request that is not HTTP.
        #expect(try front.send("GET", "/versions")["Server"] == "nginx")
        #expect(try front.send("GET", "/_blobs/file/x")["Server"] == "nginx")
        try connection.send("nonsense\r\n\r\n")
        let refused = try connection.receive()
        #expect(refused.status == 400)
        #expect(refused["Server"] == "nginx")
        #expect(try Regex("nginx/[0-9]").firstMatch(in: refused.text) == nil)
    }

    @Test func `say of the usual stores what glance-manage prints for them`() throws {
        func plain(_ text: String) -> [String] {
            text.split(separator: "\n").map { $0.replacing("\"", with: "").split(separator: " ").joined(separator: " ") }
                .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        }
        let shipped = try String(contentsOfFile: TestGlance.repository + "nginx/glance-stores.conf", encoding: .utf8)
        let printed = Site.locations([
            ("/_blobs/file", "/var/lib/glance/images"), ("/_blobs/.cache", "/var/lib/glance/image-cache"),
        ])
        #expect(plain(printed) == plain(shipped))
    }

    @Test func `are those of the development stack, but for places, ports and stores`() throws {
        let glance = try TestGlance.of(Front.self)
        let (shipped, rendered) = (TestGlance.repository + "nginx", "\(glance.folder)/nginx/vitrine")
        let changed: Set = ["glance-upstreams.conf", "glance-sends.conf", "glance-stores.conf", "site.conf"]
        let names = try FileManager.default.contentsOfDirectory(atPath: shipped)
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: rendered)) == Set(names))
        for name in names where !changed.contains(name) {
            #expect(FileManager.default.contentsEqual(atPath: "\(shipped)/\(name)", andPath: "\(rendered)/\(name)"), "\(name)")
        }
        let site = try String(contentsOfFile: "\(rendered)/site.conf", encoding: .utf8)
        #expect(site.contains("listen      127.0.0.1:\(glance.port) backlog"))
        // This one runs no registry.
        #expect(!site.contains("glance-registry.conf"))
    }

    @Test func `lead from the bare prefix into it`() throws {
        let front = try Front.of(.prefix)
        let connection = try HTTPConnection(port: front.port)
        try connection.send("GET /image HTTP/1.1\r\nHost: 127.0.0.1:\(front.port)\r\nConnection: close\r\n\r\n")
        let reply = try connection.receive()
        #expect(reply.status == 301)
        #expect(reply["Location"] == "http://127.0.0.1:\(front.port)/image/")
        // Other locations of the site are not the service's.
        for path in ["/v2/images", "/images/v2/images", "/imagery/v2/images"] {
            let other = try HTTPConnection(port: front.port)
            try other.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: alice\r\n\r\n")
            #expect(try other.receive().status == 404, "\(path)")
        }
    }

    @Test func `serve TLS once those lines are uncommented`() throws {
        let glance = try TestGlance.of(Self.self)
        let keys = "\(glance.folder)/tls"
        try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: true)
        try Command(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "\(keys)/key", "-out", "\(keys)/certificate",
            ]
        ).succeeded()
        let changes = [
            "    listen      9292 backlog": "    # listen    9292 backlog", "    # listen      ": "    listen      ",
            "    # ssl_": "    ssl_",
            "/etc/ssl/certs/glance.pem": "\(keys)/certificate", "/etc/ssl/private/glance.key": "\(keys)/key",
        ]
        let front = try Front(before: glance, changes: changes) { _ in "include vitrine/site.conf;" }
        let curl = try Command(
            "curl", ["-sS", "--cacert", "\(keys)/certificate", "-H", "X-Auth-Token: alice", "https://127.0.0.1:\(front.port)/versions"])
        #expect(curl.text.contains(#""https://127.0.0.1:\#(front.port)/v2/""#), "\(curl.errors)")
        let id = try glance.hasActiveImage("over TLS")
        let data = try Command(
            "curl",
            ["-sS", "--cacert", "\(keys)/certificate", "-H", "X-Auth-Token: alice", "https://127.0.0.1:\(front.port)/v2/images/\(id)/file"])
        #expect(data.text == "over TLS")
    }
}
