/// A place that keeps image bytes. Every store passes `ImageStoreConformance`.
package protocol ImageStore: Sendable {
    /// Begins bytes that nobody can see before they are committed.
    ///
    /// - Parameters:
    ///   - token: names these bytes until then.
    ///   - size: bytes the client announced, nil when it did not say.
    /// - Throws: `.tooLarge` when there is no room, `.unavailable` when nothing can be written.
    func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter

    /// Removes what an upload that its worker left behind may have stored, committed or not. Bytes that are settled are not touched, nor
    /// those of another upload to the same image.
    func discard(_ upload: Upload) throws(Fault)

    /// Removes an upload's unfinished bytes only.
    func discardPending(_ upload: Upload) throws(Fault)

    /// Unfinished bytes that nothing was added to for some seconds.
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload]

    /// Removes bytes. Removing what is not there is no error: an undo may come twice.
    ///
    /// - Throws: `.unavailable` also for a place where it is not there and that is not known to be the one it was written to.
    func remove(_ url: String) throws(Fault)

    /// The same where others may have removed them, and somebody may have put other bytes there.
    ///
    /// - Parameter isMeant: says whether what may be there now is what is to go. Bytes of an upload that begins after it was asked are safe.
    func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault)

    /// Whether a location is one of this store's, whatever lies there.
    func holds(_ url: String) -> Bool

    /// Asked before anything is changed for bytes that are to come.
    ///
    /// - Throws: `.invalid` where the store never takes bytes, `.unavailable` where this service cannot use it.
    func checkTakesBytes() throws(Fault)

    /// Asked before a record loses a location, so that no bytes are left that nothing tells of.
    ///
    /// - Throws: `.conflict` where the configuration keeps the service from removing what lies at a location of this store's.
    func checkRemovable(_ url: String) throws(Fault)

    /// - Throws: `.notFound` when no bytes are there, `.unavailable` when the store does not answer, or is not known to be the one that they
    ///   were written to.
    func bytes(at url: String) throws(Fault) -> Blob
}

extension ImageStore {
    package func checkTakesBytes() {}
    package func checkRemovable(_ url: String) {}
}

/// A store that can tell what it has.
package protocol ListedStore: ImageStore {
    /// The names of what is stored, and was not touched for some seconds.
    func names(olderThan seconds: Int) throws(Fault) -> [String]
}

/// Bytes on their way in, held by one thread. Let go before `commit()`, they leave nothing behind.
package protocol BlobWriter: AnyObject, Sendable {
    /// What the store calls them until they are committed.
    var url: String { get }

    /// - Throws: `.tooLarge` when the store is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault)

    /// Takes all the bytes of a file of this machine at once, where the store can do that without reading them.
    ///
    /// - Parameter isCancelled: asked between pieces, of which each takes a moment.
    /// - Returns: false when it cannot; then nothing was taken.
    /// - Throws: `.gone` when it was cancelled, `.tooLarge` when the store is full.
    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool

    /// Reads back what `take` took: nobody has seen those bytes yet.
    func taken() throws(Fault) -> any ByteStream

    /// Makes the bytes durable, then visible. They are whole or absent, whatever fails.
    func commit() throws(Fault) -> ImageLocation

    /// Says that the record tells of the bytes, which were committed: from now on nobody takes them for leftovers.
    func confirm()

    /// Removes the bytes, committed or not; a second call does nothing.
    ///
    /// - Returns: false where the bytes could not be removed and may have been committed. Then the lease that they came in under must not
    ///   be ended: when it expires, whoever takes over removes them.
    @discardableResult
    func discard() -> Bool
}

/// Bytes that a store has.
package struct Blob {
    package let size: Int64
    /// The path by which nginx sends them itself; nil where it cannot.
    package let internalPath: String?
    /// Where they lie as a file of this machine; nil where they do not.
    package var path: String?
    /// Opens them for reading from an offset.
    package let open: (_ offset: Int64) throws(Fault) -> any ByteStream
    /// Opens all of them in another way than by `open(0)`: nil where there is none.
    package var openWhole: (() throws(Fault) -> any ByteStream)?

    /// Opens all of them, in the way that is best.
    package func openAll() throws(Fault) -> any ByteStream {
        guard let openWhole else { return try open(0) }
        return try openWhole()
    }

    package init(
        size: Int64, internalPath: String?, open: @escaping (_ offset: Int64) throws(Fault) -> any ByteStream
    ) {
        self.size = size
        self.internalPath = internalPath
        self.open = open
    }
}
