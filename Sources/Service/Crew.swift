internal import Domain
internal import Logging
internal import Threading

/// Threads of `glance-tasks` that do pieces of work of one kind, each one at a time, until the process ends.
final class Crew: Ending {
    /// Does one piece.
    ///
    /// - Returns: false when none was waiting.
    typealias Work = @Sendable () throws(Fault) -> Bool

    private let purpose: String
    private let makeWork: @Sendable (@escaping @Sendable () -> Bool) throws -> Work
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var running = 0
    }

    /// Seconds. Where all starts at once, the database needs a moment.
    private static let firstPause = 1.0
    /// Seconds between two looks for a piece that waits, by whichever thread, and while the database is away.
    private static let pause = 0.25
    private static let longPause = 5.0

    /// - Parameters:
    ///   - purpose: what it is, for the log: "cannot …".
    ///   - makeWork: given what tells whether the process is about to end.
    init(_ purpose: String, _ logger: Logger, _ makeWork: @escaping @Sendable (@escaping @Sendable () -> Bool) throws -> Work) {
        (self.purpose, self.logger, self.makeWork) = (purpose, logger, makeWork)
    }

    func start(_ count: Int) throws {
        let work = try makeWork { self.state.with { $0.isEnding } }
        state.with { $0.running += count }
        for place in 0..<count {
            try Thread.start {
                self.go(work, first: Self.firstPause + Double(place) * Self.pause, rest: Double(count) * Self.pause)
                self.state.with { $0.running -= 1 }
            }
        }
    }

    /// Begins nothing new, and leaves what is half-way to others.
    func end() { state.with { $0.isEnding = true } }

    func hasEnded(within seconds: Double) -> Bool { state.wait(atMost: seconds) { $0.running == 0 ? () : nil } != nil }

    private func go(_ work: Work, first: Double, rest: Double) {
        var pause = first
        while state.wait(atMost: pause, for: { $0.isEnding ? () : nil }) == nil {
            pause = rest
            do throws(Fault) {
                if try work() { pause = 0 }
            } catch {
                logger.error("cannot \(purpose): \(error)")
                pause = Self.longPause
            }
        }
    }
}
