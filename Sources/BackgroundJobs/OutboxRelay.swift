package import Domain
package import Logging
internal import ServiceMetrics
internal import Threading

/// Sends the notifications that wait in the database. Many relays may run, in any number of processes: one holds the leader lease, so that
/// the order is kept.
///
/// Notifications that cannot be sent stay, and are retried after growing pauses. Used by one thread.
package final class OutboxRelay: @unchecked Sendable {
    private let queue: any NotificationCatalog
    private let senders: [any NotificationSender]
    private let lease: LeaderLease
    /// The number of notifications that are kept while none can be sent.
    private let kept: Int
    /// The number of attempts after which notifications are dropped; nil for never. Source: oslo.messaging, `retry`.
    private let tries: Int?
    private let logger: Logger

    private var failures = 0
    /// The seconds until the next attempt.
    private var pause = Timing.notificationRetry
    private var nextCount = -Double.infinity

    private static let batch = 100

    /// Makes a relay of its parts.
    ///
    /// - Parameter senders: called one after another. One that cannot fail comes last, since a failure repeats those before it.
    package init(
        queue: any NotificationCatalog, senders: [any NotificationSender], worker: String, kept: Int, tries: Int?, logger: Logger
    ) {
        self.queue = queue
        self.senders = senders
        lease = LeaderLease("notifications", of: "notifications", in: queue, by: worker, logger)
        self.kept = kept
        self.tries = tries
        self.logger = logger
    }

    /// Sends a batch of notifications.
    ///
    /// - Returns: the seconds until the next call; nil for as soon as notifications wait.
    /// - Throws: when the queue cannot be asked.
    fileprivate func sendSome() throws(Fault) -> Double? {
        let waiting = try queue.waitingNotifications(atMost: Self.batch)
        guard !waiting.isEmpty else { return nil }
        switch try lease.acquire() {
        case .held: break
        // The former holder may have sent these.
        case .acquired: return 0
        case .heldByAnother: return Timing.otherLeader
        }
        do throws(Fault) {
            for sender in senders { try sender.send(waiting) }
        } catch {
            return try rest(after: error, waiting)
        }
        ServiceMetrics.notifications.sent.add(Int64(waiting.count))
        try queue.complete(waiting)
        if failures > 0 { logger.info("notifications are sent again") }
        (failures, pause) = (0, Timing.notificationRetry)
        if waiting.count == Self.batch { try dropTooMany() }
        return 0
    }

    /// Releases the leader lease.
    package func end() { lease.release() }

    private func rest(after fault: Fault, _ waiting: [OutgoingNotification]) throws(Fault) -> Double {
        failures += 1
        ServiceMetrics.notifications.failures.add()
        if failures == 1 { logger.error("notifications cannot be sent, and wait: \(fault)") }
        if let tries, failures >= tries {
            logger.error("\(waiting.count) notifications that could not be sent in \(tries) tries are dropped")
            try queue.complete(waiting)
            ServiceMetrics.notifications.dropped.add(Int64(waiting.count))
            failures = 0
            return 0
        }
        try dropTooMany()
        defer { pause = min(pause * 2, Timing.longestNotificationRetry) }
        return pause
    }

    private func dropTooMany() throws(Fault) {
        guard monotonicSeconds() >= nextCount else { return }
        let dropped = try queue.dropNotifications(keeping: kept)
        ServiceMetrics.notifications.dropped.add(Int64(dropped))
        if dropped > 0 { logger.error("\(dropped) notifications, the oldest, are dropped: more than \(kept) wait") }
        nextCount = monotonicSeconds() + Timing.notificationCount
    }
}

extension OutboxRelay: PeriodicJob {
    /// The name of the work in the log.
    package var purpose: String { "look after notifications" }
    /// Notifications that are not sent.
    package var work: WaitingWork { .notifications }

    /// Sends a batch.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? { try sendSome() }
}
