import Domain
import Foundation
import ObjectStores
import Synchronization
import TestSupport
import Testing

/// Servers that are not what the options say, or answer in bad faith.
@Suite struct `A store whose server is hostile` {
    private static let quick: S3Client.Patience = {
        var patience = S3Client.Patience.quick
        (patience.silence, patience.attempts) = (2, 1)
        return patience
    }()

    /// An S3 store whose server answers every request by a script.
    private func s3(_ script: @escaping @Sendable (RawServer.Connection, String) -> Void) throws -> (S3Store, RawServer) {
        let server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                let length = head.firstMatch(of: /(?i)\r\ncontent-length: (\d+)/).flatMap { Int($0.1) } ?? 0
                _ = connection.readBytes(length)
                script(connection, head)
            }
        }
        return (try S3Place.first.store(at: server.url(""), named: "far", bucket: "images", patience: Self.quick), server)
    }

    private static func listing(_ more: String = "", _ keys: [String] = []) -> String {
        "<ListBucketResult>\(keys.map { "<Contents><Key>\($0)</Key></Contents>" }.joined())\(more)</ListBucketResult>"
    }

    @Test func `ends a listing that never does`() throws {
        let (store, server) = try s3 { connection, _ in
            let token = UInt32.random(in: 0 ... .max)
            connection.answer(
                body: Self.listing("<IsTruncated>true</IsTruncated><NextContinuationToken>\(token)</NextContinuationToken>", ["x", "y"]))
        }
        let fault = #expect(throws: Fault.self) { try store.pendingUploads(olderThan: 0) }
        #expect(fault?.kind == .unavailable && fault?.message.contains("list of objects does not end") == true)
        #expect(server.heads.count <= 2000)
    }

    @Test(arguments: [-3600.0, 3600]) func `has another time is asked by its own`(_ lead: Double) throws {
        let (store, server) = try s3 { connection, head in
            let now = Date().addingTimeInterval(lead)
            let signed = head.firstMatch(of: /(?i)\r\nx-amz-date: (\d{8}T\d{6}Z)/).map { String($0.1) } ?? ""
            let isRight = abs(now.timeIntervalSince(Self.moment("yyyyMMdd'T'HHmmss'Z'").date(from: signed) ?? .distantPast)) < 900
            connection.answer(
                isRight ? "200 OK" : "403 Forbidden",
                "Date: \(Self.moment("EEE, dd MMM yyyy HH:mm:ss 'GMT'").string(from: now))\r\n",
                body: isRight ? Self.listing() : head.hasPrefix("HEAD") ? "" : "<Error><Code>RequestTimeTooSkewed</Code></Error>")
        }
        #expect(try store.pendingUploads(olderThan: 0).isEmpty)
        let asked = server.heads.count
        #expect(try store.pendingUploads(olderThan: 0).isEmpty)
        #expect(asked == 2 && server.heads.count == 3)
    }

    private static func moment(_ format: String) -> DateFormatter {
        let formatter = DateFormatter()
        (formatter.locale, formatter.timeZone, formatter.dateFormat) = (
            Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "UTC"), format
        )
        return formatter
    }

    @Test func `removes nothing where another server says that nothing is there`() throws {
        let (store, _) = try s3 { connection, _ in connection.answer("404 Not Found", body: "<html>no such page</html>") }
        for use: () throws -> Void in [
            { try store.remove(store.location(of: .fresh())) }, { try store.remove(store.location(of: .fresh())) { true } },
            { _ = try store.bytes(at: store.location(of: .fresh())) },
        ] {
            #expect(throws: Fault.of(.unavailable)) { try use() }
        }
    }

    @Test(arguments: [
        ("malformed XML", "200 OK", "<ListBucketResult><Contents>"), ("no XML", "200 OK", "hello"), ("nothing", "200 OK", ""),
        ("an entity bomb", "200 OK", "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>"),
        ("an error of many lines", "403 Forbidden", "<Error><Code>No\n2026-11-29 a forged line\u{1B}[2J</Code></Error>"),
        ("an error that is 200", "200 OK", "<Error><Code>InternalError</Code></Error>"),
        ("a deep document", "200 OK", String(repeating: "<a>", count: 100_000)),
    ])
    func `answers with`(_ what: String, _ status: String, _ body: String) throws {
        let (store, _) = try s3 { connection, head in connection.answer(status, body: head.hasPrefix("HEAD") ? "" : body) }
        for use: () throws -> Void in [
            { _ = try store.begin(.fresh(), token: .freshToken(), announcing: 5) }, { _ = try store.pendingUploads(olderThan: 0) },
        ] {
            let fault = #expect(throws: Fault.self, "\(what)") { try use() }
            #expect(
                fault?.kind == .unavailable && fault?.message.contains("The store 'far' cannot be used now") == true,
                "\(what): \(fault?.message ?? "")")
            #expect(fault.map { !$0.message.contains("forged") && !$0.message.contains("127.0.0.1") } == true)
        }
    }

    /// Headers that a server should not send, each with a request that must fail in bounded time and memory.
    private static let lies = [
        "two lengths": "Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello", "a negative length": "Content-Length: -1\r\n\r\n",
        "a huge length": "Content-Length: 99999999999999999999\r\n\r\n", "a short body": "Content-Length: 1000000\r\n\r\nshort",
        "a long header": "X-Long: \(String(repeating: "x", count: 200_000))\r\n\r\n",
        "many headers": String(repeating: "X-Many: 1\r\n", count: 20_000) + "\r\n",
        "no chunks": "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n",
    ]

    @Test(arguments: lies.keys.sorted()) func `sends headers that lie`(_ what: String) throws {
        let rest = Self.lies[what]!
        let (store, _) = try s3 { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nETag: \"a\"\r\n\(rest)")
            connection.close()
        }
        let url = store.location(of: .fresh())
        for use: () throws -> Void in [{ _ = try store.pendingUploads(olderThan: 0) }, { try store.checkHealth() }] {
            #expect(throws: Fault.of(.unavailable)) { try use() }
        }
        do {
            _ = try store.bytes(at: url).open(0).everything()
        } catch let fault as Fault {
            #expect(fault.kind == .unavailable || fault.kind == .notFound)
        } catch {
            #expect(error is StreamError)
        }
    }

    @Test func `sends chunks without an end`() throws {
        let (store, _) = try s3 { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("10000\r\n\(String(repeating: " ", count: 65_536))\r\n".utf8)
            while connection.send(chunk) {}
        }
        for use: () throws -> Void in [
            { _ = try store.pendingUploads(olderThan: 0) }, { _ = try store.begin(.fresh(), token: .freshToken(), announcing: 5) },
        ] {
            #expect(throws: Fault.of(.unavailable)) { try use() }
        }
    }

    /// An object of ten bytes, whose data come as the server likes.
    @Test(arguments: [
        ("less than there are", "200 OK", "Content-Length: 5\r\n\r\nhello"),
        ("more than there are", "200 OK", "Content-Length: 15\r\n\r\nhellohellohello"),
        ("a range that nobody asked for", "206 Partial Content", "Content-Length: 10\r\nContent-Range: bytes 5-14/20\r\n\r\nhellohello"),
        ("nothing", "204 No Content", "\r\n"),
        ("another place", "307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    ])
    func `sends data that are`(_ what: String, _ status: String, _ rest: String) throws {
        let (store, _) = try s3 { connection, head in
            if head.hasPrefix("HEAD") {
                connection.send("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n")
            } else {
                connection.send("HTTP/1.1 \(status)\r\nETag: \"a\"\r\n\(rest)")
                connection.close()
            }
        }
        #expect(throws: (any Error).self, "\(what)") { try store.bytes(at: store.location(of: .fresh())).open(0).everything() }
    }
}

/// Swift servers that are not what the options say.
@Suite struct `A swift store whose server is hostile` {
    /// A store whose login leads to a server that answers by a script.
    private func store(_ script: @escaping @Sendable (RawServer.Connection, String) -> Void) throws -> SwiftStore {
        let server = try RawServer { connection, _ in
            while let head = connection.readHead() {
                let length = head.firstMatch(of: /(?i)\r\ncontent-length: (\d+)/).flatMap { Int($0.1) } ?? 0
                _ = connection.readBytes(length)
                let host = head.firstMatch(of: /(?i)\r\nhost: ([^\r]+)/).map { String($0.1) } ?? ""
                if head.hasPrefix("GET /auth/") {
                    connection.answer("204 No Content", "X-Auth-Token: secret-token\r\nX-Storage-Url: http://\(host)/v1/a\r\n")
                } else {
                    script(connection, head)
                }
            }
        }
        Self.kept.withLock { $0.append(server) }
        let login = try SwiftLogin(address: server.url("/auth/v1.0"), version: .v1, identity: .user("a:b", key: "secret-key"))
        var settings = SwiftStore.Settings(references: ["ref1": login], mainReference: "ref1")
        (settings.limits.control, settings.limits.segment, settings.limits.listing) = (3, 3, 2)
        return SwiftStore(name: "far", settings)
    }

    private static let kept = Mutex<[RawServer]>([])

    private func check(_ what: String, _ store: SwiftStore) throws {
        let url = "swift+config://ref1/glance/\(ImageID.fresh())"
        for use: () throws -> Void in [
            { _ = try store.begin(.fresh(), token: .token(), announcing: 5) }, { _ = try store.bytes(at: url) }, { try store.remove(url) },
            { try store.remove(url) { true } }, { _ = try store.pendingUploads(olderThan: 0) }, { try store.checkHealth() },
        ] {
            do {
                try use()
                Issue.record("\(what): no refusal")
            } catch {
                let fault = error as? Fault
                #expect(fault?.kind == .unavailable, "\(what): \(error)")
                for secret in ["secret", "127.0.0.1"] { #expect(fault?.message.contains(secret) == false, "\(error)") }
                #expect(!"\(error)".contains("secret"), "\(error)")
            }
        }
    }

    @Test func `has no container, or is another server`() throws {
        let store = try store { connection, head in
            connection.answer("404 Not Found", body: head.hasPrefix("HEAD") ? "" : "<html>no</html>")
        }
        let url = "swift+config://ref1/glance/\(ImageID.fresh())"
        for use: () throws -> Void in [
            { _ = try store.bytes(at: url) }, { try store.remove(url) }, { try store.remove(url) { true } }, { try store.checkHealth() },
        ] {
            let fault = #expect(throws: Fault.self) { try use() }
            #expect(fault?.kind == .unavailable && fault?.message == "The store 'far' has no container for images.")
        }
    }

    /// An answer to a HEAD has no body, so a length alone is none of these.
    private static let nonsense = [
        "a negative length": "200 OK\r\nContent-Length: -1\r\n\r\n", "no HTTP": "nonsense\r\n\r\n",
        "a long header": "200 OK\r\nX-Long: \(String(repeating: "x", count: 200_000))\r\n\r\n",
        "a redirect": "302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "an error": "500 No\r\nContent-Length: 0\r\n\r\n", "no right": "403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    ]

    @Test(arguments: nonsense.keys.sorted()) func `answers with`(_ what: String) throws {
        let answer = Self.nonsense[what]!
        try check(
            what,
            store { connection, _ in
                connection.send("HTTP/1.1 \(answer)")
                connection.close()
            })
    }
}
