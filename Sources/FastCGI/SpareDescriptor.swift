internal import Glibc
internal import Synchronization

/// A file descriptor that the process keeps open, so that it can still accept and refuse a request when it has no other left.
/// Otherwise requests would wait in the socket's queue until the web server's timeout.
final class SpareDescriptor: Sendable {
    private let state: Mutex<State>

    private struct State: Sendable {
        /// -1 while it is closed to make room, or could not be opened again.
        var descriptor: CInt
        var isGiven = false
    }

    static let shared = SpareDescriptor()

    private init() { state = Mutex(State(descriptor: Self.open())) }

    /// Opens the descriptor. At the start of the process, its number is below any later limit.
    static func keep() { _ = shared }

    /// Closes the descriptor, so that the caller's next call gets its place.
    ///
    /// - Returns: false if another thread uses the place, or the descriptor could not be opened again.
    func give() -> Bool {
        state.withLock { state in
            guard !state.isGiven else { return false }
            if state.descriptor < 0 { state.descriptor = Self.open() }
            guard state.descriptor >= 0 else { return false }
            close(state.descriptor)
            (state.descriptor, state.isGiven) = (-1, true)
            return true
        }
    }

    /// Opens the descriptor again, after the caller has closed the one in its place.
    func takeBack() {
        state.withLock { $0 = State(descriptor: Self.open()) }
    }

    private static func open() -> CInt { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
