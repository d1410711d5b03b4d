internal import Foundation
internal import Glibc

/// The socket on which programs report that they have started, as they report it to systemd. Source: sd_notify(3).
final class ReadySocket {
    /// For the programs' variable `NOTIFY_SOCKET`.
    let path: String
    private let descriptor: CInt

    init(path: String) throws {
        self.path = path
        descriptor = try bound(to: path, kind: CInt(SOCK_DGRAM.rawValue))
    }

    deinit { close(descriptor) }

    /// The processes that have reported since the last call.
    func news() -> [Int32] {
        var found: [Int32] = []
        var bytes = [UInt8](repeating: 0, count: 512)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { return found }
            let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
            guard lines.contains("READY=1") else { continue }
            found += lines.compactMap { $0.hasPrefix("MAINPID=") ? Int32($0.dropFirst("MAINPID=".count)) : nil }
        }
    }
}

/// A UNIX socket of one kind, bound to a path; replaces whatever has the path.
func bound(to path: String, kind: CInt) throws -> CInt {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
        throw ChildProcess.NotStarted(description: "\(path) is too long for a socket; choose a shorter STATE")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    unlink(path)
    let descriptor = socket(AF_UNIX, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard result == 0, chmod(path, 0o660) == 0 else {
        let code = errno
        if descriptor >= 0 { close(descriptor) }
        throw ChildProcess.NotStarted(description: "cannot make the socket \(path): \(String(cString: strerror(code)))")
    }
    return descriptor
}
