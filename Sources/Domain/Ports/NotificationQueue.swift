/// The notifications that wait to be sent, in the order in which they were written.
package protocol NotificationQueue: Sendable {
    /// The oldest; a few MiB of them at most, and one at the least where there is any.
    func waitingNotifications(atMost count: Int) throws(Fault) -> [OutgoingNotification]

    /// They are sent.
    func complete(_ notifications: [OutgoingNotification]) throws(Fault)

    /// Drops the oldest.
    ///
    /// - Returns: how many.
    func dropNotifications(keeping count: Int) throws(Fault) -> Int
}

/// Work that one process at a time does.
package protocol TurnKeeper: Sendable {
    /// Takes a turn, or holds it longer.
    ///
    /// - Returns: false while somebody else has it.
    func takeTurn(_ work: String, by worker: String, seconds: Int) throws(Fault) -> Bool

    /// Leaves it to others at once.
    func leaveTurn(_ work: String, by worker: String) throws(Fault)
}

/// What becomes of the bytes that were sent to clients.
package protocol SentBytesCatalog: TurnKeeper {
    /// How far the log was read; nil before its first line.
    func position(in log: String) throws(Fault) -> String?

    /// Notes what was read and how far, both or neither.
    ///
    /// - Throws: `.conflict` when the log is not this worker's to read any more.
    func record(_ sent: [SentBytes], from log: String, by worker: String, upTo position: String) throws(Fault)
}

/// A way by which notifications go out.
package protocol NotificationSender: AnyObject {
    /// Sends them in their order, and returns when whoever takes them says so.
    ///
    /// - Throws: `.unavailable`; then some of them may have gone out.
    func send(_ notifications: [OutgoingNotification]) throws(Fault)
}
