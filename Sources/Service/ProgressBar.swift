internal import Foundation

/// How far long work is, with its rate and the time that is left: one line of a terminal, drawn again and again. Nothing where
/// nobody looks.
package struct ProgressBar {
    private let title: String
    private var total: Int64
    private let began = Date()
    private let isShown = isatty(STDERR_FILENO) != 0
    private var done: Int64 = 0
    private var drawn = Date.distantPast

    /// - Parameter total: bytes.
    package init(_ title: String, of total: Int64) { (self.title, self.total) = (title, total) }

    /// - Parameter bytes: that were done since the last time.
    package mutating func advance(_ bytes: Int64) {
        done += bytes
        guard isShown, Date().timeIntervalSince(drawn) > 0.2 || done >= total else { return }
        drawn = Date()
        let seconds = max(drawn.timeIntervalSince(began), 0.001)
        let part = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int(part * 30)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let left = done > 0 ? Self.time(seconds * (1 - part) / max(part, 0.0001)) : "--:--"
        let rate = String(format: "%.1f MiB/s", Double(done) / seconds / Double(1 << 20))
        write("\r\(title) [\(bar)] \(Int(part * 100)) %  \(rate)  \(left) left\u{1b}[K")
    }

    /// - Parameter bytes: that need not be done.
    package mutating func skip(_ bytes: Int64) { total -= bytes }

    package func end() {
        if isShown { write("\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private static func time(_ seconds: Double) -> String {
        String(format: "%02d:%02d", Int(seconds) / 60, Int(seconds) % 60)
    }
}
