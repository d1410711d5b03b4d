internal import Domain
internal import Logging
internal import Operations
internal import Threading

/// Work that is done a little at a time, by one thread.
protocol Work: Sendable {
    /// What it is, for the log: "cannot …".
    var purpose: String { get }

    /// - Returns: seconds until there is a reason to go on.
    func doSome() throws(Fault) -> Double

    /// The process ends.
    func leave()
}

/// A thread of `glance-tasks` that goes on with some work until the process ends.
final class Rounds: Sendable {
    private let work: any Work
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var isRunning = false
    }

    /// Seconds. Where all starts at once, the database needs a moment.
    private static let firstPause = 1.0
    /// While the database is away.
    private static let longPause = 5.0

    init(_ work: any Work, _ logger: Logger) {
        self.work = work
        self.logger = logger
    }

    func start() {
        state.with { $0.isRunning = true }
        _ = Thread.start {
            var rest = Self.firstPause
            while self.state.wait(atMost: rest, for: { $0.isEnding ? () : nil }) == nil { rest = self.goOn() }
            self.work.leave()
            self.state.with { $0.isRunning = false }
        }
    }

    /// - Parameter patience: seconds to wait for what is being done.
    func end(patience: Double) {
        state.with { $0.isEnding = true }
        _ = state.wait(atMost: patience) { $0.isRunning ? nil : () }
    }

    private func goOn() -> Double {
        do throws(Fault) {
            return try work.doSome()
        } catch {
            logger.error("cannot \(work.purpose): \(error)")
            return Self.longPause
        }
    }
}

extension Courier: Work {
    var purpose: String { "look after notifications" }
}

extension SendLog: Work {
    var purpose: String { "look after what was sent" }
}

/// Removes bytes that are owed, and looks now and then whether there are any.
struct Removing: Work {
    let remover: Remover

    var purpose: String { "look after removals" }
    /// Seconds.
    private static let pause = 10.0

    func doSome() throws(Fault) -> Double { try remover.removeSome() ? 0 : Self.pause }

    func leave() {}
}

/// Looks now and then for images whose deletion was put off.
struct Scrubbing: Work {
    let scrubber: Scrubber
    /// Seconds.
    let pause: Double

    var purpose: String { "look after deletions" }

    func doSome() throws(Fault) -> Double {
        try scrubber.scrub()
        return pause
    }

    func leave() {}
}
