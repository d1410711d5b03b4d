internal import Glibc
internal import Threading

/// The pace at which several threads read together: at most a rate, and slower while others need the processors.
///
/// The low priority of the threads does not suffice for that: it counts among processes of one session or control group alone.
final class ReadingPace: Sendable {
    /// Bytes a second at most; nil for no limit.
    private let rate: Double?
    private let state: Monitor<State>

    private struct State {
        /// When the bytes that were read so far are paid for.
        var paid = 0.0
        /// Bytes a second that the others leave; nil while they need little.
        var left: Double?
        var measured: ProcessorUse?
        var measuredAt: Double
        /// The bytes that were read since then.
        var bytes = 0
    }

    /// Seconds between two measurements: others that begin to work wait no longer for their processors.
    private static let window = 0.1
    /// The factor by which the pace rises at most from one measurement to the next, so that the pauses between the requests of others do not
    /// count as idleness.
    private static let rise = 1.25
    /// The rate at which a rising pace has no limit any more, as a multiple of the rate of the last window.
    private static let enough = 2.0
    /// Bytes a second at which it reads at least.
    private static let leastRate = Double(1 << 20)
    /// The part of the processors below which others count as idle, and the part that this process takes at least.
    private static let (idle, least) = (0.15, 0.05)

    /// - Parameter rate: bytes a second; nil for no limit.
    init(rate: Int64?) {
        self.rate = rate.map { Double(max(1, $0)) }
        state = Monitor(State(measured: ProcessorUse.now(), measuredAt: monotonicSeconds()))
    }

    /// Waits until more bytes may be read.
    ///
    /// - Parameter mayStop: asked several times a second; true ends the wait.
    func wait(for count: Int, unless mayStop: () -> Bool) {
        let now = monotonicSeconds()
        let due = state.with { state -> Double? in
            state.bytes += count
            if now - state.measuredAt >= Self.window { Self.measure(&state, now) }
            guard let limit = [rate, state.left].compactMap(\.self).min() else { return nil }
            let due = max(state.paid, now)
            state.paid = due + Double(count) / limit
            return due
        }
        guard let due else { return }
        while !mayStop() {
            let left = due - monotonicSeconds()
            guard left > 0 else { return }
            usleep(useconds_t(min(left, 0.2) * 1_000_000))
        }
    }

    private static func measure(_ state: inout State, _ now: Double) {
        let use = ProcessorUse.now()
        if let use, let before = state.measured {
            let (own, others) = use.average(since: before)
            let bytesPerSecond = Double(state.bytes) / (now - state.measuredAt)
            let left = rate(leftBy: others, of: ProcessorUse.processors, own: own, bytesPerSecond: bytesPerSecond)
            state.left = pace(after: state.left, left, bytesPerSecond: bytesPerSecond)
        }
        (state.measured, state.measuredAt, state.bytes) = (use, now, 0)
    }

    /// The limit after a measurement: it falls at once, and rises little by little.
    ///
    /// - Parameters:
    ///   - before: the limit until now, nil for none.
    ///   - measured: the limit by the measurement, nil for none.
    static func pace(after before: Double?, _ measured: Double?, bytesPerSecond: Double) -> Double? {
        guard let before else { return measured }
        let risen = max(before, leastRate) * rise
        if let measured { return min(measured, risen) }
        // Where the limit is not what holds the reading back, there is none.
        return risen > bytesPerSecond * enough ? nil : risen
    }

    /// The bytes a second for which half of the processors suffice that others leave idle.
    ///
    /// - Parameters:
    ///   - others: processors that others use.
    ///   - own: processors that this process uses for `bytesPerSecond`.
    /// - Returns: nil where others need so little that there is no limit.
    static func rate(leftBy others: Double, of processors: Double, own: Double, bytesPerSecond: Double) -> Double? {
        guard others > idle * processors else { return nil }
        let share = max(least * processors, (processors - others) / 2)
        return max(leastRate, bytesPerSecond / max(own, 0.001) * share)
    }
}
