/// What clears up: abandoned uploads, removals that are owed, tasks whose time is over, deleted images and rows.
///
/// For `glance-tasks` and the operator's tools alone; no request of a client comes here. What several do at once is done once: leases are
/// taken by conditional changes, and a second call finds nothing to do. Every method throws `.unavailable` when the records cannot be
/// asked or are too busy; other kinds are named with each.
package protocol MaintenanceCatalog: UploadCatalog {
    // MARK: Uploads, for the sweeper

    /// Reads uploads whose lease ended: whoever held them is gone.
    func expired(atMost count: Int) throws(Fault) -> [Upload]

    /// Takes over an upload whose lease ended, so that nobody else does, and whoever had it cannot end it any more: it has another
    /// token from now on.
    ///
    /// - Returns: the upload under its new token; nil when it is held, or ended.
    func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload?

    /// Reads, of unfinished bytes, the tokens of those that belong to an upload or a job that has a lease, ended or not.
    func known(among uploads: [Upload]) throws(Fault) -> Set<String>

    /// Reads which of these images may have staged bytes.
    func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID>

    // MARK: Leases and nodes, for the sweeper

    /// Reads the names of all processes that hold a lease.
    func leaseholders() throws(Fault) -> [String]

    /// Ends the leases of processes that are not there any more, so that nobody waits for them.
    func endLeases(of workers: [String]) throws(Fault)

    /// Notes that a node is there, which does what waits for it.
    func note(node: String) throws(Fault)

    /// Tells those who look at tasks for which node they wait.
    func tellWhoIsAwaited() throws(Fault)

    // MARK: Tasks, for the sweeper

    /// Takes away tasks whose time is over.
    func expireTasks() throws(Fault)

    /// Ends tasks that another image service of this database left half-way long ago, and gives their images back.
    func endForeignTasks() throws(Fault)

    /// Forgets which transactions were committed, where nobody asks any more. Also for the purger.
    func forgetCommits() throws(Fault)

    // MARK: Removals, for the remover

    /// Reads removals that nobody has completed for a while, so whoever should have is gone: first what was never tried again, the
    /// oldest first, then what was postponed.
    func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval]

    /// Notes that the bytes of all these are gone. Safe to repeat.
    func complete(_ removals: [OwedRemoval]) throws(Fault)

    /// Puts off removals that could not be carried out now, so that they are not overdue for a while.
    ///
    /// - Parameter haveFailed: each failure of a removal makes the while longer, up to ten minutes; what was not even tried waits half a
    ///   minute.
    func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault)

    // MARK: Images that are deleted and can still be restored, for the scrubber

    /// Counts images that were deleted some seconds ago or before, and their bytes.
    func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64)

    /// Reads the same one by one, in the order of their ids.
    ///
    /// - Parameter last: those behind this one.
    func pendingDeletions(olderThan seconds: Int, after last: ImageID?, atMost count: Int) throws(Fault) -> [PendingDeletion]

    /// Ends the time in which an image can be restored: from now on its bytes are owed.
    ///
    /// - Returns: nothing for an image that somebody else has scrubbed or restored meanwhile.
    func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval]

    /// Brings back an image with all that it had: properties, tags, members and locations.
    ///
    /// - Throws: `.notFound` for an image that is not pending.
    func restore(_ id: ImageID) throws(Fault)

    // MARK: Rows that nobody sees any more, for the purger

    /// Reads the moment some days ago.
    func moment(daysAgo days: Int) throws(Fault) -> Timestamp

    /// Counts the rows that were deleted before a moment: some of them may have to stay.
    func deletedRows(of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int

    /// Reads deleted rows, also those that may not go, in the order of their keys.
    ///
    /// - Parameters:
    ///   - limit: only what was deleted before may go.
    ///   - last: rows behind this one; nil for the first.
    func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int
    ) throws(Fault) -> [DeletedRow]

    /// Removes some rows, all at once, with what hangs on them alone.
    ///
    /// - Returns: how many were there.
    func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int

    // MARK: Folders that the programs of one machine share, for `glance-tasks` at its start

    /// Reads the mark of a shared folder.
    ///
    /// - Parameter name: names the machine and the folder.
    /// - Returns: nil while none is recorded.
    func mark(ofSharedFolder name: String) throws(Fault) -> String?

    /// Records the mark that the folder has now, in place of any other.
    func record(mark: String, ofSharedFolder name: String) throws(Fault)
}
