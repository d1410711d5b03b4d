internal import Glibc

/// Names a process among all that hold leases, also one of the same number on another host, in another container, or later.
struct WorkerName {
    /// `host:namespace:process:start:random`, 64 characters at most.
    let text: String

    /// A new name of this process.
    static func fresh() -> WorkerName {
        let own = place
        return WorkerName(
            text: "\(own):\(getpid()):\(startTime(of: getpid()) ?? "0"):\(String(UInt32.random(in: .min ... .max), radix: 36))")
    }

    /// Whether a process of this host, as it counts them, bears the name and is not there any more. Of others nobody knows.
    static func isDead(_ text: String) -> Bool {
        let parts = text.split(separator: ":")
        guard parts.count == 5, "\(parts[0]):\(parts[1])" == place, let process = pid_t(parts[2]) else { return false }
        return startTime(of: process) != String(parts[3])
    }

    /// The host, and which processes it counts.
    private static let place: String = {
        let host = hostName().prefix(20)
        var namespace = stat()
        let isKnown = stat("/proc/self/ns/pid", &namespace) == 0
        return "\(host.filter { $0 != ":" }):\(String(isKnown ? UInt64(namespace.st_ino) : 0, radix: 36))"
    }()

    /// When a process began, in the kernel's own count; nil for one that there is not. Source: proc(5), `/proc/[pid]/stat`, field 22.
    private static func startTime(of process: pid_t) -> String? {
        guard let file = fopen("/proc/\(process)/stat", "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        // The second field is the program's name in parentheses, and may hold anything.
        guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? String(decoding: fields[19], as: UTF8.self) : nil
    }
}

/// What this machine calls itself. Linux gives it 64 characters at most.
func hostName() -> String {
    var name = [CChar](repeating: 0, count: 65)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
