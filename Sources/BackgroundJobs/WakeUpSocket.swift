internal import Domain
internal import Glibc
internal import Threading

/// The name that wake-ups of one database are sent to: a UNIX socket without a file, which all processes of the machine's network namespace
/// share. Source: unix(7), "abstract".
///
/// Any process there may send to it, or take the name first. A wake-up carries no data and costs one look, so the worst effect is that a
/// job begins only with the next look.
package struct WakeUpName: Sendable {
    private let bytes: [UInt8]

    /// Makes a name.
    ///
    /// - Parameter text: at most 100 bytes; the rest is ignored.
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

/// Wakes the `glance-tasks` of this machine, if it is running.
package struct WakeUpSender: WakeUp {
    private let name: WakeUpName

    /// Makes a sender to a name.
    package init(to name: WakeUpName) { self.name = name }

    /// Sends a wake-up; failures are ignored.
    package func wakeUp() {
        // A socket for each: orders are rare, and a kept socket would have to be shared by threads.
        let descriptor = WakeUpName.socket()
        guard descriptor >= 0 else { return }
        _ = name.with { sendto(descriptor, [1], 1, CInt(MSG_NOSIGNAL), $0, $1) }
        close(descriptor)
    }
}

/// The socket that receives wake-ups. One process of a machine has it; when that process ends, another one can take it.
///
/// One thread uses it, except for `interrupt`.
package final class WakeUpSocket: Sendable {
    private let name: WakeUpName
    /// Nil while it is not open.
    private let descriptor = Monitor(nil as CInt?)

    /// Milliseconds of one wait.
    private static let wait: CInt = 500
    /// The largest number of wake-ups that are received at once.
    private static let batch = 64

    /// Makes a socket that is not open.
    package init(_ name: WakeUpName) { self.name = name }

    deinit { close() }

    /// Takes the name, unless this process has it.
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

    /// Waits at most half a second for wake-ups, and receives all that came.
    ///
    /// - Returns: whether any came.
    func hears() -> Bool {
        guard let descriptor = descriptor.with({ $0 }) else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, Self.wait) > 0 else { return false }
        var (byte, count): (UInt8, Int) = (0, 0)
        while count < Self.batch, recv(descriptor, &byte, 1, 0) >= 0 { count += 1 }
        return count > 0
    }

    /// Ends the wait of the thread that uses the socket. The descriptor stays open, since its number could be given to another file
    /// otherwise.
    func interrupt() { descriptor.with { if let descriptor = $0 { shutdown(descriptor, CInt(SHUT_RDWR)) } } }

    /// Closes the socket, so that another process can take the name.
    func close() {
        descriptor.with { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }
}
