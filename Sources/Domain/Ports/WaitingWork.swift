/// What there is for `glance-tasks` to do, as one look found it.
package struct WaitingWork: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Jobs that this node may do and nobody does.
    package static let jobs = WaitingWork(rawValue: 1 << 0)
    /// V1's copies that nobody makes.
    package static let copies = WaitingWork(rawValue: 1 << 1)
    /// Removals that whoever owed them did not carry out.
    package static let removals = WaitingWork(rawValue: 1 << 2)
    package static let notifications = WaitingWork(rawValue: 1 << 3)
    /// Uploads whose lease ended.
    package static let abandonedUploads = WaitingWork(rawValue: 1 << 4)
    /// Somebody holds an upload or a job, and may be dead.
    package static let heldLeases = WaitingWork(rawValue: 1 << 5)
    /// Jobs that wait for a node.
    package static let awaitedNodes = WaitingWork(rawValue: 1 << 6)

    /// Of whoever did not look.
    package static let unknown: WaitingWork = [
        .jobs, .copies, .removals, .notifications, .abandonedUploads, .heldLeases, .awaitedNodes,
    ]
}

/// The records as the scheduler of `glance-tasks` asks them.
package protocol WaitingWorkCatalog: Sendable {
    /// Looks at all queues at once, by one statement.
    ///
    /// - Parameters:
    ///   - node: as for `JobBacklog.claim`.
    ///   - patience: likewise.
    /// - Throws: `.unavailable` when the records cannot be asked.
    func waitingWork(on node: String?, patience: Int) throws(Fault) -> WaitingWork
}
