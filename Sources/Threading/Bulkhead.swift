/// Limits how many threads may wait for one slow dependency (a store, another service), so that it cannot occupy all threads.
///
/// While the dependency is fast, a caller who finds the share in use waits a moment. While it is slow, such a caller is refused at once,
/// so that requests that do not need the dependency still find threads.
package final class Bulkhead: Sendable {
    private let share: Int
    private let state = Monitor(State())

    private struct State {
        var number = 0
        /// When each running call began.
        var calls: [Int: Double] = [:]
        /// When each running call of `note` began, which cannot be refused.
        var notes: [Int: Double] = [:]
        /// Seconds that the last finished call took.
        var lastTook = 0.0
    }

    /// Seconds from which on a call counts as slow.
    private let slow: Double
    private let refused: @Sendable () -> Void

    /// - Parameters:
    ///   - share: the number of threads, at least one.
    ///   - slow: seconds from which on a call counts as slow; no caller waits longer.
    ///   - refused: called for each call that is refused.
    package init(share: Int, slow: Double = 1, refused: @escaping @Sendable () -> Void = {}) {
        (self.share, self.slow, self.refused) = (max(1, share), slow, refused)
    }

    /// Makes a call that is short if the dependency works: a request, an open, a removal. Calls must not be nested.
    ///
    /// - Throws: `refusal` if the share is in use; the call is not made then.
    package func run<Value, Failure: Error>(
        orElse refusal: @autoclosure () -> Failure, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard let number = enter() else { throw refusal() }
        defer { leave(number) }
        return try body()
    }

    /// A place in the share for work that is more than one call. It ends when the returned object is deallocated.
    ///
    /// - Returns: nil if the share is in use.
    package func place() -> Place? { enter().map { Place(self, $0) } }

    /// A part of the share, in use as long as the object lives.
    package final class Place: Sendable {
        private let bulkhead: Bulkhead
        private let number: Int

        fileprivate init(_ bulkhead: Bulkhead, _ number: Int) { (self.bulkhead, self.number) = (bulkhead, number) }
        deinit { bulkhead.leave(number) }
    }

    /// Makes one call of work that must not stop half-way. It is never refused, and counts against the share while it is slow.
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
        let number = findPlace()
        if number == nil { refused() }
        return number
    }

    private func findPlace() -> Int? {
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
    /// The same for an optional bulkhead: without one, no call is refused.
    package func run<Value, Failure: Error>(
        orElse refusal: @autoclosure () -> Failure, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard let self else { return try body() }
        return try self.run(orElse: refusal(), body)
    }

    /// The same for an optional bulkhead: without one, nothing is counted.
    package func note<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        guard let self else { return try body() }
        return try self.note(body)
    }
}
