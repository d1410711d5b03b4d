package import Domain
internal import Glibc

/// Files of images that lie in none of the stores' folders, where the database says so: a folder was moved, or another one was the store's
/// once. Like Glance this reads and removes them, but in readable folders alone; no client can name such a location.
///
/// nginx knows nothing of those folders: workers send what lies there themselves.
package struct OutsideFiles: ImageStore {
    private let folders: ReadableFolders

    package init(in folders: ReadableFolders) { self.folders = folders }

    /// Every file, as it is asked last.
    package func holds(_ url: String) -> Bool { FileStore.path(of: url) != nil }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let (folder, name) = try Self.place(url, .unavailable)
        guard let file = try folders.open("\(folder)/\(name)") else {
            try checkIsThere(folder, .unavailable)
            throw .noBytes()
        }
        return Blob(of: file, in: folders)
    }

    /// Takes the name away, whatever it leads to.
    package func remove(_ url: String) throws(Fault) {
        let (folder, name) = try Self.place(url, .unavailable)
        guard let descriptor = try folders.openFolder(folder) else { throw Self.missing(folder, .unavailable) }
        defer { close(descriptor) }
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw .store(errno, "removing the file \(folder)/\(name)") }
    }

    /// Nothing new comes to such a place.
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

    /// - Throws: of a kind, for a URL that names no file.
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

    /// A folder that was moved, or is not mounted: what lay there is not gone.
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
    /// A file that is not one of a store's own: nobody but the worker sends it, and each time it is opened it is looked at where it lies.
    init(of file: borrowing ReadableFolders.OpenFile, in folders: ReadableFolders) {
        let path = file.path
        self.init(size: file.size, internalPath: nil) { offset throws(Fault) in
            guard let file = try folders.open(path) else { throw .noBytes() }
            return try FileReader(file.descriptor, offset: offset)
        }
        self.path = path
    }
}
