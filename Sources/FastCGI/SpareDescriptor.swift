internal import Glibc
internal import Synchronization

/// A file descriptor that each process keeps, so that a request can be taken and refused when no other is left: what waits in the socket's queue
/// would wait for as long as the web server lets it.
final class SpareDescriptor: Sendable {
    private let state: Mutex<State>

    private struct State: Sendable {
        /// -1 while it is given away, or could not be had again.
        var descriptor: CInt
        var isGiven = false
    }

    static let shared = SpareDescriptor()

    private init() { state = Mutex(State(descriptor: Self.open())) }

    /// Opens it: early, so that its number is below whatever limit comes.
    static func keep() { _ = shared }

    /// Frees its place for whatever the caller opens next.
    ///
    /// - Returns: false where another thread has it, or it is lost for now.
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

    /// After `give`, once what was opened is closed again.
    func takeBack() {
        state.withLock { $0 = State(descriptor: Self.open()) }
    }

    private static func open() -> CInt { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
