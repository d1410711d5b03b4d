import Foundation
import Glibc
import Stack
import Synchronization

/// A TCP proxy to a database that can fall silent, like a firewall that has lost its state: no side closes the connection, nothing passes,
/// and the kernel acknowledges what is sent.
package final class SilentProxy: Sendable {
    package let port: Int
    private let target: String
    private let listener: CInt
    private let pairs = Mutex<[Pair]>([])
    private let refuses = Atomic(false)

    private final class Pair: Sendable {
        let near, far: CInt
        let isSilent = Atomic(false)
        init(_ near: CInt, _ far: CInt) { (self.near, self.far) = (near, far) }

        /// Until either side closes the connection; bytes that arrive while it is silent are lost.
        func copy(from: CInt, to: CInt) {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = recv(from, &buffer, buffer.count, 0), count > 0 {
                if isSilent.load(ordering: .relaxed) { continue }
                guard buffer.withUnsafeBytes({ StreamSocket.send(.init(rebasing: $0[..<count]), to: to) }) else { return }
            }
            if !isSilent.load(ordering: .relaxed) { shutdown(to, CInt(SHUT_WR)) }
        }

        func end() { for descriptor in [near, far] { shutdown(descriptor, CInt(SHUT_RDWR)) } }
    }

    package init(to server: PrivateMariaDB) throws {
        target = server.socket
        (listener, port) = try StreamSocket.listening()
        Thread.detachNewThread { [self] in takeConnections() }
    }

    /// The URL for `[database] connection`.
    package func url(of database: String) -> String { "mysql+pymysql://root@127.0.0.1:\(port)/\(database)" }

    /// Silences all existing connections; new ones work.
    package func silence() { pairs.withLock { for pair in $0 { pair.isSilent.store(true, ordering: .relaxed) } } }

    /// The number of connections so far.
    package var count: Int { pairs.withLock { $0.count } }

    /// Closes all connections, and accepts no more.
    package func end() {
        refuses.store(true, ordering: .relaxed)
        shutdown(listener, CInt(SHUT_RDWR))
        pairs.withLock { for pair in $0 { pair.end() } }
    }

    private func takeConnections() {
        while case let near = Glibc.accept(listener, nil, nil), near >= 0 {
            _ = fcntl(near, F_SETFD, FD_CLOEXEC)
            guard !refuses.load(ordering: .relaxed), let far = try? StreamSocket.connected(to: target) else {
                close(near)
                continue
            }
            let pair = Pair(near, far)
            pairs.withLock { $0.append(pair) }
            Thread.detachNewThread { pair.copy(from: near, to: far) }
            Thread.detachNewThread { pair.copy(from: far, to: near) }
        }
        close(listener)
    }
}
