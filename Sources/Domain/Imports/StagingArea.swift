/// Where images' bytes wait for their import: files in one folder, called by their images' ids, as Glance has them.
package struct StagingArea: Sendable {
    private let store: any ListedStore
    /// Without a slash at its end.
    private let folder: String

    /// - Parameter store: keeps its files in that folder.
    package init(_ store: any ListedStore, folder: String) { (self.store, self.folder) = (store, folder) }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any PendingBytes {
        try store.begin(id, token: token, announcing: size)
    }

    /// - Throws: `.notFound` when nothing is staged.
    package func bytes(of image: ImageID) throws(Fault) -> StoredBytes { try store.bytes(at: url(of: image)) }

    /// Removes what is staged, if anything is.
    package func remove(_ image: ImageID) throws(Fault) { try store.remove(url(of: image)) }

    /// Removes an upload's unfinished bytes, and those that it had staged.
    package func discard(_ upload: Upload) throws(Fault) { try store.discard(upload) }
    package func discardPending(_ upload: Upload) throws(Fault) { try store.discardPending(upload) }
    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try store.pendingUploads(olderThan: seconds) }

    /// Images that something is staged for, and was for some seconds.
    package func images(olderThan seconds: Int) throws(Fault) -> [ImageID] {
        try store.names(olderThan: seconds).map { ImageID($0) }.filter(\.isUUID)
    }

    private func url(of image: ImageID) -> String { "file://\(folder)/\(image)" }
}
