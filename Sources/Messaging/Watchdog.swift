internal import Glibc
internal import Threading

/// Cuts a connection when its deadline passes: librabbitmq waits without a limit for a broker that reads nothing.
final class Watchdog: Sendable {
    private let state: Monitor<State>

    private struct State {
        var deadline: Double?
        var isOver = false
    }

    init(over descriptor: CInt) throws(ThreadUnavailable) {
        state = Monitor(State())
        let state = state
        try Thread.start {
            while let deadline = state.wait(for: { $0.isOver ? .some(nil) : $0.deadline.map { .some($0) } }) as Double? {
                _ = state.wait(atMost: max(deadline - monotonicSeconds(), 0)) { $0.deadline == deadline && !$0.isOver ? nil : () }
                // Under the lock, so that the descriptor is still that of this connection.
                state.with { state in
                    guard state.deadline == deadline, !state.isOver, monotonicSeconds() >= deadline else { return }
                    shutdown(descriptor, CInt(SHUT_RDWR))
                    state.deadline = nil
                }
            }
        }
    }

    func allow(seconds: Double) { state.with { $0.deadline = monotonicSeconds() + seconds } }
    func disarm() { state.with { $0.deadline = nil } }
    func end() { state.with { $0.isOver = true } }
}
