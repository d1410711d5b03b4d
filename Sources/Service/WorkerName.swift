internal import Files
internal import Glibc

/// Names a process among all that hold leases, for certain: also one of the same number on another host, in another container, or later.
///
/// Whoever reads a name judges only what it can know: processes of the kernel that it runs on itself, counted as its own are. Of all others
/// it does not say that they are dead: not of those from before the machine was started anew, which takes as long as a lease (two machines
/// may have one id and one name), and not of names of older releases. Their leases end.
struct WorkerName: Equatable {
    /// Where a process runs.
    struct Place: Equatable, Sendable {
        /// The machine's id and its name. Neither is enough: machines are cloned, and images of containers hold an id.
        var machine: String
        /// Another with each start of the kernel; the same in all its containers. Empty where the kernel does not tell.
        var boot: String
        /// Which processes it counts, and by which clock: the inodes of both namespaces.
        var namespace: String
    }

    let place: Place
    let process: pid_t
    /// In the kernel's own count.
    let start: String
    let random: String

    /// `2|machine|boot|namespace|process|start|random`, 255 bytes at most. The number is that of this form.
    var text: String {
        ["2", place.machine, place.boot, place.namespace, String(process), start, random].joined(separator: "|")
    }

    /// A new name of this process.
    static func fresh() -> WorkerName {
        WorkerName(
            place: .own, process: getpid(), start: Self.startTime(of: getpid()) ?? "0",
            random: String(UInt32.random(in: .min ... .max), radix: 36))
    }

    init(place: Place, process: pid_t, start: String, random: String) {
        (self.place, self.process, self.start, self.random) = (place, process, start, random)
    }

    /// - Returns: nil for a name of another form, as older releases have.
    init?(_ text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 7, parts[0] == "2", let process = pid_t(parts[4]) else { return nil }
        self.init(
            place: Place(machine: parts[1], boot: parts[2], namespace: parts[3]), process: process, start: parts[5], random: parts[6])
    }

    /// Whether the process of that name is not there any more, for certain.
    static func isDead(_ text: String) -> Bool { WorkerName(text)?.isDead(seenFrom: .own) == true }

    func isDead(seenFrom own: Place) -> Bool {
        guard place == own, !own.boot.isEmpty else { return false }
        // Of a process of another user perhaps nothing is shown but that it is there.
        if kill(process, 0) != 0 { return errno == ESRCH }
        return Self.startTime(of: process).map { $0 != start } ?? false
    }

    /// When a process began, in the kernel's own count; nil for one that there is not. Source: proc(5), `/proc/[pid]/stat`, field 22.
    static func startTime(of process: pid_t) -> String? {
        guard let bytes = fileBytes(of: "/proc/\(process)/stat") else { return nil }
        // The second field is the program's name in parentheses, and may hold anything.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? String(decoding: fields[19], as: UTF8.self) : nil
    }
}

extension WorkerName.Place {
    /// That of this process.
    static let own: WorkerName.Place = {
        WorkerName.Place(
            machine: "\(line(of: "/etc/machine-id"))/\(hostName().filter { $0 != "|" })",
            boot: line(of: "/proc/sys/kernel/random/boot_id"),
            namespace: "\(inode(of: "/proc/self/ns/pid")).\(inode(of: "/proc/self/ns/time"))")
    }()

    /// Zero where the kernel has no such namespaces.
    private static func inode(of path: String) -> String {
        var info = stat()
        return String(stat(path, &info) == 0 ? UInt64(info.st_ino) : 0, radix: 36)
    }

    /// An id in a file of one line, without its dashes; empty where there is none.
    private static func line(of path: String) -> String {
        let bytes = (fileBytes(of: path) ?? []).filter { isalnum(CInt($0)) != 0 && $0 < 0x80 }
        return String(decoding: bytes.prefix(40), as: UTF8.self)
    }
}

/// What this machine calls itself. Linux gives it 64 characters at most.
func hostName() -> String {
    var name = [CChar](repeating: 0, count: 65)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
