internal import Glibc

/// A reading of the processor time that this machine has used, and this process of it.
package struct ProcessorUse: Sendable {
    /// Seconds of processor time of all processes, and of this one.
    private let (all, own): (Double, Double)
    private let time = monotonicSeconds()

    /// The processors of this machine.
    package static let processors = Double(max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))))

    /// Reads the use until now.
    ///
    /// - Returns: nil where the system does not tell it.
    package static func now() -> ProcessorUse? {
        guard let line = firstLine(of: "/proc/stat") else { return nil }
        // user, nice, system, idle, iowait, irq, softirq; what follows is not this machine's. Source: proc(5).
        let ticks = line.split(separator: " ").dropFirst().prefix(7).compactMap { Double($0) }
        guard ticks.count == 7 else { return nil }
        var own = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) == 0 else { return nil }
        let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
        return ProcessorUse(
            all: busy / Double(sysconf(CInt(_SC_CLK_TCK))), own: own.seconds)
    }

    private init(all: Double, own: Double) { (self.all, self.own) = (all, own) }

    /// The processors that were busy on the average since an earlier reading: for this process, and for all others.
    package func average(since earlier: ProcessorUse) -> (own: Double, others: Double) {
        let seconds = max(time - earlier.time, 0.001)
        let own = (own - earlier.own) / seconds
        return (own, max(0, (all - earlier.all) / seconds - own))
    }

    private static func firstLine(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
