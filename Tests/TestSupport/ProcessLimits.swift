import Foundation
import Glibc

/// While this object exists, a process cannot make another thread.
package final class ThreadLimit {
    private let process: Int32
    /// The folder of a control group; nil if the limit is one of memory.
    private let group: String?

    package init(of process: Int32) throws {
        self.process = process
        let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").count
        let name = "vitrine-tests-\(process)"
        for parent in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
            let folder = "\(parent)/\(name)"
            guard mkdir(folder, 0o755) == 0 else { continue }
            if Self.write(String(threads), to: "\(folder)/pids.max"), Self.write(String(process), to: "\(folder)/cgroup.procs") {
                group = folder
                return
            }
            rmdir(folder)
        }
        // No room for a stack: less than 1 MiB of addresses is left.
        group = nil
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let size = status.split(separator: "\n").first { $0.hasPrefix("VmSize:") }!.split(separator: " ").dropFirst().first!
        _ = try Command("prlimit", ["--pid", "\(process)", "--as=\(Int(size)! * 1024 + 900_000):"])
    }

    package func lift() throws {
        guard let group else {
            _ = try Command("prlimit", ["--pid", "\(process)", "--as=unlimited:"])
            return
        }
        _ = Self.write("max", to: "\(group)/pids.max")
    }

    deinit {
        guard let group else { return }
        let parent = (group as NSString).deletingLastPathComponent
        _ = Self.write(String(process), to: "\(parent)/cgroup.procs")
        rmdir(group)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Glibc.write(file, text, text.utf8.count) == text.utf8.count
    }
}

/// Lets a process have this many more file descriptors than it has now, counted from the lowest free number; nil for as many as
/// allowed.
package func limitDescriptors(of process: Int32, more: Int?) throws {
    var limit = 4096
    if let more {
        let used = Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap { Int($0) })
        var (number, free) = (0, 0)
        while free <= more {
            if !used.contains(number) { free += 1 }
            number += 1
        }
        limit = number - 1
    }
    let command = try Command("prlimit", ["--pid", "\(process)", "--nofile=\(limit):"])
    guard command.status == 0 else { throw Unexpected(command.errors) }
}

/// Lines of `/proc/PID/maps`.
package func mappings(of process: Int32) throws -> Int {
    try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).utf8.count { $0 == 0x0A }
}
