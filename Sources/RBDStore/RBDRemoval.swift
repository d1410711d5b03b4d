internal import Glibc

extension RBDPool {
    /// The key of the metadata by which an image is its upload's; it goes when the upload is confirmed. Its value is the upload's token.
    static let mark = "vitrine.upload"

    /// Removes an image with its snapshot. An image with further snapshots, or with clones of the second version, goes to the pool's trash,
    /// where it stays as long as they need it. Interrupted, it can be called again.
    ///
    /// - Parameters:
    ///   - id: of the image that is meant; another one that has its name now is not removed.
    ///   - snapshot: the snapshot's name; nil if the location names none.
    /// - Throws: EBUSY when others write to the image, or when there are clones of its snapshot.
    ///
    /// Source: glance_store, `_drivers/rbd.py`, `_delete_image`.
    func remove(_ name: String, id: String, snapshot: String?, _ progress: CallProgress) throws(CephError) {
        if let image = try open(id: id, isReadOnly: false) {
            defer { image.close() }
            // First, so that nothing is changed of an image that is in use.
            guard try image.watchers() <= 1 else { throw CephError(code: EBUSY, doing: "removing an image that is open elsewhere") }
            if let snapshot { try needingLock(EROFS) { () throws(CephError) in try image.removeSnapshot(snapshot) } }
        }
        guard try imageID(name) == id else { return }
        do throws(CephError) {
            try needingLock(EBUSY) { () throws(CephError) in try remove(name, progress) }
        } catch {
            guard error.code == ENOTEMPTY, try imageID(name) == id else { throw error }
            try trash(name)
        }
        // A name that a dead process left without an image.
        try removeName(name, of: id)
    }

    /// Makes a call that needs the lock of an image which nobody else has open. If that is held, it is by this very connection, when the image
    /// could not be closed in time. A connection cannot fence itself; the next one can.
    ///
    /// - Parameter refusal: what the call says if it does not get the lock.
    private func needingLock(_ refusal: CInt, _ call: () throws(CephError) -> Void) throws(CephError) {
        do throws(CephError) { try call() } catch {
            if error.code == refusal { cluster.lose(connection) }
            throw error
        }
    }

    /// Removes what an upload left: its unfinished image, and what has the image's name if it is that upload's and not confirmed.
    ///
    /// - Parameter mayBeCommitted: whether to look at the final name.
    /// - Throws: EBUSY while the writer lives in another process.
    func discard(_ unfinished: UnfinishedName, mayBeCommitted: Bool, _ progress: CallProgress) throws(CephError) {
        let snapshot = RBDLocation.snapshotName
        if let id = try imageID(unfinished.text) {
            try remove(unfinished.text, id: id, snapshot: snapshot, progress)
            // A process that died while it renamed the image left both names.
            if try imageID(unfinished.image) == id { try remove(unfinished.image, id: id, snapshot: snapshot, progress) }
            return
        }
        guard mayBeCommitted, let id = try imageID(unfinished.image), let image = try open(id: id, isReadOnly: true) else { return }
        let mark = try image.metadata(Self.mark)
        image.close()
        if mark == unfinished.token { try remove(unfinished.image, id: id, snapshot: snapshot, progress) }
    }
}
