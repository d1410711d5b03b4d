/// Measures the rate at which a client has recently sent bytes.
///
/// Only the time counts in which the service waits for bytes: if a slow store delays reading, the client is not slow.
struct Pace {
    /// The bytes of each second of the window, as a ring, and the number of the current second.
    private var counts: [Int64]
    private var second = 0
    private var waited = 0.0

    /// - Parameter window: the length of the window in seconds.
    init(over window: Int) {
        // The current, incomplete second is counted in addition.
        counts = Array(repeating: 0, count: window + 1)
    }

    /// The seconds of waiting within the window.
    var seconds: Double { min(waited, Double(counts.count - 1)) }

    /// The bytes that came within the window and the current second.
    private(set) var bytes: Int64 = 0

    mutating func wait(_ seconds: Double) {
        waited += seconds
        let now = Int(waited)
        // A wait that is longer than the window empties all of it.
        for _ in 0..<min(now - second, counts.count) {
            second += 1
            bytes -= counts[second % counts.count]
            counts[second % counts.count] = 0
        }
        second = now
    }

    mutating func add(_ count: Int64) {
        bytes += count
        counts[second % counts.count] += count
    }
}
