package import Domain
internal import MariaDB

extension MariaDBCatalog: WaitingWorkCatalog {
    package func waitingWork(at site: JobSite, patience: Int) throws(Fault) -> WaitingWork {
        try database.read("Looking for work") { connection in
            try connection.first(
                Self.look, .text(site.staging ?? ""), .text(site.node ?? ""), .int(Int64(patience)), .int(Int64(patience))) ?? []
        }
    }

    /// Each part reads an index up to the first row that counts. The conditions are those of the statements that take the work.
    private static let look = Query(
        """
        SELECT EXISTS(SELECT 1 FROM vitrine_jobs j WHERE \(isWaitingJob)),
               EXISTS(SELECT 1 FROM vitrine_copies c LEFT JOIN images i ON i.id = c.image_id WHERE \(isWaitingCopy)),
               EXISTS(SELECT 1 FROM vitrine_removals r WHERE \(isOverdue)),
               EXISTS(SELECT 1 FROM vitrine_notifications),
               EXISTS(SELECT 1 FROM vitrine_uploads WHERE lease_until < UTC_TIMESTAMP(6)),
               EXISTS(SELECT 1 FROM vitrine_uploads WHERE lease_until > UTC_TIMESTAMP(6))
                   OR EXISTS(SELECT 1 FROM vitrine_jobs WHERE lease_until > UTC_TIMESTAMP(6)),
               EXISTS(SELECT 1 FROM vitrine_jobs j WHERE \(awaitsNode))
        """
    ) { row throws(MariaDBError) in
        let parts: [WaitingWork] = [.jobs, .copies, .removals, .notifications, .abandonedUploads, .heldLeases, .awaitedNodes]
        var found: WaitingWork = []
        for (column, part) in parts.enumerated() where try row.int(column) != 0 { found.insert(part) }
        return found
    }

    /// A job (`j`) that a worker may do. Its placeholders: the mark of the staging folder that it sees, its node, and twice how long others
    /// wait for theirs. A worker that sees the right folder may do the job, whichever node has ordered it.
    static let isWaitingJob = """
        j.lease_until < UTC_TIMESTAMP(6)
                      AND (j.staged_in = ? OR j.staged_in IS NULL AND (j.node IS NULL OR j.node = ?)
                           OR j.lease_until < UTC_TIMESTAMP(6) - INTERVAL ? SECOND
                              AND NOT EXISTS (SELECT 1 FROM vitrine_nodes n
                                               WHERE n.node = COALESCE(j.staged_in, j.node)
                                                 AND n.seen_at > UTC_TIMESTAMP(6) - INTERVAL ? SECOND))
        """

    /// A copy (`c`, of the image `i`) that nobody makes.
    static let isWaitingCopy = "i.id IS NULL OR i.deleted = 1 OR i.status <> 'saving'"

    /// A removal (`r`) that nobody carried out.
    static let isOverdue = "r.next_try <= UTC_TIMESTAMP(6) AND r.owed_since < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND"

    /// A job (`j`) that waits for a node. One that is there takes its jobs within a second or two, unless it has many.
    static let awaitsNode = "(j.node IS NOT NULL OR j.staged_in IS NOT NULL) AND j.lease_until < UTC_TIMESTAMP(6) - INTERVAL 5 SECOND"
}
