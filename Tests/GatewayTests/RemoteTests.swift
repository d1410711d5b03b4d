import Foundation
import Stack
import TestSupport
import Testing
import Threading

/// Data that nginx fetches from a store's server.
@Suite struct `Data on a store's server` {
    private static func site(_ way: RemoteSite.Way = .plain) throws -> RemoteSite { try RemoteSite(way) }

    @Test(arguments: RemoteSite.Way.allCases)
    func `come to the client with the worker's headers, and nothing of either side reaches the other`(_ way: RemoteSite.Way) throws {
        let site = try Self.site(way)
        let reply = try site.get("whole", ["X-Auth-Token": "of the client", "Cookie": "c=d", "X-Own": "x", "Accept-Encoding": "gzip"])
        #expect(reply.status == 200)
        #expect(reply.body.isSame(as: RemoteSite.data))
        let names = Set(reply.headers.map { $0.name.lowercased() })
        #expect(
            names == [
                "server", "date", "content-type", "content-length", "connection", "accept-ranges", "content-md5", "etag",
                "x-openstack-request-id", "x-image-meta-name",
            ])
        #expect(reply.headers.count == names.count)
        #expect(reply["Content-Type"] == "application/octet-stream")
        #expect(reply["ETag"] == "\"\(RemoteSite.digest)\"")
        #expect(reply["Content-MD5"] == RemoteSite.digest)
        #expect(reply["Accept-Ranges"] == "bytes")
        #expect(reply["x-image-meta-name"] == "of the worker")
        #expect(reply["x-openstack-request-id"]?.hasPrefix("req-") == true)

