import Domain
import Foundation
import Glibc
import HTTPClient
import Stores
import Synchronization
import TestSupport
import Testing

@Suite struct `The http store` {
    private static let text = "hello world"

    @Test func `reads bytes, whole and from an offset`() throws {
        let nginx = try Nginx.serving(Self.text)
        let bytes = try store(nginx.port).bytes(at: nginx.url("/image"))
        #expect(bytes.size == 11 && bytes.internalPath == nil)
        for offset in 0...11 { #expect(try bytes.open(Int64(offset)).everything() == Self.text.dropFirst(offset)) }
        #expect(try store(nginx.port).size(of: nginx.url("/image")) == 11)
        let fetched = try store(nginx.port).fetch(nginx.url("/image"), atMost: 11, isCancelled: { false })
        #expect(fetched.announced == 11 && fetched.hasMarkedEnd)
        #expect(try fetched.reader.everything() == Self.text)
    }

    @Test func `reads with a user and a password`() throws {
        let nginx = try Nginx(
            "location / { if ($http_authorization != 'Basic dXNlcjpwIHc=') { return 401; } }")
        try Self.text.write(toFile: "\(nginx.folder)/www/image", atomically: true, encoding: .utf8)
        let url = nginx.url("/image").replacingOccurrences(of: "//", with: "//user:p%20w@")
        #expect(try store(nginx.port).bytes(at: url).open(0).everything() == Self.text)
        #expect(throws: Fault.of(.unavailable)) { try store(nginx.port).bytes(at: nginx.url("/image")) }
    }

    @Test(arguments: [(404, Fault.Kind.notFound), (410, .notFound), (403, .unavailable), (500, .unavailable), (204, .unavailable)])
    func `tells what is not there from what cannot be had`(_ status: Int, _ kind: Fault.Kind) throws {
        let server = try RawServer.says("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")
        #expect(throws: Fault.of(kind)) { try store(server.port).bytes(at: server.url()) }
        #expect(throws: Fault.of(kind)) { try store(server.port).size(of: server.url()) }
        #expect(throws: Fault.of(kind)) { try store(server.port).fetch(server.url(), atMost: 10, isCancelled: { false }) }
    }

    @Test func `wants to be told a size`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\n\r\n")
        #expect(throws: Fault.of(.invalid)) { try store(server.port).size(of: server.url()) }
        #expect(throws: Fault.of(.notFound)) { try store(server.port).bytes(at: server.url()) }
        #expect(try store(server.port).fetch(server.url(), atMost: 10, isCancelled: { false }).hasMarkedEnd == false)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\n\r\n world",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-10/11\r\nContent-Length: 7\r\n\r\no world",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/12\r\nContent-Length: 6\r\n\r\n world",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/11\r\nContent-Length: 5\r\n\r\n worl",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/11\r\nContent-Length: 5\r\n\r\n worl",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/11\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n worl\r\n0\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/11\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n world!\r\n0\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/11\r\nContent-Length: 6\r\n\r\n wor",
        "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\n\r\n", "",
    ])
    func `takes no other bytes for those that were asked for`(_ answer: String) throws {
        let server = try RawServer { connection, _ in
            let isHead = connection.readHead()?.hasPrefix("HEAD") == true
            connection.send(isHead ? "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" : answer)
        }
        let bytes = try store(server.port).bytes(at: server.url())
        #expect(throws: Fault.of(.unavailable)) { try bytes.open(5).everything() }
    }

    @Test func `takes no more than it may`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        let fetched = try store(server.port).fetch(server.url(), atMost: 10, isCancelled: { false })
        #expect(throws: Fault.of(.tooLarge)) { try fetched.reader.everything() }
        let nginx = try Nginx.serving(Self.text)
        #expect(throws: Fault.of(.tooLarge)) { try store(nginx.port).fetch(nginx.url("/image"), atMost: 10, isCancelled: { false }) }
    }

    @Test func `ends when nobody waits any more`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            sleep(60)
        }
        let end = Mutex(Date.distantFuture)
        let fetched = try store(server.port).fetch(server.url(), atMost: 10, isCancelled: { end.withLock { Date() > $0 } })
        end.withLock { $0 = Date().addingTimeInterval(0.5) }
        #expect(throws: Fault.of(.gone)) { try fetched.reader.everything() }
    }

    @Test func `has one text for all that is not to be told, and says no secret`() throws {
        let silent = try RawServer { _, _ in }
        let ssh = try RawServer.says("SSH-2.0-OpenSSH\r\n")
        let ports = [silent.port, ssh.port, try freePort()]
        let store = try HTTPStore(
            rules: FetchRules(hosts: .init(allowed: ["127.0.0.1", "nowhere.invalid"]), ports: .init(allowed: ports)),
            limits: .init(connect: 2, leastRate: 1, averaged: 0.1, grace: 0.5))
        // A name that resolves to this host and is not listed: refused when it is connected to.
        let strict = try HTTPStore(rules: FetchRules(ports: .init(allowed: ports)))
        let name = try #require(Self.nameOfThisHost)
        var texts: Set<String> = []
        for (store, host, port) in ports.map({ (store, "127.0.0.1", $0) }) + ports.map({ (strict, name, $0) })
            + [(store, "nowhere.invalid", ports[0])]
        {
            let url = "http://me:secret@\(host):\(port)/"
            for ask in [{ try store.size(of: url) }, { try store.fetch(url, atMost: 1, isCancelled: { false }).announced ?? 0 }] {
                let fault = #expect(throws: Fault.self) { _ = try ask() }
                #expect(fault?.kind == .unavailable)
                #expect(fault?.description.contains("secret") == false)
                texts.insert(fault?.message ?? "")
            }
        }
        #expect(texts.count == 1)
    }

    /// No request reached the source.
    @Test(arguments: [
        ("http://me:secret@10.0.0.1/", "the host"), ("http://127.0.0.1:81/", "the port 81"),
        ("ftp://127.0.0.1/", "the scheme ftp"),
        ("http://127.1/", "a host in the form of a number"), ("http://a b/", "it is not a URL"), ("/again", "more than 5 redirects"),
    ])
    func `says what keeps it from following a redirect`(_ target: String, _ reason: String) throws {
        let server = try RawServer.says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: \(target)\r\n\r\n")
        let fault = #expect(throws: Fault.of(.unavailable)) { try store(server.port).size(of: server.url()) }
        #expect(fault?.message.contains("10.0") == false)
        #expect(fault?.message.contains(reason) == true && fault?.description.contains("secret") == false, "\(fault?.message ?? "")")
    }

    @Test func `asks nobody for what is not allowed`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let strict = HTTPStore(rules: try FetchRules())
        for url in [server.url(), "http://2130706433:\(server.port)/", "file:///etc/passwd", "http://me:secret@10.0.0.1/"] {
            let fault = #expect(throws: Fault.of(.invalid)) { try strict.size(of: url) }
            #expect(fault?.description.contains("secret") == false)
            #expect(throws: Fault.of(.invalid)) { try strict.fetch(url, atMost: 1, isCancelled: { false }) }
            #expect(throws: Fault.of(.notFound)) { try strict.bytes(at: url) }
        }
        #expect(server.heads.isEmpty)
    }

    @Test func `keeps nothing, and removes nothing`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let store: any ImageStore = try store(server.port)
        #expect(throws: Fault.of(.invalid)) { try store.begin(.fresh(), token: "t", announcing: nil) }
        let upload = Upload(image: .fresh(), token: "t", pendingURL: server.url())
        try store.remove(server.url())
        try store.discard(upload)
        try store.discardPending(upload)
        #expect(try store.pendingUploads(olderThan: 0).isEmpty)
        #expect(server.heads.isEmpty)
    }

    @Test func `is one of a set, chosen by scheme`() throws {
        let nginx = try Nginx.serving(Self.text)
        let files = try FileStore([.init(path: "\(nginx.folder)/store")])
        let set = StoreSet(files, beside: [try store(nginx.port)])
        let url = nginx.url("/image")
        for url in [url, url.replacingOccurrences(of: "http", with: "HTTP")] {
            #expect(try set.bytes(at: ImageLocation(url: url)).open(0).everything() == Self.text)
        }
        try set.remove(ImageLocation(url: url))
        #expect(try set.bytes(at: ImageLocation(url: url)).size == 11)
        #expect(throws: Fault.of(.unavailable)) { try StoreSet(files).bytes(at: ImageLocation(url: url)) }
        for url in ["rbd://x/y", "", "http", "swift+config://a/b/c"] {
            #expect(throws: Fault.of(.unavailable)) { try set.bytes(at: ImageLocation(url: url)) }
            #expect(throws: Fault.of(.unavailable)) { try set.remove(ImageLocation(url: url)) }
        }
    }

    private func store(_ port: Int) throws -> HTTPStore {
        try HTTPStore(
            rules: FetchRules(hosts: .init(allowed: ["127.0.0.1"]), ports: .init(allowed: [port])),
            limits: .init(leastRate: 1, averaged: 1, grace: 10))
    }

    /// A name that this machine resolves to its own address, loopback or private, other than `localhost`.
    private static var nameOfThisHost: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, 255) == 0 else { return nil }
        return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
}

extension Nginx {
    /// With a file `image` that contains a text.
    static func serving(_ text: String) throws -> Nginx {
        let nginx = try Nginx("location / { }")
        try text.write(toFile: "\(nginx.folder)/www/image", atomically: true, encoding: .utf8)
        return nginx
    }
}

extension ByteStream {
    fileprivate func everything() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4)
        do {
            while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { bytes += buffer[..<count] }
        } catch let error as StreamError {
            throw error.fault
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
