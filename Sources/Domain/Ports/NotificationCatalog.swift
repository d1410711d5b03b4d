/// The queue of notifications that wait to be sent, in the order in which they were written, and the read position in the log of sent
/// bytes.
///
/// It is for the one process that holds the leader lease: the outbox relay and the reader of the log. Every method throws `.unavailable`
/// when the records cannot be read now or are overloaded; other kinds are named at each method.
package protocol NotificationCatalog: LeaderLeaseCatalog {
    // MARK: For the outbox relay

    /// Reads the oldest notifications: a few MiB at most, and at least one if any waits.
    func waitingNotifications(atMost count: Int) throws(Fault) -> [OutgoingNotification]

    /// Records that notifications are sent. The call may be repeated.
    func complete(_ notifications: [OutgoingNotification]) throws(Fault)

    /// Deletes the oldest notifications.
    ///
    /// - Parameter count: the number that stays.
    /// - Returns: the number that was deleted.
    func dropNotifications(keeping count: Int) throws(Fault) -> Int

    // MARK: For the reader of the log of sent bytes

    /// Reads the clock of the records, in seconds since 1970.
    func clock() throws(Fault) -> Double

    /// Reads the position up to which the log was read; nil before its first line.
    func position(in log: String) throws(Fault) -> String?

    /// Records notifications of sent bytes, their sums and the new position in the log, in one transaction.
    ///
    /// - Parameters:
    ///   - sent: the bytes of which notifications are made, unless there are no notifications.
    ///   - tally: the sums; empty when use is not recorded.
    /// - Throws: `.conflict` when another worker has acquired the log's leader lease.
    func record(_ sent: [SentBytes], adding tally: UseTally, from log: String, by worker: String, upTo position: String) throws(Fault)
}

/// The notifications that are kept as events.
package protocol EventCatalog: Sendable {
    /// Removes some of the events that are older than a number of days.
    ///
    /// - Returns: whether there may be more.
    /// - Throws: `.unavailable` when the records cannot be written now.
    func forgetEvents(olderThan days: Int) throws(Fault) -> Bool
}

/// Leader leases, under which one process at a time does a kind of work.
package protocol LeaderLeaseCatalog: Sendable {
    /// Acquires the leader lease of some work, or renews it.
    ///
    /// - Returns: false while another process holds it.
    func acquireLeaderLease(_ work: String, by worker: String, seconds: Int) throws(Fault) -> Bool

    /// Releases the lease, so that another process can acquire it at once.
    func releaseLeaderLease(_ work: String, by worker: String) throws(Fault)
}

/// A channel on which notifications are sent.
package protocol NotificationSender: AnyObject {
    /// Sends notifications in their order, and returns when the receiver has confirmed all of them.
    ///
    /// - Throws: `.unavailable`; some of them may have been sent then.
    func send(_ notifications: [OutgoingNotification]) throws(Fault)
}
