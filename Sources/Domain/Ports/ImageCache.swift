/// Images' bytes kept on this node as files that nginx sends, so that what lies far away is fetched once. Without it everything works.
package protocol ImageCache: Sendable {
    /// An image's bytes; nil while they are not there whole.
    func bytes(of id: ImageID) -> Blob?

    /// Notes that somebody reads an image now: those that nobody reads go first.
    func touch(_ id: ImageID)

    /// Takes the turn at bringing an image in; it ends with the process too.
    ///
    /// - Returns: nil while somebody else of this node has it.
    /// - Throws: `.tooLarge` when there is no room, `.unavailable` when nothing can be written.
    func begin(_ id: ImageID) throws(Fault) -> (any CacheFill)?

    /// What there is of an image that is being brought in; nil where nobody does.
    func growing(_ id: ImageID) -> (any GrowingBytes)?

    /// The images that are there whole.
    func images() throws(Fault) -> [CachedFile]

    /// Images that are wanted here, those first that wait longest.
    func queue() throws(Fault) -> [ImageID]
    /// An image that is in the queue keeps its place.
    func enqueue(_ id: ImageID) throws(Fault)
    /// - Returns: whether it was there; as for `remove`.
    @discardableResult
    func dequeue(_ id: ImageID) throws(Fault) -> Bool
    /// Who reads it now still reads it to the end.
    @discardableResult
    func remove(_ id: ImageID) throws(Fault) -> Bool

    /// Removes what turned out wrong, and what nobody has been bringing in for some seconds.
    ///
    /// - Throws: what one of them failed by, when all were tried.
    func clean(olderThan seconds: Int) throws(Fault)
}

/// An image on its way into the cache, held by one thread. Let go before any of the three ends, it is as if its process had died.
package protocol CacheFill: AnyObject, Sendable {
    /// - Throws: `.tooLarge` when the disk is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault)

    /// The bytes are those of the image: whoever follows may have all of them. Makes them durable, then visible.
    func commit() throws(Fault)

    /// The bytes are not those of the image, or not all: keeps them apart, for the operator. Whoever follows is cut off.
    func reject()

    /// Removes the bytes. Whoever follows goes on without the cache.
    func discard()
}

/// An image that somebody brings into the cache, read meanwhile.
package protocol GrowingBytes: AnyObject {
    func look() throws(Fault) -> Growth

    /// Bytes from an offset on, as many as are there and fit.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Fault) -> Int
}

/// How far it is.
package enum Growth: Equatable, Sendable {
    /// So many bytes are there, of which nobody knows yet whether they are right.
    case growing(Int64)
    /// The same, and nothing more will come.
    case abandoned(Int64)
    case whole
    case wrong
}

/// A whole image in the cache.
package struct CachedFile: Sendable {
    package let image: ImageID
    /// Bytes.
    package let size: Int64
    /// Seconds since 1970, by this node's clock.
    package let lastAccessed: Double
    package let lastModified: Double

    package init(image: ImageID, size: Int64, lastAccessed: Double, lastModified: Double) {
        (self.image, self.size, self.lastAccessed, self.lastModified) = (image, size, lastAccessed, lastModified)
    }
}

/// What the database knows of the nodes' caches, in Glance's tables. What is there is told by the cache alone.
package protocol CacheRecords: Sendable {
    /// Records that an image has come into this node's cache, as nobody has read it yet.
    func noteCached(_ id: ImageID, size: Int64, checksum: String?) throws(Fault)

    /// Adds to the numbers of times that images were read from this node's cache.
    func add(hits: [ImageID: Int]) throws(Fault)

    /// This node's records.
    func records() throws(Fault) -> [CacheRecord]

    func forgetCached(_ ids: [ImageID]) throws(Fault)

    /// The addresses of the nodes that have an image in their caches, as far as they say so.
    func nodes(caching id: ImageID) throws(Fault) -> [String]

    /// Those of some images that are there, and have data.
    func live(among ids: [ImageID]) throws(Fault) -> Set<ImageID>
}

package struct CacheRecord: Sendable {
    package let number: Int64
    package let image: ImageID
    package let hits: Int64
    /// MD5.
    package let checksum: String?

    package init(number: Int64, image: ImageID, hits: Int64, checksum: String?) {
        (self.number, self.image, self.hits, self.checksum) = (number, image, hits, checksum)
    }
}
