/// Keeps one slow part of what the service stands on (a store, another service) from taking all threads: so many may wait for it, and no more.
///
/// While the part is quick, a caller who finds its share of threads used up waits for a moment. While it is slow nobody does: whoever comes
/// then is refused at once, so that requests that do not need the part still find threads.
package final class Bulkhead: Sendable {
    private let share: Int
    private let state = Monitor(State())

    private struct State {
        var number = 0
        /// When each of the calls that are under way began.
        var calls: [Int: Double] = [:]
        /// The same of those that nobody may refuse.
        var notes: [Int: Double] = [:]
        /// Seconds that the call took that ended last.
        var lastTook = 0.0
    }

    /// Seconds from which on a call is a slow one.
    private let slow: Double

    /// - Parameters:
    ///   - share: of threads, one at least.
    ///   - slow: seconds from which on a call is slow; nobody waits longer.
    package init(share: Int, slow: Double = 1) { (self.share, self.slow) = (max(1, share), slow) }

    /// Does something that is short while all is well: asks, opens, removes. Not again within itself.
    ///
    /// - Throws: `refusal` when the share is used up, without having done it.
    package func run<Value, Failure: Error>(
        orElse refusal: @autoclosure () -> Failure, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard let number = enter() else { throw refusal() }
        defer { leave(number) }
        return try body()
    }

    /// A place in the bulkhead for something that is not one call: whoever has it gives it up by letting go of it.
    ///
    /// - Returns: nil when the share is used up.
    package func place() -> Place? { enter().map { Place(self, $0) } }

    package final class Place: Sendable {
        private let bulkhead: Bulkhead
        private let number: Int

        fileprivate init(_ bulkhead: Bulkhead, _ number: Int) { (self.bulkhead, self.number) = (bulkhead, number) }
        deinit { bulkhead.leave(number) }
    }

    /// Does a piece of something that must not be broken off half-way. It is never refused, and takes of the share while it is slow.
    package func note<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        let began = monotonicSeconds()
        let number = state.with { state in
            state.number += 1
            state.notes[state.number] = began
            return state.number
        }
        defer { state.with { $0.notes[number] = nil } }
        return try body()
    }

    private func enter() -> Int? {
        func find(_ state: inout State) -> Int? {
            let now = monotonicSeconds()
            guard state.calls.count + state.notes.count(where: { now - $0.value > slow }) < share else { return nil }
            state.number += 1
            state.calls[state.number] = now
            return state.number
        }
        let (found, patience) = state.with { state -> (Int?, Double) in
            if let number = find(&state) { return (number, 0) }
            let oldest = state.calls.values.min() ?? -.infinity
            return (nil, state.lastTook > slow ? 0 : slow - (monotonicSeconds() - oldest))
        }
        guard found == nil, patience > 0 else { return found }
        return state.wait(atMost: patience) { find(&$0) }
    }

    fileprivate func leave(_ number: Int) {
        state.with { state in
            guard let began = state.calls.removeValue(forKey: number) else { return }
            state.lastTook = monotonicSeconds() - began
        }
    }
}

extension Bulkhead? {
    /// The same; without a bulkhead nobody is refused.
    package func run<Value, Failure: Error>(
        orElse refusal: @autoclosure () -> Failure, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard let self else { return try body() }
        return try self.run(orElse: refusal(), body)
    }
}
