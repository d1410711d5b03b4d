/// A cache of image data on this node, as files that nginx sends, so that remote data is fetched once. The service works without it.
package protocol ImageCache: Sendable {
    /// The data of an image; nil while the cache does not have all of it.
    func bytes(of id: ImageID) -> Blob?

    /// Records an access to an image: the images that were not read for the longest time are removed first.
    func touch(_ id: ImageID)

    /// Begins to fill the cache with an image. The fill ends with its process.
    ///
    /// - Returns: nil while another process or thread of this node fills the image.
    /// - Throws: `.tooLarge` when the disk has no space, `.unavailable` when nothing can be written.
    func begin(_ id: ImageID) throws(Fault) -> (any CacheFill)?

    /// The part of an image that another fill has written so far; nil when there is none.
    func growing(_ id: ImageID) -> (any GrowingBytes)?

    /// The images that are completely in the cache.
    func images() throws(Fault) -> [CachedFile]

    /// The images that are queued for this node's cache, the oldest entry first.
    func queue() throws(Fault) -> [ImageID]
    /// Adds an image to the queue. An image that is queued already keeps its place.
    func enqueue(_ id: ImageID) throws(Fault)
    /// Removes an image from the queue.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    func dequeue(_ id: ImageID) throws(Fault) -> Bool
    /// Removes an image from the cache. Readers that have it open can read it to the end.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    func remove(_ id: ImageID) throws(Fault) -> Bool

    /// Removes rejected files, and unfinished ones that were not written to for some seconds.
    ///
    /// - Throws: the fault of one of them, after all were tried.
    func clean(olderThan seconds: Int) throws(Fault)
}

/// Writes an image into the cache; one thread uses it. If it is dropped before `commit`, `reject` or `discard`, the result is the same as
/// if its process had died.
package protocol CacheFill: AnyObject, Sendable {
    /// Appends bytes.
    ///
    /// - Throws: `.tooLarge` when the disk is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault)

    /// Accepts the bytes as those of the image: makes the file durable, then visible. Followers may read all of it.
    func commit() throws(Fault)

    /// Rejects the bytes, which are incomplete or wrong: keeps the file apart for the operator. Followers get an error.
    func reject()

    /// Removes the bytes. Followers read the rest from the store.
    func discard()
}

/// The readable part of an image while another thread or process fills it.
package protocol GrowingBytes: AnyObject {
    /// Looks how far the fill has come.
    func look() throws(Fault) -> Growth

    /// Reads bytes from an offset on, as many as are there and fit into the buffer.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Fault) -> Int
}

/// The progress of a fill.
package enum Growth: Equatable, Sendable {
    /// This number of bytes is written; they are not checked yet.
    case growing(Int64)
    /// This number of bytes is written, and no more will come.
    case abandoned(Int64)
    /// All bytes are written and checked.
    case whole
    /// The bytes were rejected.
    case wrong
}

/// An image that is completely in the cache.
package struct CachedFile: Sendable {
    /// The image's id.
    package let image: ImageID
    /// The size of the file in bytes.
    package let size: Int64
    /// The time of the last access, in seconds since 1970 by this node's clock.
    package let lastAccessed: Double
    /// The time when the file was completed, in seconds since 1970 by this node's clock.
    package let lastModified: Double

    /// Makes an entry of its parts.
    package init(image: ImageID, size: Int64, lastAccessed: Double, lastModified: Double) {
        (self.image, self.size, self.lastAccessed, self.lastModified) = (image, size, lastAccessed, lastModified)
    }
}

/// The database's records of the nodes' caches, in Glance's tables. Only the cache itself tells which images it has.
package protocol CacheRecords: Sendable {
    /// Records that an image has come into this node's cache, with no reads so far.
    func noteCached(_ id: ImageID, size: Int64, checksum: String?) throws(Fault)

    /// Adds to the numbers of reads from this node's cache.
    func add(hits: [ImageID: Int]) throws(Fault)

    /// Reads this node's records.
    func records() throws(Fault) -> [CacheRecord]

    /// Removes this node's records of some images.
    func forgetCached(_ ids: [ImageID]) throws(Fault)

    /// Reads the addresses of the nodes that have an image in their caches. Nodes that have announced no address are left out.
    func nodes(caching id: ImageID) throws(Fault) -> [String]

    /// Reads which of some images exist and have data.
    func live(among ids: [ImageID]) throws(Fault) -> Set<ImageID>
}

/// A record of an image in a node's cache.
package struct CacheRecord: Sendable {
    /// The row's id.
    package let number: Int64
    /// The image's id.
    package let image: ImageID
    /// The number of reads from the cache.
    package let hits: Int64
    /// The image's MD5; nil when it is unknown.
    package let checksum: String?

    /// Makes a record of its parts.
    package init(number: Int64, image: ImageID, hits: Int64, checksum: String?) {
        (self.number, self.image, self.hits, self.checksum) = (number, image, hits, checksum)
    }
}