        let heads = site.server.heads
        #expect(heads.count == (way == .plain ? 1 : 2))
        for head in heads {
            let lines = head.split(separator: "\r\n")
            #expect(lines[0] == "GET /b%20c/whole?X-Amz-Expires=60&\(RemoteSite.signature) HTTP/1.1")
            let fields = Set(lines.dropFirst().map { $0.split(separator: ":")[0] })
            #expect(fields == (way == .plain ? ["Host"] : ["Host", "Range"]))
            #expect(head.contains("Host: s3.example:\(site.server.port)\r\n"))
        }
    }

    @Test(arguments: RemoteSite.Way.allCases) func `are counted as an image's file is`(_ way: RemoteSite.Way) throws {
        let site = try Self.site(way)
        _ = try site.get("whole")
        _ = try site.get("whole", ["Range": "bytes=8388600-8388700"])
        _ = try site.get("cut")
        _ = try site.get("down")
        #expect(try eventually { try site.sends().count == 4 })
        // In any order: nginx writes a line when it is done with a request, and the client may have its answer before that.
        let sends = try site.sends()
        func send(_ image: String, _ status: Int64) throws -> JSONValue {
            try #require(
                sends.first {
                    try $0["status"]?.int == status && JSONValue(parsing: Array(($0["send"]?.string ?? "").utf8))["image"]?.string == image
                })
        }
        let whole = try send("whole", 200)
        #expect(whole["bytes"]?.int == Int64(RemoteSite.data.count))
        #expect(whole["length"]?.string == String(RemoteSite.data.count))
        #expect(try send("whole", 206)["bytes"]?.int == 101)
        // One that broke off has fewer bytes than its length.
        #expect(try #require(send("cut", 200)["bytes"]?.int) < Int64(RemoteSite.data.count))
        _ = try send("down", 503)
    }

    @Test(arguments: RemoteSite.Way.allCases) func `are sent in part, as the worker read the range`(_ way: RemoteSite.Way) throws {
        let site = try Self.site(way)
        for (first, last) in [(0, 0), (100, 5_000_000), (8_388_607, 8_388_608), (9_000_000, 99_000_000)] {
            let reply = try site.get("whole", ["Range": "bytes=\(first)-\(last)"])
            let end = min(last, RemoteSite.data.count - 1)
            #expect(reply.status == 206)
            #expect(reply["Content-Range"] == "bytes \(first)-\(end)/\(RemoteSite.data.count)")
            #expect(reply.body.isSame(as: Array(RemoteSite.data[first...end])))
        }
        if way == .plain { #expect(site.server.heads.last?.contains("Range: bytes=9000000-99000000\r\n") == true) }
        // The worker sends what nginx's slices would get wrong.
        #expect(try site.get("streamed", ["Range": "bytes=9000000-9000009", "If-Range": "\"\(RemoteSite.digest)\""]).status == 200)
    }

    @Test(arguments: RemoteSite.Way.allCases) func `are the worker's matter if the server refuses`(_ way: RemoteSite.Way) throws {
        let site = try Self.site(way)
        for status in [301, 302, 400, 401, 403, 404, 416, 429, 500, 503, 504, 599] {
            let refused = try site.get("status-\(status)", ["Accept": "application/json"])
            #expect(refused.status == 503)
            #expect(refused.json["message"]?.string == "The store far does not answer.")
            #expect(refused.json["code"]?.string == "503 Service Unavailable")
            #expect(refused["Retry-After"] == "5")
            #expect(refused["x-openstack-request-id"]?.hasPrefix("req-") == true)
            #expect(try site.get("status-\(status)", ["Accept": "text/html"]).text.contains("<h1>503 Service Unavailable</h1>"))
            #expect(Self.discloses(refused) == nil)
            let line = "nginx could not fetch image data from a store's server (the states it got: 200 : \(status)"
            #expect(try site.text(of: "worker.log").contains(line), "\(status)")
        }
        // A worker that can read the data sends it itself.
        let streamed = try site.get("streamed-status-403")
        #expect(streamed.status == 200)
        #expect(streamed.body.isSame(as: RemoteSite.data))
        #expect(Self.discloses(streamed) == nil)
    }

    /// What an answer discloses of the server's.
    private static func discloses(_ reply: Reply) -> String? {
        let all = reply.headers.map(\.value).joined(separator: "\n") + (reply.body.count < 10_000 ? reply.text : "")
        return ["tx1", "tx2", "tx3", "10.1.2.3", "127.0.0.1", "s3.example", "SERVER", "of the server"].first { all.contains($0) }
    }

    @Test(arguments: ["down", "nowhere", "tls"]) func `are the worker's matter if nginx reaches no server`(_ image: String) throws {
        let site = try Self.site()
        let reply = try site.get(image, ["Accept": "application/json"])
        #expect(reply.status == 503)
        #expect(reply.json["message"]?.string == "The store far does not answer.")
    }

    @Test(arguments: ["cut", "cut-chunked"]) func `stay cut when the server breaks off`(_ image: String) throws {
        let site = try Self.site()
        let connection = try HTTPConnection(port: site.port)
        try connection.send(site.head("/v2/images/\(image)/file", ["Connection": "keep-alive"]))
        let head = try connection.receiveHead()
        #expect(head.status == 200)
        let body = connection.receiveRest()
        if image == "cut" {
            #expect(body.count == 1 << 20)
            #expect(head["Content-Length"] == String(RemoteSite.data.count))
        } else {
            // No last chunk: the client knows that it has not all.
            #expect(body.count > 1 << 20)
            #expect(!body.suffix(5).elementsEqual(Array("0\r\n\r\n".utf8)))
        }
    }

    @Test(arguments: RemoteSite.Way.allCases) func `are fetched by the tag that the worker names, and by no other`(_ way: RemoteSite.Way)
        throws
    {
        let site = try Self.site(way)
        let reply = try site.get("tagged", ["If-Match": "*", "If-None-Match": "\"x\""])
        #expect(reply.status == 200)
        #expect(reply.body.isSame(as: RemoteSite.data))
        #expect(!reply.headers.contains { $0.value.contains("of-the-data") })
        #expect(site.server.heads.count == (way == .plain ? 1 : 2))
        #expect(site.server.heads.allSatisfy { $0.contains("If-Match: \"of-the-data\"\r\n") && !$0.contains("If-None-Match") })
        let changed = try site.get("tagged-status-412", ["Accept": "application/json"])
        #expect(changed.status == 503)
        #expect(changed.json["message"]?.string == "The store far does not answer.")
    }

    @Test func `are never fetched by what is remembered where nginx's files do not say that it passes on the tag`() throws {
        let site = try RemoteSite(changes: ["fastcgi_param                 VITRINE_FETCHES_BY_TAG 1;": ""])
        #expect(try site.get("tagged", ["VITRINE_FETCHES_BY_TAG": "1", "Vitrine-Fetches-By-Tag": "1"]).body.isSame(as: RemoteSite.data))
        #expect(site.server.heads.count == 1)
        #expect(site.server.heads.allSatisfy { !$0.contains("If-Match") })
    }

    @Test func `need a token that the client does not see`() throws {
        let site = try Self.site()
        let reply = try site.get("token", ["X-Auth-Token": "of the client"])
        #expect(reply.body.isSame(as: RemoteSite.data))
        let head = try #require(site.server.heads.last)
        #expect(head.hasPrefix("GET /v1/AUTH_x/a%2Fb HTTP/1.1\r\n"))
        #expect(head.contains("X-Auth-Token: gAAAA-of-the-service\r\n"))
        #expect(!head.contains("of the client"))
        #expect(!reply.headers.contains { $0.value.contains("gAAAA") })
    }

    @Test func `have no location that a client reaches`() throws {
        let site = try Self.site()
        let forged = [
            "X-Vitrine-Source": "http://127.0.0.1:\(site.server.port)/status-200", "VITRINE_FETCH_FAILED": "1", "Vitrine-Fetch-Failed": "1",
            "X-Accel-Redirect": "/_blobs/file/secret",
        ]
        for path in ["/_blobs/.remote/far/whole/x", "/_blobs/.remote/far/", "/_blobs/file/secret", "/_blobs/file/../.remote/far/x"] {
            let connection = try HTTPConnection(port: site.port)
            try connection.send(site.head(path, forged))
            #expect(try connection.receive().status == 404, "\(path)")
        }
        #expect(site.server.heads.isEmpty)
        // Such headers change nothing: nginx fetches what the worker named.
        #expect(try site.get("whole", forged).body.isSame(as: RemoteSite.data))
        #expect(site.server.heads.count == 1)
    }

    @Test func `leave neither signature nor token in a log`() throws {
        let site = try Self.site()
        for image in ["whole", "cut", "down", "status-403", "status-500", "token"] { _ = try site.get(image) }
        for log in ["nginx.log", "worker.log", "access.log", "sends.log"] {
            let text = try site.text(of: log)
            #expect(!text.contains("Signature"), "\(log)")
            #expect(!text.contains("gAAAA"), "\(log)")
        }
    }

    @Test func `are the worker's matter for HEAD`() throws {
        let site = try Self.site()
        let reply = try site.get("whole", method: "HEAD")
        #expect(reply.status == 200)
        #expect(reply["Content-Length"] == String(RemoteSite.data.count))
        #expect(reply["ETag"] == "\"\(RemoteSite.digest)\"")
        #expect(site.server.heads.isEmpty)
    }

    @Test func `come only from a server with the certificate of the URL's host`() throws {
        let pair = try SelfSigned(for: "s3.example")
        let served = "\(TestFolder.root)/served-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: served, withIntermediateDirectories: true)
        let port = try freePort()
        let http = "server { \(pair.listening(on: port)) location = /data { return 200 \"over TLS, for $host\"; } }"
        try Front.configuration(in: served, http: http).write(toFile: "\(served)/nginx.conf", atomically: true, encoding: .utf8)
        let server = try ChildProcess(
            "nginx", ["-p", served, "-c", "\(served)/nginx.conf", "-e", "\(served)/nginx.log"], output: "\(served)/nginx.log")
        #expect(eventually { FileManager.default.fileExists(atPath: "\(served)/nginx.pid") })
        let site = try RemoteSite(authority: pair.certificate, secure: (server, port))
        #expect(try site.get("tls").text == "over TLS, for s3.example")
        // The same server, by a name that its certificate is not for.
        #expect(try site.get("tls-other").status == 503)
        // Another authority.
        let wary = try RemoteSite(authority: SelfSigned(for: "s3.example").certificate, secure: (server, port))
        #expect(try wary.get("tls").status == 503)
    }

    // Without async, which may wait for minutes in the middle: the kernel gives up a reader that long after nginx has closed its side.
    @Test func `wait for slow readers in memory, and for many at once`() throws {
        let site = try Self.site()
        let slow = try (0..<10).map { _ in try HTTPConnection(port: site.port) }
        for reader in slow { try reader.send(site.head("/v2/images/whole/file")) }
        for reader in slow { #expect(try reader.receiveHead().status == 200) }
        // They hold no thread of the four.
        let counts = Monitor<[Int?]>([])
        let threads = try (0..<50).map { _ in
            try JoinableThread {
                let count = try? site.get("whole", ["Range": "bytes=0-999999"]).body.count
                counts.with { $0.append(count) }
            }
        }
        for thread in threads { thread.join() }
        #expect(counts.with { $0 } == Array(repeating: 1_000_000, count: 50))
        for folder in ["proxy", "fastcgi"] {
            let files = try FileManager.default.subpathsOfDirectory(atPath: "\(site.folder)/\(folder)")
            #expect(files.isEmpty)
        }
        for reader in slow {
            let rest = reader.receiveRest()
            #expect(rest.count == RemoteSite.data.count)
            #expect(rest.isSame(as: RemoteSite.data))
        }
        #expect(try site.text(of: "nginx.log").isEmpty)
    }

    @Test func `wait longer for a reader than for the server`() throws {
        let limit = "proxy_read_timeout       "
        let site = try RemoteSite(changes: ["\(limit)60s;": "\(limit)1s;"])
        let slow = try (0..<4).map { _ in try HTTPConnection(port: site.port) }
        for reader in slow { try reader.send(site.head("/v2/images/whole/file")) }
        for reader in slow { #expect(try reader.receiveHead().status == 200) }
        // Each takes as long as nginx waits for a server that stops.
        for _ in 0..<3 { #expect(try site.get("stalled").body.count < RemoteSite.data.count) }
        for reader in slow { #expect(reader.receiveRest().isSame(as: RemoteSite.data)) }
        #expect(try !site.sends().isEmpty)
    }

    @Test func `are kept in nginx's cache under the image and its digest, for those who may read it`() throws {
        let site = try Self.site(.cached)
        for _ in 0..<3 { #expect(try site.get("whole").body.isSame(as: RemoteSite.data)) }
        // Two slices.
        #expect(site.server.heads.count == 2)
        // The worker judges each request, also when the data is in the cache.
        #expect(try site.get("forbidden", ["X-May": "1"]).status == 200)
        #expect(try site.get("forbidden").status == 403)
        #expect(try site.get("forbidden", ["Range": "bytes=0-9"]).status == 403)
        // Data without a digest may be others tomorrow.
        let before = site.server.heads.count
        for _ in 0..<2 { #expect(try site.get("unknown").body.isSame(as: RemoteSite.data)) }
        #expect(site.server.heads.count == before + 4)
        // nginx names a slice's file after the client may have all of it.
        var kept: [Data] = []
        let areKept = try eventually {
            let files = try FileManager.default.subpathsOfDirectory(atPath: "\(site.folder)/slices")
            kept = files.compactMap { FileManager.default.contents(atPath: "\(site.folder)/slices/\($0)") }.filter { !$0.isEmpty }
            return kept.count == 4
        }
        #expect(areKept, "\(kept.count)")
        for file in kept {
            #expect(file.range(of: Data(RemoteSite.signature.utf8)) == nil)
            #expect(file.range(of: Data("KEY: /_blobs/.remote/far/".utf8)) != nil)
        }
    }
}
