import Foundation

/// A figure of a process's memory in KiB: `VmRSS`, what it has, or `VmHWM`, the most that it had.
package func kilobytes(_ name: String, of process: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    return Int(status.split(separator: "\n").first { $0.hasPrefix("\(name):") }?.filter(\.isNumber) ?? "") ?? .max
}

/// Has `VmHWM` of a process count from now on.
package func forgetMostMemory(of process: Int32) throws {
    try "5".write(toFile: "/proc/\(process)/clear_refs", atomically: false, encoding: .utf8)
}
