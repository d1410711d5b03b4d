internal import Files
internal import Glibc

/// The name of a process that holds leases. No other process has it, not even one of the same number on another host, in another container
/// or later.
///
/// A reader of a name judges only processes of its own kernel that are numbered as its own are. It does not declare any other process dead:
/// neither one from before the last start of the machine (two machines may have one id and one name), nor one with a name of an older
/// release. Their leases expire.
struct WorkerName: Equatable {
    /// The place where a process runs.
    struct Place: Equatable, Sendable {
        /// The machine's id and its name. Neither is enough: machines are cloned, and images of containers hold an id.
        var machine: String
        /// The id of the kernel's start, the same in all its containers; empty if the kernel does not tell.
        var boot: String
        /// The namespaces of process numbers and of time, by their inodes.
        var namespace: String
    }

    let place: Place
    let process: pid_t
    /// When the process began, in the kernel's count.
    let start: String
    let random: String

    /// The name as text, 255 bytes at most: `2|machine|boot|namespace|process|start|random`. 2 is the number of this form.
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

    /// Reads a name.
    ///
    /// - Returns: nil for a name of another form, such as those of older releases.
    init?(_ text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 7, parts[0] == "2", let process = pid_t(parts[4]) else { return nil }
        self.init(
            place: Place(machine: parts[1], boot: parts[2], namespace: parts[3]), process: process, start: parts[5], random: parts[6])
    }

    /// Whether the process of that name has certainly ended.
    static func isDead(_ text: String) -> Bool { WorkerName(text)?.isDead(seenFrom: .own) == true }

    func isDead(seenFrom own: Place) -> Bool {
        guard place == own, !own.boot.isEmpty else { return false }
        // The kernel may show no more of another user's process than that it exists.
        if kill(process, 0) != 0 { return errno == ESRCH }
        return Self.startTime(of: process).map { $0 != start } ?? false
    }

    /// When a process began, in the kernel's count; nil if there is no such process. Source: proc(5), `/proc/[pid]/stat`, field 22.
    static func startTime(of process: pid_t) -> String? {
        guard let bytes = fileBytes(of: "/proc/\(process)/stat") else { return nil }
        // The second field is the program's name in parentheses, and may hold anything.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? String(decoding: fields[19], as: UTF8.self) : nil
    }
}

extension WorkerName.Place {
    /// The place of this process.
    static let own: WorkerName.Place = {
        WorkerName.Place(
            machine: "\(line(of: "/etc/machine-id"))/\(hostName().filter { $0 != "|" })",
            boot: line(of: "/proc/sys/kernel/random/boot_id"),
            namespace: "\(inode(of: "/proc/self/ns/pid")).\(inode(of: "/proc/self/ns/time"))")
    }()

    /// The inode of a namespace; zero if the kernel has none of its kind.
    private static func inode(of path: String) -> String {
        var info = stat()
        return String(stat(path, &info) == 0 ? UInt64(info.st_ino) : 0, radix: 36)
    }

    /// The id in a file of one line, without its dashes; empty if there is none.
    private static func line(of path: String) -> String {
        let bytes = (fileBytes(of: path) ?? []).filter { isalnum(CInt($0)) != 0 && $0 < 0x80 }
        return String(decoding: bytes.prefix(40), as: UTF8.self)
    }
}

/// The host name of this machine, which has 64 characters at most on Linux.
func hostName() -> String {
    var name = [CChar](repeating: 0, count: 65)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
