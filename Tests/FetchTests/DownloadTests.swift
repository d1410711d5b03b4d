import Foundation
import Glibc
import HTTPClient
import Synchronization
import TestSupport
import Testing
import Threading

@Suite struct `A download` {
    @Test(arguments: [0, 1, 100_000, 20_000_000]) func `brings every byte`(_ size: Int) throws {
        let nginx = try Nginx("location / { add_header X-One two; }")
        let data = Data(filled(size) { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
        try data.write(to: URL(fileURLWithPath: "\(nginx.folder)/www/image"))
        for room in [7, 65_536, 1 << 20] where size < 1_000_000 || room > 7 {
            let download = try Download(nginx.url("/image"), judge: all)
            #expect(download.status == 200 && download.announced == Int64(size) && download.hasMarkedEnd)
            #expect(download.headers["x-one"] == "two")
            #expect(try download.everything(piece: room) == Array(data))
        }
    }

    @Test func `takes chunks`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        let download = try Download(server.url(), judge: all)
        #expect(download.announced == nil && download.hasMarkedEnd)
        #expect(try download.everything() == Array("hello world".utf8))
    }

    @Test(arguments: ["", "Transfer-Encoding: identity\r\n"]) func `tells that an end is not marked`(_ header: String) throws {
        let server = try RawServer.says("HTTP/1.0 200 OK\r\n\(header)\r\nhello")
        let download = try Download(server.url(), judge: all)
        #expect(download.announced == nil && !download.hasMarkedEnd)
        #expect(try download.everything() == Array("hello".utf8))
    }

    @Test func `asks for the header alone`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 1234567890123\r\n\r\n")
        let download = try Download(server.url(), method: .head, judge: all)
        #expect(download.announced == 1_234_567_890_123)
        #expect(try download.everything() == [])
        #expect(server.heads[0].hasPrefix("HEAD / "))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello",
    ])
    func `that is cut never ends like a whole one`(_ text: String) throws {
        let server = try RawServer.says(text)
        var download: Download?
        let error = #expect(throws: HTTPClientError.self) {
            download = try Download(server.url(), judge: all)
            _ = try download?.everything()
        }
        #expect(error?.kind == .cut || error?.kind == .broken)
        if let download { #expect(throws: HTTPClientError.self) { try download.everything() } }
    }

    @Test(arguments: [
        "", "junk\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
    ])
    func `begins with a header that makes sense`(_ text: String) throws {
        let server = try RawServer.says(text)
        #expect(throws: HTTPClientError.self) { try Download(server.url(), judge: all).everything() }
    }

    @Test func `has no more bytes than its header says`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")
        #expect(try Download(server.url(), judge: all).everything() == Array("abc".utf8))
    }

    @Test func `is refused when it is announced too large, or becomes so`() throws {
        let announced = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world")
        #expect(throws: HTTPClientError.of(.tooLong)) { try Download(announced.url(), limits: .init(largest: 10), judge: all) }
        #expect(try Download(announced.url(), limits: .init(largest: 11), judge: all).everything().count == 11)
        let endless = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.send("5\r\nhello\r\n") {}
        }
        #expect(throws: HTTPClientError.of(.tooLong)) {
            try Download(endless.url(), limits: .init(largest: 1_000_000), judge: all).everything()
        }
    }

    @Test(arguments: [UInt32(50_000), 400_000]) func `that drips is ended`(_ pause: UInt32) throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.send("x") { usleep(pause) }
        }
        let began = monotonicSeconds()
        let limits = Download.Limits(leastRate: 1000, averaged: 0.5, grace: 1)
        #expect(throws: HTTPClientError.of(.tooSlow)) { try Download(server.url(), limits: limits, judge: all).everything() }
        // By itself, it would drip for hours.
        #expect(monotonicSeconds() - began >= 1)
    }

    @Test func `whose header does not come is ended`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            while connection.send("H") { usleep(100_000) }
        }
        let limits = Download.Limits(leastRate: 1000, averaged: 0.5, grace: 1)
        #expect(throws: HTTPClientError.self) { try Download(server.url(), limits: limits, judge: all) }
        let silent = try RawServer { _, _ in sleep(60) }
        #expect(throws: HTTPClientError.of(.tooSlow)) { try Download(silent.url(), limits: limits, judge: all) }
    }

    @Test func `is not blamed for a reader that is slow`() throws {
        let server = try RawServer.says("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world!")
        let download = try Download(server.url(), limits: .init(leastRate: 1000, averaged: 0.1, grace: 0.1), judge: all)
        var byte = [UInt8](repeating: 0, count: 4)
        for _ in 1...3 {
            usleep(200_000)
            #expect(try byte.withUnsafeMutableBytes { try download.read(into: $0) } == 4)
        }
    }

    @Test func `ends at its hour`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 0, count: 100)) { usleep(1000) }
        }
        let began = monotonicSeconds()
        #expect(throws: HTTPClientError.of(.timedOut)) { try Download(server.url(), limits: .init(longest: 1), judge: all).everything() }
        // The server never ends.
        #expect(monotonicSeconds() - began >= 1)
    }

    @Test func `ends when nobody wants it any more`() throws {
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            sleep(60)
        }
        let end = Mutex(Double.infinity)
        let download = try Download(server.url(), judge: all, isCancelled: { end.withLock { monotonicSeconds() > $0 } })
        end.withLock { $0 = monotonicSeconds() + 0.5 }
        #expect(throws: HTTPClientError.of(.cancelled)) { try download.everything() }
    }

    @Test func `hangs up when it is let go`() throws {
        let isGone = Atomic(false)
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 0, count: 100_000)) {}
            isGone.store(true, ordering: .relaxed)
        }
        _ = try Download(server.url(), judge: all)
        #expect(eventually { isGone.load(ordering: .relaxed) })
    }

    @Test func `takes no more from the source than is read`() throws {
        let sent = Atomic(0)
        let total = 200 << 20
        let server = try RawServer { connection, _ in
            connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            while sent.load(ordering: .relaxed) < total && connection.send(piece) { sent.add(piece.count, ordering: .relaxed) }
        }
        let download = try Download(server.url(), judge: all)
        var buffer = [UInt8](repeating: 0, count: 4096)
        #expect(try buffer.withUnsafeMutableBytes { try download.read(into: $0) } == 4096)
        usleep(300_000)
        #expect(sent.load(ordering: .relaxed) < 20 << 20)  // what the system's two buffers hold, and ours
        #expect(try download.everything(piece: 1 << 20).count == total - 4096)
    }

    @Test func `is asked for with the headers that it is given`() throws {
        let server = try RawServer.says("HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx")
        let download = try Download(server.url(), headers: [("Range", "bytes=5-5")], judge: all)
        #expect(download.status == 206)
        #expect(server.heads[0].contains("\r\nRange: bytes=5-5\r\n"))
        #expect(throws: HTTPClientError.of(.invalid)) { try Download(server.url(), headers: [("X", "a\r\nY: b")], judge: all) }
    }

    private func all(_ url: String) -> Download.AddressJudge? { { _ in true } }
}

extension Download {
    /// All bytes that are left.
    func everything(piece: Int = 4096) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while case let count = try buffer.withUnsafeMutableBytes({ try read(into: $0) }), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

extension RawServer {
    /// Sends the same answer to every client, and closes the connection.
    static func says(_ text: String) throws -> RawServer {
        try RawServer { connection, _ in
            connection.readHead()
            connection.send(text)
        }
    }
}
