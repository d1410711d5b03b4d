internal import Foundation
internal import Glibc

/// A port of the loopback address.
package struct LoopbackPort {
    private let number: Int

    package init(_ number: Int) { self.number = number }

    /// - Throws: `NotStarted` if another program listens there.
    package func checkFree(orChoose option: String) throws {
        guard 1...65_535 ~= number else {
            throw ChildProcess.NotStarted(description: "\(number) is no port; choose another by \(option)")
        }
        let code = connected { descriptor, address, length in
            var isReused: CInt = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<CInt>.size))
            // `bind` succeeds on the port of a socket that listens without connections, so `listen` is needed too.
            return bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0 ? 0 : errno
        }
        guard code == 0 else {
            throw ChildProcess.NotStarted(
                description: "port \(number) of 127.0.0.1 cannot be used: \(String(cString: strerror(code))); choose another by \(option)")
        }
    }

    /// The status of the answer to `GET /versions`; nil if there is none.
    var statusOfVersions: Int? {
        connected { descriptor, address, length in
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let request = Array("GET /versions HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".utf8)
            guard connect(descriptor, address, length) == 0, send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) > 0
            else {
                return nil
            }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 12 else { return nil }
            return String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
    }

    /// Calls `body` with a socket and the port's address.
    private func connected<Value>(_ body: (CInt, UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(number).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
