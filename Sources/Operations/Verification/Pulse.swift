internal import Threading

/// The signs of life of a thread that waits for a store, and the wish that it ends.
///
/// A thread in a call that does not return can be given up only: its pulse stops, and nothing is taken from it any more.
final class Pulse: Sendable {
    private struct State {
        var beatAt = monotonicSeconds()
        var store = ""
        var bytes: Int64 = 0
        var isEnding = false
    }

    private let state = Monitor(State())

    /// Reports progress.
    func beat(_ bytes: Int64 = 0) {
        state.with { state in
            state.beatAt = monotonicSeconds()
            state.bytes += bytes
        }
    }

    /// Reports that a store is about to be asked.
    func enter(_ store: String) {
        state.with { state in
            state.beatAt = monotonicSeconds()
            state.store = store
        }
    }

    /// The store that was asked last.
    var store: String { state.with { $0.store } }
    /// Seconds since the last progress.
    var silence: Double { monotonicSeconds() - state.with { $0.beatAt } }
    /// The bytes since the last call.
    func takeBytes() -> Int64 {
        state.with { state in
            defer { state.bytes = 0 }
            return state.bytes
        }
    }

    /// Whether the thread is to end at the next opportunity.
    var isEnding: Bool { state.with { $0.isEnding } }
    func end() { state.with { $0.isEnding = true } }
}
