internal import Glibc
internal import Text

/// A TCP socket that takes connections without waiting for them.
struct MetricsListener {
    let descriptor: CInt

    /// Whether processes of this machine alone can connect.
    let isLoopback: Bool

    /// - Parameter address: `host:port`, such as `127.0.0.1:9193` or `[::1]:9193`.
    init(_ address: String) throws(MetricsError) {
        let (host, port) = try Self.parts(of: address)
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let place = found else { throw MetricsError("'\(host)': \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(found) }
        isLoopback = Self.isLoopback(place.pointee.ai_addr)
        descriptor = socket(
            place.pointee.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw MetricsError(address, errno: errno) }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard bind(descriptor, place.pointee.ai_addr, place.pointee.ai_addrlen) == 0, listen(descriptor, 64) == 0 else {
            let code = errno
            close(descriptor)
            throw MetricsError("cannot listen at \(address)", errno: code)
        }
    }

    /// The port that it listens on.
    var port: Int {
        var place = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &place) { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard getsockname(descriptor, address, &length) == 0 else { return 0 }
            // The port is at the same place for both families.
            return Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }

    /// The host and the port of an address; the port may be 0, by which any that is free is taken.
    static func parts(of address: String) throws(MetricsError) -> (host: String, port: Int) {
        do throws(HostAndPort.Refusal) {
            let place = try HostAndPort(address, isFreePort: true)
            if let port = place.port { return (place.host, port) }
            throw HostAndPort.Refusal(description: "it has no port")
        } catch {
            throw MetricsError("'\(address)' is no address of the form host:port, such as 127.0.0.1:9193: \(error)")
        }
    }

    private static func isLoopback(_ address: UnsafePointer<sockaddr>) -> Bool {
        switch CInt(address.pointee.sa_family) {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127 }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
            }
        default: false
        }
    }
}
