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
                var sent = 0
                while sent < count {
                    let more = buffer.withUnsafeBytes { send(to, $0.baseAddress! + sent, count - sent, CInt(MSG_NOSIGNAL)) }
                    guard more > 0 else { return }
                    sent += more
                }
            }
            if !isSilent.load(ordering: .relaxed) { shutdown(to, CInt(SHUT_WR)) }
        }

        func end() { for descriptor in [near, far] { shutdown(descriptor, CInt(SHUT_RDWR)) } }
    }

    package init(to server: PrivateMariaDB) throws {
        target = server.socket
        port = try freePort()
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard code == 0, listen(listener, 64) == 0 else { throw HTTPConnection.Failed(call: "bind", code: errno) }
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
            guard !refuses.load(ordering: .relaxed), let far = connect() else {
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

    private func connect() -> CInt? {
        let far = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: target.utf8.prefix($0.count - 1)) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(far, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        if code == 0 { return far }
        close(far)
        return nil
    }
}
