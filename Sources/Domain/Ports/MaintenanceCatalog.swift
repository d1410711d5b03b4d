/// Maintenance of the records: abandoned uploads, owed removals, expired tasks, deleted images and rows.
///
/// It is for `glance-tasks`, the operator's tools and the records of shared folders of `glance-api`; no client request uses it. Several
/// processes may call it at once: leases are acquired by conditional changes, and a second call finds nothing to do. Every method throws
/// `.unavailable` when the records cannot be read now or are overloaded; other kinds are named at each method.
package protocol MaintenanceCatalog: UploadCatalog {
    // MARK: Uploads, for the sweeper

    /// Reads uploads whose lease has expired.
    func expired(atMost count: Int) throws(Fault) -> [Upload]

    /// Takes over an upload whose lease has expired. It gets a new token, so that no other process takes it over and its former worker
    /// cannot end it.
    ///
    /// - Returns: the upload with its new token; nil when its lease is held again, or it has ended.
    func takeOver(_ upload: Upload, as token: String, by worker: String) throws(Fault) -> Upload?

    /// Reads the tokens of those uploads that belong to an upload or a job with a lease, expired or not.
    func known(among uploads: [Upload]) throws(Fault) -> Set<String>

    /// Reads which of these images may have staged data.
    func waiting(among images: [ImageID]) throws(Fault) -> Set<ImageID>

    // MARK: Leases and nodes, for the sweeper

    /// Reads the names of all workers that hold a lease.
    func leaseholders() throws(Fault) -> [String]

    /// Ends the leases of workers that no longer run, so that nobody waits for their expiry.
    func endLeases(of workers: [String]) throws(Fault)

    /// Records that a worker of jobs is running there, so that others leave to it the jobs of its node and of its staging folder.
    func note(_ site: JobSite) throws(Fault)

    /// Writes into waiting tasks for which node they wait.
    func tellWhoIsAwaited() throws(Fault)

    // MARK: Tasks, for the sweeper

    /// Deletes tasks that have expired.
    func expireTasks() throws(Fault)

    /// Ends tasks that another image service left unfinished in this database long ago, and releases their images.
    func endForeignTasks() throws(Fault)

    /// Deletes records of committed transactions that nobody asks for any more. The purger uses it too.
    func forgetCommits() throws(Fault)

    // MARK: Removals, for the remover

    /// Reads removals that were not completed for a while, which means that their process is gone: first those that were never retried, the
    /// oldest first, then those that were postponed.
    func overdue(atMost count: Int) throws(Fault) -> [OwedRemoval]

    /// Records that these removals are done. The call may be repeated.
    func complete(_ removals: [OwedRemoval]) throws(Fault)

    /// Postpones removals that could not be carried out now.
    ///
    /// - Parameter haveFailed: each failure of a removal doubles its delay, from ten seconds up to ten minutes; a removal that was not
    ///   tried waits half a minute.
    func postpone(_ removals: [OwedRemoval], haveFailed: Bool) throws(Fault)

    // MARK: Images that are deleted and can still be restored, for the scrubber

    /// Counts the images that were deleted at least some seconds ago, and their bytes.
    func pendingDeletions(olderThan seconds: Int) throws(Fault) -> (images: Int, bytes: Int64)

    /// Reads these images, each once, however many were ended between two calls.
    ///
    /// - Parameter last: the image after which to begin, as a former call returned it; nil for the first.
    func pendingDeletions(olderThan seconds: Int, after last: PendingDeletion?, atMost count: Int) throws(Fault) -> [PendingDeletion]

    /// Ends the time in which an image can be restored and records the owed removal of its bytes.
    ///
    /// - Returns: no removals for an image that was scrubbed or restored meanwhile.
    func endDeletion(of id: ImageID) throws(Fault) -> [OwedRemoval]

    /// Restores an image with its properties, tags, members and locations.
    ///
    /// - Throws: `.notFound` for an image that is not pending deletion.
    func restore(_ id: ImageID) throws(Fault)

    // MARK: Deleted rows, for the purger

    /// Reads the time some days ago by the database's clock.
    func moment(daysAgo days: Int) throws(Fault) -> Timestamp

    /// Counts the rows that were deleted before a moment, including those that must stay.
    ///
    /// - Parameter most: where to end counting; nil for all.
    func deletedRows(of part: PurgePart, before limit: Timestamp, atMost most: Int?) throws(Fault) -> Int

    /// Reads deleted rows in the order of their keys, including those that must stay.
    ///
    /// - Parameters:
    ///   - limit: only rows that were deleted before this moment may be removed.
    ///   - last: the row after which to begin; nil for the first.
    func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, atMost count: Int
    ) throws(Fault) -> [DeletedRow]

    /// Reads the last key of the next deleted rows in the order of their keys.
    ///
    /// - Parameter last: the row after which to begin; nil for the first.
    /// - Returns: nil when there are none.
    func endOfDeletedRows(of part: PurgePart, after last: PurgeKey?, atMost count: Int) throws(Fault) -> PurgeKey?

    /// Reads those rows between two keys that were deleted before a moment.
    func deletedRows(
        of part: PurgePart, before limit: Timestamp, after last: PurgeKey?, through end: PurgeKey
    ) throws(Fault) -> [DeletedRow]

    /// Removes some rows and the rows that only they own, in one transaction.
    ///
    /// - Returns: the number of rows that existed.
    func purge(_ keys: [PurgeKey], of part: PurgePart, before limit: Timestamp) throws(Fault) -> Int

    // MARK: Folders that the programs of one machine share

    /// Reads the recorded mark of a shared folder.
    ///
    /// - Parameter name: names the machine and the folder.
    /// - Returns: nil while none is recorded.
    func mark(ofSharedFolder name: String) throws(Fault) -> String?

    /// Records the mark that the folder has now, in place of any other.
    func record(mark: String, ofSharedFolder name: String) throws(Fault)
}
