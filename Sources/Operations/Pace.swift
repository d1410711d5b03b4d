/// How fast bytes come, of late.
///
/// Only the time counts in which somebody waits for them: who is kept from reading by a slow store has no slow client.
struct Pace {
    /// Bytes of each second of the window, and which second the last of them is.
    private var counts: [Int64]
    private var second = 0
    private var waited = 0.0

    /// - Parameter window: seconds that are looked back over.
    init(over window: Int) {
        // The one that goes on counts besides.
        counts = Array(repeating: 0, count: window + 1)
    }

    /// Seconds that were waited, as far as they are looked back over.
    var seconds: Double { min(waited, Double(counts.count - 1)) }

    /// Bytes that came in them, and in less than a second before.
    private(set) var bytes: Int64 = 0

    mutating func wait(_ seconds: Double) {
        waited += seconds
        let now = Int(waited)
        // A wait that is longer than the window leaves nothing of it.
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
