internal import CLinux
internal import Glibc
internal import Synchronization

/// A listening UNIX socket from which many threads of many processes accept connections.
package struct Listener: Sendable {
    package let descriptor: CInt
    private let free = FreeThreads()

    /// The threads of this process that wait for a connection.
    private final class FreeThreads: Sendable { let count = Atomic(0) }

    /// Takes over a listening socket that was inherited from systemd, `spawn-fcgi` or `Stack`.
    ///
    /// - Throws: if the descriptor is not a listening socket.
    package init(descriptor: CInt) throws(FastCGIError) {
        var listening: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0, listening == 1 else {
            throw FastCGIError(call: "getsockopt(SO_ACCEPTCONN) on descriptor \(descriptor)", code: errno)
        }
        self.descriptor = descriptor
        SpareDescriptor.keep()
        limitWaiting()
    }

    /// Opens a socket at a path, and replaces one that an earlier process left there.
    ///
    /// - Parameters:
    ///   - path: at most 107 bytes.
    ///   - mode: the permissions. Peers are trusted, so only nginx's group may connect.
    ///   - backlog: connections that may wait in the kernel while every thread is busy.
    package init(path: String, mode: UInt32 = 0o660, backlog: CInt = 1024) throws(FastCGIError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            throw FastCGIError(call: "socket path of \(path.utf8.count) bytes", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }

        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FastCGIError(call: "socket", code: errno) }
        unlink(path)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, mode) == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw FastCGIError(call: "listening on \(path)", code: code)
        }
        self.descriptor = descriptor
        SpareDescriptor.keep()
        limitWaiting()
    }

    /// Makes `accept` return after half a second, so that a thread can check whether its process is to end. The thread cannot be woken
    /// otherwise: other processes use the socket too, and a signal might interrupt the next request.
    private func limitWaiting() {
        var limit = timeval(tv_sec: 0, tv_usec: 500_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Whether a connection is waiting to be accepted.
    var hasWaiting: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 0) > 0
    }

    /// Whether a thread of this process waits for a connection.
    var hasFreeThread: Bool { free.count.load(ordering: .relaxed) > 0 }

    /// An accepted connection.
    struct Accepted {
        let connection: CInt
        /// Whether it uses the place of the spare descriptor, because no other is left. The spare is taken back after it is closed.
        let isOnSpare: Bool
    }

    /// Waits for a connection for half a second.
    ///
    /// - Returns: nil if none came, or its client was gone already.
    /// - Throws: an error that will last for some time, such as `ENOMEM`.
    func accept() throws(FastCGIError) -> Accepted? {
        free.count.add(1, ordering: .relaxed)
        defer { free.count.subtract(1, ordering: .relaxed) }
        var found = try attempt()
        if case .noDescriptor = found {
            // The kernel reserves a descriptor before it waits, so it is not known yet whether there is a connection.
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, 500) > 0 else { return nil }
            found = try attempt()
        }
        switch found {
        case .connection(let connection): return Accepted(connection: connection, isOnSpare: false)
        case .nothing: return nil
        case .noDescriptor: return try acceptOnSpare()
        }
    }

    private func acceptOnSpare() throws(FastCGIError) -> Accepted? {
        guard SpareDescriptor.shared.give() else { throw FastCGIError(call: "accept4", code: EMFILE) }
        var accepted: Accepted?
        defer { if accepted == nil { SpareDescriptor.shared.takeBack() } }
        if case .connection(let connection) = try attempt() { accepted = Accepted(connection: connection, isOnSpare: true) }
        return accepted
    }

    private enum Attempt { case connection(CInt), nothing, noDescriptor }

    private func attempt() throws(FastCGIError) -> Attempt {
        let connection = accept4(descriptor, nil, nil, CInt(SOCK_CLOEXEC.rawValue))
        if connection >= 0 { return .connection(connection) }
        switch errno {
        case EINTR, ECONNABORTED, EAGAIN: return .nothing
        case EMFILE, ENFILE: return .noDescriptor
        default: throw FastCGIError(call: "accept4", code: errno)
        }
    }
}
