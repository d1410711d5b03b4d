package import Domain

/// The stores, of which the scheme of a location chooses one. New bytes go to the file store.
package struct StoreSet: ImageStore {
    private let files: FileStore
    private let http: HTTPStore?

    /// - Parameter http: nil where locations on web servers are not to be read.
    package init(files: FileStore, http: HTTPStore?) { (self.files, self.http) = (files, http) }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any PendingBytes {
        try files.begin(id, token: token, announcing: size)
    }

    package func discard(_ upload: Upload) throws(Fault) { try files.discard(upload) }
    package func discardPending(_ upload: Upload) throws(Fault) { try files.discardPending(upload) }
    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try files.pendingUploads(olderThan: seconds) }

    /// Of a location in no store of ours nothing is removed.
    package func remove(_ url: String) throws(Fault) { try store(of: url)?.remove(url) }

    package func bytes(at url: String) throws(Fault) -> StoredBytes {
        guard let store = store(of: url) else { throw Fault(.notFound, "The image's data is in no store that is enabled.") }
        return try store.bytes(at: url)
    }

    private func store(of url: String) -> (any ImageStore)? {
        switch url.prefix(while: { $0 != ":" }).lowercased() {
        case "file", "filesystem": files
        case "http", "https": http
        default: nil
        }
    }
}

/// Of the stores, those that images are written to.
extension StoreSet: HealthProbe {
    package var healthName: String { files.healthName }

    package func checkHealth() throws(Fault) { try files.checkHealth() }
}
