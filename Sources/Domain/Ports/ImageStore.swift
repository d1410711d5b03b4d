/// A store of image data. Every store passes `ImageStoreConformance`.
package protocol ImageStore: Sendable {
    /// Begins to write data, which is not visible before it is committed.
    ///
    /// - Parameters:
    ///   - token: names the data until then.
    ///   - size: the number of bytes that the client announced; nil when it announced none.
    /// - Throws: `.tooLarge` when the store has no space, `.unavailable` when nothing can be written.
    func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter

    /// Removes the data that an abandoned upload may have written, committed or not. Data that a record refers to is not touched, nor is
    /// that of another upload to the same image.
    func discard(_ upload: Upload) throws(Fault)

    /// Removes the unfinished data of an upload only.
    func discardPending(_ upload: Upload) throws(Fault)

    /// Finds uploads with unfinished data that was not written to for some seconds.
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload]

    /// Removes data. Removing what does not exist is no error, since an undo may come twice.
    ///
    /// - Throws: `.unavailable` also when nothing is there and the folder is not known to be the one that the data was written to.
    func remove(_ url: String) throws(Fault)

    /// Removes data that others may have removed already, and in whose place there may be other data now.
    ///
    /// - Parameter isMeant: tells whether the data that may be there now is the data to remove. Data of an upload that begins after
    ///   that question is not removed.
    func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault)

    /// Whether a URL has the form of this store's locations. The store is not asked whether data is there.
    func holds(_ url: String) -> Bool

    /// Checks that the store takes data, before anything else is changed for an upload.
    ///
    /// - Throws: `.invalid` when the store never takes data, `.unavailable` when this service cannot use it.
    func checkTakesBytes() throws(Fault)

    /// Checks that the data at a location can be removed, before a record loses the location, so that no data stays without a record.
    ///
    /// - Throws: `.conflict` when the configuration keeps the service from removing it.
    func checkRemovable(_ url: String) throws(Fault)

    /// Finds the data at a location.
    ///
    /// - Throws: `.notFound` when there is none, `.unavailable` when the store does not answer, or its folder is not known to be the one
    ///   that the data was written to.
    func bytes(at url: String) throws(Fault) -> Blob
}

extension ImageStore {
    /// The default: a store takes data.
    package func checkTakesBytes() {}
    /// The default: data can be removed.
    package func checkRemovable(_ url: String) {}
}

/// A store that can list its contents.
package protocol ListedStore: ImageStore {
    /// The names of the stored items that were not touched for some seconds.
    func names(olderThan seconds: Int) throws(Fault) -> [String]
}

/// Writes data to a store; one thread uses it. If it is dropped before `commit()`, no data is left.
package protocol BlobWriter: AnyObject, Sendable {
    /// The store's URL for the data until it is committed.
    var url: String { get }

    /// Appends bytes.
    ///
    /// - Throws: `.tooLarge` when the store is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault)

    /// Takes the whole content of a local file at once, where the store can do that without reading it.
    ///
    /// - Parameter isCancelled: called between pieces, each of which takes a moment.
    /// - Returns: false when the store cannot; then it has taken nothing.
    /// - Throws: `.gone` when it was cancelled, `.tooLarge` when the store is full.
    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool

    /// Opens the data that `take` has taken, to check it: it did not pass through this process.
    func taken() throws(Fault) -> any ByteStream

    /// Makes the data durable, then visible. Whatever fails, the data is either complete or absent.
    func commit() throws(Fault) -> ImageLocation

    /// Reports that a record refers to the committed data: from now on cleaning up does not remove it.
    func confirm()

    /// Removes the data, committed or not; a second call does nothing.
    ///
    /// - Returns: false if the data could not be removed and may have been committed. Then the caller must not end the upload's lease: when
    ///   it expires, the process that takes over removes the data.
    @discardableResult
    func discard() -> Bool
}

/// Data in a store.
package struct Blob {
    /// The size in bytes.
    package let size: Int64
    /// The internal path by which nginx sends the data; nil when the worker must send it.
    package let internalPath: String?
    /// The path of the data as a local file; nil when it is none.
    package var path: String?
    /// Opens the data for reading from an offset.
    package let open: (_ offset: Int64) throws(Fault) -> any ByteStream
    /// Opens all of the data by another way than `open(0)`; nil when there is none.
    package var openWhole: (() throws(Fault) -> any ByteStream)?

    /// Opens all of the data by the best way.
    package func openAll() throws(Fault) -> any ByteStream {
        guard let openWhole else { return try open(0) }
        return try openWhole()
    }

    /// Makes data of its parts.
    package init(
        size: Int64, internalPath: String?, open: @escaping (_ offset: Int64) throws(Fault) -> any ByteStream
    ) {
        self.size = size
        self.internalPath = internalPath
        self.open = open
    }
}
