/// The kinds of work that wait for `glance-tasks`, as one statement found them.
package struct WaitingWork: OptionSet, Sendable {
    /// The bits of the set.
    package let rawValue: Int

    /// Makes a set of its bits.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Jobs that this node may claim and no worker holds.
    package static let jobs = WaitingWork(rawValue: 1 << 0)
    /// Copies of V1 that no worker makes.
    package static let copies = WaitingWork(rawValue: 1 << 1)
    /// Removals that their own process did not carry out.
    package static let removals = WaitingWork(rawValue: 1 << 2)
    /// Notifications that are not sent.
    package static let notifications = WaitingWork(rawValue: 1 << 3)
    /// Uploads whose lease has expired.
    package static let abandonedUploads = WaitingWork(rawValue: 1 << 4)
    /// Leases of uploads or jobs; their workers may be dead.
    package static let heldLeases = WaitingWork(rawValue: 1 << 5)
    /// Jobs that wait for another node.
    package static let awaitedNodes = WaitingWork(rawValue: 1 << 6)

    /// Everything, for a caller who has not looked.
    package static let unknown: WaitingWork = [
        .jobs, .copies, .removals, .notifications, .abandonedUploads, .heldLeases, .awaitedNodes,
    ]
}

/// The records of waiting work, for the scheduler of `glance-tasks`.
package protocol WaitingWorkCatalog: Sendable {
    /// Looks at all queues with one statement.
    ///
    /// - Parameters:
    ///   - site: as for `JobCatalog.claim`.
    ///   - patience: as for `JobCatalog.claim`.
    /// - Throws: `.unavailable` when the records cannot be read now.
    func waitingWork(at site: JobSite, patience: Int) throws(Fault) -> WaitingWork
}
