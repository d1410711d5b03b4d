/// The staging area: a folder in which images' bytes wait for their import, in files named by image id, as in Glance.
package struct StagingArea: Sendable {
    private let store: any ListedStore
    /// Without a slash at its end.
    private let folder: String

    /// - Parameter store: the store whose files are in that folder.
    package init(_ store: any ListedStore, folder: String) { (self.store, self.folder) = (store, folder) }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        try store.begin(id, token: token, announcing: size)
    }

    /// Whether an image's data are missing here for certain.
    package func lacks(_ image: ImageID) -> Bool {
        do throws(Fault) {
            _ = try bytes(of: image)
            return false
        } catch {
            return error.kind == .notFound
        }
    }

    /// - Throws: `.notFound` when nothing is staged.
    package func bytes(of image: ImageID) throws(Fault) -> Blob { try store.bytes(at: url(of: image)) }

    /// Removes staged bytes, if there are any. Bytes of a stage that begins after `isMeant` was asked are kept.
    package func remove(_ image: ImageID, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try store.remove(url(of: image), ifStill: isMeant)
    }

    /// Removes an upload's unfinished bytes, and the bytes that it had staged.
    package func discard(_ upload: Upload) throws(Fault) { try store.discard(upload) }
    package func discardPending(_ upload: Upload) throws(Fault) { try store.discardPending(upload) }
    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try store.pendingUploads(olderThan: seconds) }

    /// The staged files of images that are at least so many seconds old.
    package func contents(olderThan seconds: Int) throws(Fault) -> [(image: ImageID, file: File)] {
        var contents: [(image: ImageID, file: File)] = []
        for name in try store.names(olderThan: seconds) {
            let image = ImageID(String(name.prefix { $0 != "." }))
            if image.isUUID { contents.append((image, File(path: "\(folder)/\(name)"))) }
        }
        return contents
    }

    // MARK: files to work with

    /// A file of the staging area.
    package struct File: Sendable {
        package let path: String
        fileprivate var url: String { "file://\(path)" }
    }

    /// The name of a temporary file for an import. The sweep of the staging area finds it if the import dies.
    package func workFile(of image: ImageID, token: String) -> File { File(path: "\(folder)/\(image).\(token)") }

    /// The file that bytes are written to. It exists as long as they do.
    package func file(of bytes: any BlobWriter) -> File { File(path: String(bytes.url.dropFirst("file://".count))) }

    package func bytes(of file: File) throws(Fault) -> Blob { try store.bytes(at: file.url) }
    package func remove(_ file: File) throws(Fault) { try store.remove(file.url) }
    package func remove(_ file: File, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try store.remove(file.url, ifStill: isMeant)
    }

    private func url(of image: ImageID) -> String { "file://\(folder)/\(image)" }
}
