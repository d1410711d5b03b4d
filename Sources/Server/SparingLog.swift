internal import Logging
internal import Threading

/// Logs an error that many threads meet many times a second: once a second at most, with the number of lines left out.
final class SparingLog: Sendable {
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        /// Seconds of the monotonic clock.
        var next = -Double.infinity
        var leftOut = 0
    }

    private static let pause = 1.0

    init(_ logger: Logger) { self.logger = logger }

    func report(_ message: String) {
        let leftOut = state.with { state -> Int? in
            let now = monotonicSeconds()
            guard now >= state.next else {
                state.leftOut += 1
                return nil
            }
            defer { (state.next, state.leftOut) = (now + Self.pause, 0) }
            return state.leftOut
        }
        guard let leftOut else { return }
        logger.error("\(message)\(leftOut == 0 ? "" : " (and \(leftOut) times more since the last such line)")")
    }
}
