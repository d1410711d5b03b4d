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
    ///
    /// - Parameter upload: one whose record, or job, the caller has taken over: from then on its data cannot be recorded as an image's.
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

    /// The data at a location as the store's server described it a short time before, for nginx to fetch them: the server is not
    /// asked for them again, only once in each process whether it compares tags.
    ///
    /// nginx gets the tag that the data had then (`RemoteData.tag`), so that it fetches no others. If it can fetch none, `bytes(at:)` tells
    /// what is there now. What is opened is looked for anew, and must have the same size.
    ///
    /// - Parameter size: the bytes that the data must have.
    /// - Returns: nil when nothing is remembered, or the server does not compare tags.
    func rememberedBytes(at url: String, size: Int64) -> Blob?

    /// Whether this service can read the store's data at all; false for a store whose engine it does not have.
    var isReadable: Bool { get }

    /// The form in which a location of this store is recorded today: Glance rewrites the forms of older releases when an image is shown.
    ///
    /// - Parameter isLabelled: whether the location is labelled with this store.
    /// - Returns: nil for an old form that another store of the same type may have, too.
    func currentURL(of url: String, isLabelled: Bool) -> String?
}

extension ImageStore {
    /// The default: nothing is remembered.
    package func rememberedBytes(at url: String, size: Int64) -> Blob? { nil }
    /// The default: data can be read.
    package var isReadable: Bool { true }
    /// The default: there are no older forms.
    package func currentURL(of url: String, isLabelled: Bool) -> String? { url }
    /// The default: a store takes data.
    package func checkTakesBytes() {}
    /// The default: data can be removed.
    package func checkRemovable(_ url: String) {}
}

/// A store that can list its contents.
package protocol ListedStore: ImageStore {
    /// The names of the stored items that were not touched for some seconds.
    func names(olderThan seconds: Int) throws(Fault) -> [String]

    /// Passes these names to a closure, in pieces, until it returns false. A store with many overrides it, so that memory does not grow with
    /// their number.
    func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault)
}

extension ListedStore {
    /// Gathers the names that `forEachName` passes on, for a store that has that alone.
    package func gatheredNames(olderThan seconds: Int) throws(Fault) -> [String] {
        var all: [String] = []
        try forEachName(olderThan: seconds) { names in
            all += names
            return true
        }
        return all
    }

    /// The default lists all names at once.
    package func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        var rest = try names(olderThan: seconds)[...]
        while !rest.isEmpty {
            guard body(Array(rest.prefix(500))) else { return }
            rest = rest.dropFirst(500)
        }
    }
}

/// A store on servers, which all nodes of one database must have in the same place.
package protocol PlacedStore: ImageStore {
    /// The parts of the place, by their names in messages. They are recorded for the other nodes and logged, so none is a credential. Only what
    /// decides whether a location can be read by another node is a part. A value that is not known is nil.
    var place: [String: String?] { get }
    /// Where new images go, by such names; nil while a part is not known. Of two stores that have the same, each would take the other's images
    /// for its own.
    var target: [String: String]? { get }
}

extension PlacedStore {
    package var target: [String: String]? {
        let known = place.compactMapValues { $0 }
        return known.count == place.count ? known : nil
    }
}

/// A store on HTTP servers, from which nginx can fetch the data. Its blobs tell `remote`.
package protocol RemoteStore: ImageStore {
    /// A PEM file of the authorities whose certificates the servers have; nil for those of the system.
    var certificateAuthority: String? { get }
    /// Whether the servers' certificates are verified.
    var verifiesCertificate: Bool { get }
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

    /// Takes all data at a location of a store of the same kind on the engine's side, so that no byte of it passes this process.
    ///
    /// - Parameters:
    ///   - url: a location whose data has `size` bytes. It may be of this store or of another one, of any kind.
    ///   - isCancelled: called between steps, each of which takes a moment.
    /// - Returns: false when the store cannot; then it has taken nothing.
    /// - Throws: `.gone` when it was cancelled, `.tooLarge` when the store is full.
    func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool

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

extension BlobWriter {
    /// The default: the store takes bytes alone.
    package func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool { false }
    /// The default: nothing was taken.
    package func taken() throws(Fault) -> any ByteStream { throw Fault(.unexpected, "The store has taken no data as a whole.") }
    /// The default: the engine cannot copy.
    package func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool { false }
}

/// Data on an HTTP server that nginx fetches and sends to the client. No byte of it passes a worker.
package struct RemoteData: Sendable {
    /// The URL of the data for nginx. Its query may hold a signature that permits reading it for some time, so it is never shown or logged.
    package let url: String
    /// Makes a URL by which a client can read the data itself, for a short time; nil where the server wants more than a URL.
    package var urlForClient: (@Sendable () -> String)?
    /// The server's IP address, so that nginx need not resolve its name; nil when it is not known.
    package var address: String?
    /// A token that the server wants in `X-Auth-Token`; nil when it wants none.
    package let token: String?
    /// The `ETag` that the data must have, in its quotation marks, so that nginx fetches no others; nil when any will do, since the server has
    /// just described them.
    package var tag: String?
    /// The path below which nginx fetches data from this store; nil when nginx fetches nothing.
    package var internalPath: String?

    /// Makes remote data of its parts.
    package init(url: String, address: String? = nil, token: String? = nil) { (self.url, self.address, self.token) = (url, address, token) }
}

/// Data in a store.
package struct Blob {
    /// The size in bytes.
    package let size: Int64
    /// The internal path by which nginx sends the data; nil when the worker must send it.
    package let internalPath: String?
    /// The path of the data as a local file; nil when it is none.
    package var path: String?
    /// The data on a server from which nginx can fetch it; nil when it can not.
    package var remote: RemoteData?
    /// Whether the data are those of the node's image cache.
    package var isCached = false
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
