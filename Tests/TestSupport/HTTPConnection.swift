import Foundation
import Glibc
import JSONDocument

/// A bare connection to nginx, for tests that send half a request, or an invalid one.
package final class HTTPConnection {
    private let descriptor: CInt

    package struct Failed: Error { public let call: String; public let code: CInt }

    /// - Parameter address: an IPv4 address with dots.
    package init(to address: String = "127.0.0.1", port: Int) throws {
        descriptor = try StreamSocket.connected(to: address, port: port)
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { Glibc.close(descriptor) }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        guard bytes.withUnsafeBytes({ StreamSocket.send($0, to: descriptor) }) else { throw Failed(call: "send", code: errno) }
    }

    /// Passes bytes on in both directions, until one side ends.
    func relay(_ other: CInt) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            var ends = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&ends, 2, 120_000) > 0 else { return }
            for (near, far) in [(0, other), (1, descriptor)] where ends[near].revents != 0 {
                let count = recv(ends[near].fd, &buffer, buffer.count, 0)
                guard count > 0, Glibc.send(far, buffer, count, CInt(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }

    /// Closes the connection, as a client that exits does.
    package func hangUp() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// Closes the connection at once, with a reset.
    package func abort() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    /// Ends the sending direction, and still receives.
    package func endSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Reads one head and nothing behind it, such as that of `100 Continue`.
    package func receiveHead() throws -> Reply {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(descriptor, &byte, 1, 0) == 1 else { throw Failed(call: "recv", code: errno) }
            head.append(byte)
        }
        return Reply(head: String(decoding: head.dropLast(4), as: UTF8.self))
    }

    /// Receives what has arrived, or waits for it.
    ///
    /// - Returns: nothing at the end.
    package func receiveSome(_ most: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: most) { buffer, count in count = max(0, recv(descriptor, buffer.baseAddress, most, 0)) }
    }

    /// Reads what follows a head, until the server closes the connection.
    package func receiveRest() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Reads until the server closes the connection, or to the end by `Content-Length`.
    package func receive(isHead: Bool = false) throws -> Reply {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 * 1024)
        var reply: Reply?
        while true {
            if reply == nil, let end = bytes.firstRange(of: [13, 10, 13, 10]) {
                let head = Reply(head: String(decoding: bytes[..<end.lowerBound], as: UTF8.self))
                bytes.removeSubrange(..<end.upperBound)
                if head.status == 100 { continue }
                reply = head
            }
            if let head = reply,
                isHead || head.status == 204 || head.status == 304 || head["Content-Length"].flatMap({ Int($0) }) == bytes.count
            {
                break
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        guard var reply else { throw Failed(call: "recv", code: errno) }
        reply.body = reply["Transfer-Encoding"] == "chunked" ? Self.unchunked(bytes) : bytes
        return reply
    }

    /// The data of the chunks that came; the last one may have been cut.
    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        var rest = bytes[...]
        while let end = rest.firstRange(of: [13, 10]), let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16),
            size > 0
        {
            let chunk = rest[end.upperBound...]
            body += chunk.prefix(size)
            rest = chunk.dropFirst(size).dropFirst(2)
        }
        return body
    }
}

/// A complete answer.
package struct Reply {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package var body: [UInt8] = []

    init(head: String) {
        let lines = head.split(separator: "\r\n")
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts.first ?? ""), parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
    }

    package subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    package var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON; null if it is not JSON.
    package var json: JSONValue { (try? JSON(parsing: body)) ?? .null }
}

package typealias JSONValue = JSON

extension JSON {
    package subscript(key: String) -> JSON? { object?[key] }
}
