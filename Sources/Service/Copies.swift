internal import Domain
internal import Logging
internal import Operations
internal import Threading

/// The threads of `glance-tasks` that make copies.
final class Copies: Sendable {
    private let makeCopier: @Sendable (@escaping @Sendable () -> Bool) throws -> Copier
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var isEnding = false
        var running = 0
    }

    /// Seconds between two looks for a copy that waits, and while the database is away.
    private static let pause = 0.5
    private static let longPause = 5.0

    /// - Parameter makeCopier: given what tells whether the process is about to end.
    init(_ logger: Logger, _ makeCopier: @escaping @Sendable (@escaping @Sendable () -> Bool) throws -> Copier) {
        self.makeCopier = makeCopier
        self.logger = logger
    }

    func start(_ count: Int) throws {
        let copier = try makeCopier { self.state.with { $0.isEnding } }
        state.with { $0.running += count }
        for _ in 0..<count {
            _ = Thread.start {
                self.work(copier)
                self.state.with { $0.running -= 1 }
            }
        }
    }

    /// Leaves what is half-way to others.
    ///
    /// - Parameter patience: seconds to wait for that.
    func end(patience: Double) {
        state.with { $0.isEnding = true }
        _ = state.wait(atMost: patience) { $0.running == 0 ? () : nil }
    }

    private func work(_ copier: Copier) {
        // Where all starts at once, the database needs a moment.
        var rest = 2.0
        while state.wait(atMost: rest, for: { $0.isEnding ? () : nil }) == nil {
            rest = Self.pause
            do throws(Fault) {
                if try copier.makeOne() { rest = 0 }
            } catch {
                logger.error("cannot look after copies: \(error)")
                rest = Self.longPause
            }
        }
    }
}
