internal import Glibc
internal import Threading

/// The pauses between attempts of what conflicts with others: random, so that they do not meet again, and longer each time.
package struct ConflictPause {
    private let deadline: Double
    private var next = 0.002

    /// Makes the pauses.
    ///
    /// - Parameter seconds: the time in which a further attempt may begin.
    package init(atMost seconds: Double) { deadline = monotonicSeconds() + seconds }

    /// Whether another attempt may begin now.
    package var isInTime: Bool { monotonicSeconds() < deadline }

    /// Waits before the next attempt.
    ///
    /// - Returns: false, at once, if the time is up.
    package mutating func wait() -> Bool {
        guard isInTime else { return false }
        usleep(useconds_t(Double.random(in: 0.5...1) * next * 1_000_000))
        next = min(next * 2, 0.25)
        return true
    }
}
