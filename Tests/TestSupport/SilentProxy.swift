import Foundation
import Glibc
import Stack
import Synchronization

/// A way to a database over TCP that can fall silent as behind a firewall that forgot its connections: nobody hangs up, nothing comes
/// through, and the kernel confirms what is sent.
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

        /// Until either side hangs up; what comes in while it is silent is lost.
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

    /// As `[database] connection` takes it.
    package func url(of database: String) -> String { "mysql+pymysql://root@127.0.0.1:\(port)/\(database)" }

    /// All connections that there are fall silent; new ones are not.
    package func silence() { pairs.withLock { for pair in $0 { pair.isSilent.store(true, ordering: .relaxed) } } }

    /// Connections that were made until now.
    package var count: Int { pairs.withLock { $0.count } }

    /// Hangs up everywhere, and takes no more.
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
