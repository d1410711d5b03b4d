package import Domain
package import Logging
internal import Threading

/// Sends what waits to be sent. Many may run, in any number of processes: one has the turn, so that the order is kept.
///
/// What cannot be sent stays, and is tried again after pauses that grow. Used by one thread.
package final class OutboxRelay: @unchecked Sendable {
    private let queue: any NotificationCatalog
    private let senders: [any NotificationSender]
    private let worker: String
    /// Notifications that are kept while none can be sent.
    private let kept: Int
    /// Tries after which what cannot be sent is dropped; nil for never. Source: oslo.messaging, `retry`.
    private let tries: Int?
    private let logger: Logger

    /// Of a clock that only goes forward: until when the turn is ours for sure.
    private var turnEnds = -Double.infinity
    private var failures = 0
    private var pause = OutboxRelay.shortPause
    private var nextCount = -Double.infinity

    private static let turn = "notifications"
    /// Seconds of a turn, and what must be left of it to begin sending: more than that can last.
    private static let turnSeconds = 45
    private static let margin = 25.0
    private static let batch = 100
    private static let (shortPause, longPause) = (0.5, 30.0)
    /// Seconds between two looks at how many wait.
    private static let countPause = 10.0

    /// - Parameter senders: asked one after another; one that cannot fail comes last, as a failure repeats what went before.
    package init(
        queue: any NotificationCatalog, senders: [any NotificationSender], worker: String, kept: Int, tries: Int?, logger: Logger
    ) {
        self.queue = queue
        self.senders = senders
        self.worker = worker
        self.kept = kept
        self.tries = tries
        self.logger = logger
    }

    /// Sends some of what waits.
    ///
    /// - Returns: seconds until there is a reason to look again.
    /// - Throws: when the queue cannot be asked.
    package func doSome() throws(Fault) -> Double {
        let waiting = try queue.waitingNotifications(atMost: Self.batch)
        guard !waiting.isEmpty else { return Self.shortPause }
        guard monotonicSeconds() < turnEnds - Self.margin else {
            let asked = monotonicSeconds()
            guard try queue.takeTurn(Self.turn, by: worker, seconds: Self.turnSeconds) else { return Self.shortPause }
            turnEnds = asked + Double(Self.turnSeconds)
            // Whoever had it before may have sent these.
            return 0
        }
        do throws(Fault) {
            for sender in senders { try sender.send(waiting) }
        } catch {
            return try rest(after: error, waiting)
        }
        try queue.complete(waiting)
        if failures > 0 { logger.info("notifications are sent again") }
        (failures, pause) = (0, Self.shortPause)
        if waiting.count == Self.batch { try dropTooMany() }
        return 0
    }

    /// The process ends: somebody else need not wait for the turn.
    package func leave() {
        guard turnEnds > monotonicSeconds() else { return }
        do throws(Fault) {
            try queue.leaveTurn(Self.turn, by: worker)
        } catch {
            logger.warning("others wait until our turn at notifications ends: \(error)")
        }
    }

    private func rest(after fault: Fault, _ waiting: [OutgoingNotification]) throws(Fault) -> Double {
        failures += 1
        if failures == 1 { logger.error("notifications cannot be sent, and wait: \(fault)") }
        if let tries, failures >= tries {
            logger.error("\(waiting.count) notifications that could not be sent in \(tries) tries are dropped")
            try queue.complete(waiting)
            failures = 0
            return 0
        }
        try dropTooMany()
        defer { pause = min(pause * 2, Self.longPause) }
        return pause
    }

    private func dropTooMany() throws(Fault) {
        guard monotonicSeconds() >= nextCount else { return }
        let dropped = try queue.dropNotifications(keeping: kept)
        if dropped > 0 { logger.error("\(dropped) notifications, the oldest, are dropped: more than \(kept) wait") }
        nextCount = monotonicSeconds() + Self.countPause
    }
}
