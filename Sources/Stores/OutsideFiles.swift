package import Domain
internal import Glibc

/// Files outside of the stores' folders that the database refers to: a store's folder was moved, or the store had another one before. Like
/// Glance, this service reads and removes them, but only in readable folders; no client can name such a location.
///
/// nginx does not serve these folders: the workers send the files.
package struct OutsideFiles: ImageStore {
    let folders: ReadableFolders

    /// Makes a store of the readable folders.
    package init(in folders: ReadableFolders) { self.folders = folders }

    /// Holds every file, since this store is asked last.
    package func holds(_ url: String) -> Bool { FileStore.path(of: url) != nil }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let (folder, name) = try Self.place(url, .unavailable)
        guard let file = try folders.open("\(folder)/\(name)") else {
            try checkIsThere(folder, .unavailable)
            throw .noBytes()
        }
        return Blob(of: file, in: folders)
    }

    /// Removes the name, whatever it refers to.
    package func remove(_ url: String) throws(Fault) {
        let (folder, name) = try Self.place(url, .unavailable)
        guard let descriptor = try folders.openFolder(folder) else { throw Self.missing(folder, .unavailable) }
        defer { close(descriptor) }
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw .store(errno, "removing the file \(folder)/\(name)") }
    }

    /// No new data is written to such a location.
    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        if try isMeant() { try remove(url) }
    }

    package func checkRemovable(_ url: String) throws(Fault) {
        let (folder, name) = try Self.place(url, .conflict)
        let opened: CInt?
        do throws(Fault) {
            opened = try folders.openFolder(folder)
        } catch {
            throw error.isElsewhere ? Fault(.conflict, error.message, cause: error.cause) : error
        }
        guard let descriptor = opened else { throw Self.missing(folder, .conflict) }
        defer { close(descriptor) }
        var info = stat()
        guard fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) == 0, faccessat(descriptor, ".", W_OK | X_OK, 0) != 0 else { return }
        let cause = StoreError(code: errno, doing: "asking whether \(folder)/\(name) can be removed")
        throw Fault(.conflict, "The image's data cannot be removed from where they lie.", cause: cause)
    }

    /// - Throws: a fault of the given kind for a URL that names no file.
    private static func place(_ url: String, _ kind: Fault.Kind) throws(Fault) -> (folder: String, name: String) {
        guard let path = FileStore.path(of: url), path.first == "/", let slash = path.lastIndex(of: "/") else {
            throw Fault(kind, "The image's location is no path of a file.", cause: WrongFolder(description: url))
        }
        let name = String(path[path.index(after: slash)...])
        guard !["", ".", ".."].contains(name), !path.utf8.contains(0) else {
            throw Fault(kind, "The image's location is no path of a file.", cause: WrongFolder(description: url))
        }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
    }

    private func checkIsThere(_ folder: String, _ kind: Fault.Kind) throws(Fault) {
        guard let descriptor = try folders.openFolder(folder) else { throw Self.missing(folder, kind) }
        close(descriptor)
    }

    /// The fault for a folder that was moved or is not mounted: its files are not gone.
    private static func missing(_ folder: String, _ kind: Fault.Kind) -> Fault {
        Fault(
            kind, "The folder that the image's data were written to is not there.",
            cause: WrongFolder(description: "\(folder) is no folder; is something to be mounted, or was it moved?"))
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        throw Fault(.invalid, "No data are stored outside of the stores.")
    }

    package func discard(_ upload: Upload) {}
    package func discardPending(_ upload: Upload) {}
    package func pendingUploads(olderThan seconds: Int) -> [Upload] { [] }
}

extension Blob {
    /// Data in a file outside of the stores: the worker sends it, and checks where the file lies each time it opens it.
    init(of file: borrowing ReadableFolders.OpenFile, in folders: ReadableFolders) {
        let path = file.path
        self.init(size: file.size, internalPath: nil) { offset throws(Fault) in
            guard let file = try folders.open(path) else { throw .noBytes() }
            return try FileReader(file.descriptor, offset: offset)
        }
        self.path = path
    }
}
