internal import Glibc

/// Tells the process that started this one, such as systemd or `glance-manage run`, that it has started. Source: sd_notify(3).
package enum Readiness {
    /// Says that the program has started; does nothing if `NOTIFY_SOCKET` is not set.
    package static func tell() {
        guard let place = getenv("NOTIFY_SOCKET").map({ Array(String(cString: $0).utf8) }), !place.isEmpty else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard place.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: place) }
        // A name in the abstract namespace begins with a zero.
        if place[0] == UInt8(ascii: "@") { address.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + place.count)
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let message = Array("READY=1\nMAINPID=\(getpid())".utf8)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
