/// Notifications that wait to be sent, in the order in which they were written, and what was read of the log of sent bytes.
///
/// For the one process that holds the leader lease: the outbox relay and the reader of the log. Every method throws `.unavailable` when the
/// records cannot be asked or are too busy; other kinds are named with each.
package protocol NotificationCatalog: LeaderLeaseCatalog {
    // MARK: For the outbox relay

    /// Reads the oldest; a few MiB of them at most, and one at the least where there is any.
    func waitingNotifications(atMost count: Int) throws(Fault) -> [OutgoingNotification]

    /// Notes that they are sent. Safe to repeat.
    func complete(_ notifications: [OutgoingNotification]) throws(Fault)

    /// Drops the oldest.
    ///
    /// - Returns: how many.
    func dropNotifications(keeping count: Int) throws(Fault) -> Int

    // MARK: For the reader of the log of sent bytes

    /// Tells how far the log was read; nil before its first line.
    func position(in log: String) throws(Fault) -> String?

    /// Notes what was read and how far, both or neither.
    ///
    /// - Throws: `.conflict` when the log is not this worker's to read any more.
    func record(_ sent: [SentBytes], from log: String, by worker: String, upTo position: String) throws(Fault)
}

/// Leader leases: one process at a time does a kind of work.
package protocol LeaderLeaseCatalog: Sendable {
    /// Acquires the leader lease of some work, or renews it.
    ///
    /// - Returns: false while another process holds it.
    func acquireLeaderLease(_ work: String, by worker: String, seconds: Int) throws(Fault) -> Bool

    /// Releases the lease, so that another process can acquire it at once.
    func releaseLeaderLease(_ work: String, by worker: String) throws(Fault)
}

/// A way by which notifications go out.
package protocol NotificationSender: AnyObject {
    /// Sends them in their order, and returns when whoever takes them says so.
    ///
    /// - Throws: `.unavailable`; then some of them may have gone out.
    func send(_ notifications: [OutgoingNotification]) throws(Fault)
}
