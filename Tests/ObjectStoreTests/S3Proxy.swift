import Foundation
import Glibc
import Synchronization
import TestSupport
import Threading

/// A proxy before an S3 server that spoils requests and answers. Each request has a connection of its own to the server.
final class S3Proxy: Sendable {
    /// What happens to a request.
    enum Spoiling: Sendable {
        /// The server does not get it, and the connection ends after so many bytes of its body.
        case cutRequest(Int)
        /// The server gets it, and the connection ends after so many bytes of its answer, the header included.
        case cutAnswer(Int)
        /// The server does not get it; another answer comes, with this status and code.
        case refuse(Int, String)
        /// The server gets it once the value is true.
        case hold(Monitor<Bool>)
        /// The server does not get it, and no answer comes for so many seconds.
        case silence(Double)
    }

    private let server: RawServer
    private let spoiled = Spoiled()

    private final class Spoiled: Sendable {
        let rules = Mutex<[(text: String, left: Int, spoiling: Spoiling)]>([])
        let count = Atomic(0)
        let heads = Mutex<[String]>([])
        let deeds = Mutex<[(text: String, deed: @Sendable () -> Void)]>([])

        func act(_ head: String) {
            let deed = deeds.withLock { deeds in
                deeds.firstIndex { head.contains($0.text) }.map { deeds.remove(at: $0).deed }
            }
            deed?()
        }

        func next(_ head: String) -> Spoiling? {
            heads.withLock { $0.append(String(head.prefix { $0 != "\r" && $0 != "\r\n" })) }
            return rules.withLock { rules in
                guard let found = rules.firstIndex(where: { $0.left > 0 && ($0.text.isEmpty || head.contains($0.text)) }) else {
                    return nil
                }
                rules[found].left -= 1
                count.add(1, ordering: .relaxed)
                return rules[found].spoiling
            }
        }
    }

    /// Has something done before the server gets the next request whose head contains a text.
    func meanwhile(_ text: String, _ deed: @escaping @Sendable () -> Void) { spoiled.deeds.withLock { $0.append((text, deed)) } }

    init(before port: Int) throws {
        server = try RawServer { [spoiled] connection, _ in
            guard let head = connection.readHead() else { return }
            spoiled.act(head)
            let length = head.firstMatch(of: /(?i)\r\ncontent-length: (\d+)/).flatMap { Int($0.1) } ?? 0
            switch spoiled.next(head) {
            case .cutRequest(let count):
                _ = connection.readBytes(min(count, length))
            case .refuse(let status, let code):
                var left = length
                while left > 0 {
                    _ = connection.readBytes(min(left, 1 << 20))
                    left -= 1 << 20
                }
                let body = head.hasPrefix("HEAD") || code.isEmpty ? "" : "<Error><Code>\(code)</Code></Error>"
                connection.answer("\(status) No", "Connection: close\r\n", body: body)
            case .hold(let isFree):
                let body = connection.readBytes(length)
                isFree.wait { $0 ? () : nil }
                connection.exchange(head, body, with: port)
            case .silence(let seconds):
                usleep(useconds_t(seconds * 1_000_000))
            case .cutAnswer(let count):
                connection.exchange(head, length: length, with: port, atMost: count)
            case nil:
                connection.exchange(head, length: length, with: port, atMost: .max)
            }
        }
    }

    var port: Int { server.port }
    var url: String { "http://127.0.0.1:\(server.port)" }

    /// Spoils the next requests whose head contains a text.
    func spoil(_ text: String, times: Int = 1, by spoiling: Spoiling) {
        spoiled.rules.withLock { $0.append((text, times, spoiling)) }
    }

    /// The number of spoiled requests.
    var count: Int { spoiled.count.load(ordering: .relaxed) }

    /// The first lines of all requests.
    var requests: [String] { spoiled.heads.withLock { $0 } }
}

extension RawServer.Connection {
    /// Sends a request on to a port, and its answer back if the client is still there.
    fileprivate func exchange(_ head: String, _ body: [UInt8], with port: Int) {
        guard let far = try? HTTPConnection(port: port) else { return }
        try? far.send(Array((String(head.dropLast()) + "Connection: close\r\n\r\n").utf8) + body)
        while case let piece = far.receiveSome(1 << 18), !piece.isEmpty { send(piece) }
    }

    /// Sends a request on to a port, and so many bytes of the answer back.
    fileprivate func exchange(_ head: String, length: Int, with port: Int, atMost most: Int) {
        guard let far = try? HTTPConnection(port: port) else { return }
        // The empty line at the end is one character.
        try? far.send(Array((String(head.dropLast()) + "Connection: close\r\n\r\n").utf8))
        var left = length
        while left > 0 {
            let piece = readBytes(min(left, 1 << 18))
            guard !piece.isEmpty, (try? far.send(piece)) != nil else { return }
            left -= piece.count
        }
        var sent = 0
        while sent < most, case let piece = far.receiveSome(min(1 << 18, most - sent)), !piece.isEmpty, send(piece) { sent += piece.count }
    }
}
