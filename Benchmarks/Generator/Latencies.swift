/// Durations in µs, counted in steps of 1.6 % at most, so that memory does not grow with their number.
struct Latencies {
    private var counts = [Int](repeating: 0, count: 2560)
    private(set) var total = 0
    private(set) var longest = 0

    mutating func add(_ microseconds: Int) {
        let value = max(0, microseconds)
        let shift = max(0, Int.bitWidth - value.leadingZeroBitCount - 7)
        counts[min(counts.count - 1, shift * 64 + value >> shift)] += 1
        total += 1
        longest = max(longest, value)
    }

    static func + (left: Latencies, right: Latencies) -> Latencies {
        var sum = left
        for place in right.counts.indices { sum.counts[place] += right.counts[place] }
        sum.total += right.total
        sum.longest = max(left.longest, right.longest)
        return sum
    }

    /// The duration in ms that a part of them does not exceed.
    func milliseconds(of part: Double) -> Double {
        let wanted = Int((Double(total) * part).rounded(.up))
        var seen = 0
        for (place, count) in counts.enumerated() where count > 0 {
            seen += count
            guard seen >= wanted else { continue }
            let shift = max(0, place / 64 - 1)
            return Double((place - shift * 64) << shift) / 1000
        }
        return 0
    }
}
