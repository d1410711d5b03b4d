import Glibc

/// Makes stream sockets for the loopback address and for paths. Programs that a test starts do not inherit them: otherwise a peer would
/// not see them closed.
enum StreamSocket {
    /// Listens at a port of 127.0.0.1.
    ///
    /// - Parameter port: 0 for one that the system chooses.
    /// - Throws: `HTTPConnection.Failed`.
    static func listening(at port: Int = 0) throws -> (descriptor: CInt, port: Int) {
        let (descriptor, port) = try bound(to: port)
        guard listen(descriptor, 64) == 0 else { throw failure("listen", closing: descriptor) }
        return (descriptor, port)
    }

    /// Binds a port of 127.0.0.1, and does not listen there.
    ///
    /// - Throws: `HTTPConnection.Failed`; its code is `EADDRINUSE` if the port is taken.
    static func bound(to port: Int) throws -> (descriptor: CInt, port: Int) {
        let descriptor = make(AF_INET)
        var address = internet("127.0.0.1", port)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
            }
        }
        guard code == 0 else { throw failure("bind", closing: descriptor) }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }

    /// Connects to an IPv4 address with dots.
    static func connected(to address: String, port: Int) throws -> CInt {
        let descriptor = make(AF_INET)
        var place = internet(address, port)
        let code = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard code == 0 else { throw failure("connect", closing: descriptor) }
        return descriptor
    }

    /// Connects to the socket at a path.
    static func connected(to path: String) throws -> CInt {
        let descriptor = make(AF_UNIX)
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let code = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard code == 0 else { throw failure("connect", closing: descriptor) }
        return descriptor
    }

    /// Sends all bytes.
    ///
    /// - Returns: false if the peer is gone; `errno` says why.
    static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func make(_ family: CInt) -> CInt { socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0) }

    private static func internet(_ address: String, _ port: Int) -> sockaddr_in {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(port).bigEndian
        place.sin_addr.s_addr = inet_addr(address)
        return place
    }

    private static func failure(_ call: String, closing descriptor: CInt) -> HTTPConnection.Failed {
        let code = errno
        close(descriptor)
        return HTTPConnection.Failed(call: call, code: code)
    }
}
