internal import Domain
internal import Glibc
internal import Threading

/// The name that wake-ups of one database are sent to: a UNIX socket without a file, which every process of the machine (of its network
/// namespace) sees. Source: unix(7), "abstract".
///
/// Anybody there may send to it, or take it first. A wake-up says nothing and costs one look, so both do no more harm than that a job begins
/// with the next look.
package struct WakeUpName: Sendable {
    private let bytes: [UInt8]

    /// - Parameter text: 100 bytes at most.
    package init(_ text: String) { bytes = [0] + text.utf8.prefix(100) }

    fileprivate func with(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int) -> Int {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
        return withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }

    fileprivate static func socket() -> CInt {
        Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
    }
}

/// Wakes the `glance-tasks` of this machine, where there is one.
package struct WakeUpSender: WakeUp {
    private let name: WakeUpName

    package init(to name: WakeUpName) { self.name = name }

    package func wakeUp() {
        // Made for each: orders are rare, and a socket that is kept is one more thing to share.
        let descriptor = WakeUpName.socket()
        guard descriptor >= 0 else { return }
        _ = name.with { sendto(descriptor, [1], 1, CInt(MSG_NOSIGNAL), $0, $1) }
        close(descriptor)
    }
}

/// Where wake-ups arrive. One process of a machine has it; when that ends another one may.
///
/// Used by one thread, but for `interrupt`.
package final class WakeUpSocket: Sendable {
    private let name: WakeUpName
    /// Nil while it is not open.
    private let descriptor = Monitor(nil as CInt?)

    /// Milliseconds that a wake-up is waited for at once.
    private static let wait: CInt = 500
    /// What is taken off the socket at once; the kernel keeps no more.
    private static let batch = 64

    package init(_ name: WakeUpName) { self.name = name }

    deinit { close() }

    /// Takes the name, where it has not.
    ///
    /// - Returns: false while another process has it.
    func open() -> Bool {
        if descriptor.with({ $0 }) != nil { return true }
        let fresh = WakeUpName.socket()
        guard fresh >= 0 else { return false }
        guard name.with({ Int(bind(fresh, $0, $1)) }) == 0 else {
            Glibc.close(fresh)
            return false
        }
        descriptor.with { $0 = fresh }
        return true
    }

    /// Waits for wake-ups for half a second at most, and takes all that came.
    ///
    /// - Returns: whether any did.
    func hears() -> Bool {
        guard let descriptor = descriptor.with({ $0 }) else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, Self.wait) > 0 else { return false }
        var (byte, count): (UInt8, Int) = (0, 0)
        while count < Self.batch, recv(descriptor, &byte, 1, 0) >= 0 { count += 1 }
        return count > 0
    }

    /// Ends the wait of the thread that uses it. The descriptor stays its own, as its number could be somebody else's otherwise.
    func interrupt() { descriptor.with { if let descriptor = $0 { shutdown(descriptor, CInt(SHUT_RDWR)) } } }

    /// Leaves the name to others.
    func close() {
        descriptor.with { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }
}
