internal import Domain
internal import Foundation
package import Operations

/// Shows how far long work is, with its rate and the time that is left, in one line of a terminal. Without a terminal it shows nothing.
package struct ProgressBar {
    private let title: String
    private var total: Int64
    private let unit: Unit
    private let began = Date()
    private var done: Int64 = 0
    private var drawn = Date.distantPast

    /// Whether standard error is a terminal.
    package static let isShown = isatty(STDERR_FILENO) != 0

    /// The unit of the work.
    package enum Unit {
        case bytes, rows, images

        fileprivate func rate(_ count: Double) -> String {
            switch self {
            case .bytes: String(format: "%.1f MiB/s", count / Double(1 << 20))
            case .rows: String(format: "%.0f rows/s", count)
            case .images: String(format: "%.0f images/s", count)
            }
        }
    }

    package init(_ title: String, of total: Int64, _ unit: Unit = .bytes) { (self.title, self.total, self.unit) = (title, total, unit) }

    /// Draws the line again.
    ///
    /// - Parameter more: units that were done since the last call.
    package mutating func advance(_ more: Int64) {
        done += more
        guard Self.isShown, Date().timeIntervalSince(drawn) > 0.2 || done >= total else { return }
        drawn = Date()
        let seconds = max(drawn.timeIntervalSince(began), 0.001)
        let part = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int(part * 30)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        let left = done > 0 ? Self.time(seconds * (1 - part) / max(part, 0.0001)) : "--:--"
        write("\r\(title) [\(bar)] \(Int(part * 100)) %  \(unit.rate(Double(done) / seconds))  \(left) left\u{1b}[K")
    }

    /// Takes units out of the total.
    ///
    /// - Parameter count: units that need not be done.
    package mutating func skip(_ count: Int64) { total -= count }

    package func end() {
        if Self.isShown { write("\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private static func time(_ seconds: Double) -> String {
        String(format: "%02d:%02d", Int(seconds) / 60, Int(seconds) % 60)
    }
}

extension Scrubber {
    /// Scrubs, and shows the progress on a terminal.
    ///
    /// - Returns: the number of images whose data were removed.
    package func scrubShowingProgress() throws -> Int {
        // Adding up very many images takes a while.
        let (images, bytes) = ProgressBar.isShown ? try remaining() : (0, 0)
        var bar = ProgressBar("scrubbing", of: bytes)
        let count = try scrub { bar.advance($0.bytes) }
        if images > 0 { bar.end() }
        return count
    }
}
