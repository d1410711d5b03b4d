package import Domain
package import Threading

/// A store with a limited number of concurrent calls; further calls are refused at once (503).
///
/// Short calls can be refused: finding, opening, beginning and removing data. Writing and committing data are not refused, since a commit
/// may take as long as a disk needs to sync gigabytes; but slow ones count, so that no new calls begin.
package struct GuardedStore: ImageStore {
    /// The store itself.
    package let base: any ImageStore
    private let bulkhead: Bulkhead

    /// Makes a store of the guarded one.
    package init(_ base: any ImageStore, _ bulkhead: Bulkhead) { (self.base, self.bulkhead) = (base, bulkhead) }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in
            GuardedBytes(try base.begin(id, token: token, announcing: size), bulkhead)
        }
    }

    package func remove(_ url: String) throws(Fault) {
        try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try base.remove(url) }
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try base.remove(url, ifStill: isMeant) }
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let found = try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try base.bytes(at: url) }
        var bytes = Blob(size: found.size, internalPath: found.internalPath) { [bulkhead] offset throws(Fault) in
            try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try found.open(offset) }
        }
        bytes.path = found.path
        if let openWhole = found.openWhole {
            bytes.openWhole = { [bulkhead] () throws(Fault) in
                try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try openWhole() }
            }
        }
        return bytes
    }

    package func holds(_ url: String) -> Bool { base.holds(url) }
    package func checkTakesBytes() throws(Fault) { try base.checkTakesBytes() }

    package func checkRemovable(_ url: String) throws(Fault) {
        try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try base.checkRemovable(url) }
    }

    // MARK: cleaning up, for which no client waits

    package func discard(_ upload: Upload) throws(Fault) { try base.discard(upload) }
    package func discardPending(_ upload: Upload) throws(Fault) { try base.discardPending(upload) }
    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try base.pendingUploads(olderThan: seconds) }

    fileprivate static var refusal: Fault { .overloaded("The image store") }
}

extension GuardedStore: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] { try (base as? any ListedStore)?.names(olderThan: seconds) ?? [] }
}

private final class GuardedBytes: BlobWriter {
    private let base: any BlobWriter
    private let bulkhead: Bulkhead

    init(_ base: any BlobWriter, _ bulkhead: Bulkhead) { (self.base, self.bulkhead) = (base, bulkhead) }

    var url: String { base.url }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) { try bulkhead.note { () throws(Fault) in try base.append(bytes) } }

    /// Does not count: a copy of gigabytes does not mean that the store is slow.
    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        try base.take(fileAt: path, size: size, isCancelled: isCancelled)
    }

    func taken() throws(Fault) -> any ByteStream { try base.taken() }

    func commit() throws(Fault) -> ImageLocation { try bulkhead.note { () throws(Fault) in try base.commit() } }
    func confirm() { bulkhead.note { base.confirm() } }
    func discard() -> Bool { bulkhead.note { base.discard() } }
}

/// A source of images with a limited number of concurrent answers, each of which counts until it is read to its end.
package struct GuardedSource: ImageSource {
    private let base: any ImageSource
    private let bulkhead: Bulkhead

    /// Makes a source of the guarded one.
    package init(_ base: any ImageSource, _ bulkhead: Bulkhead) { (self.base, self.bulkhead) = (base, bulkhead) }

    package func check(_ url: String) throws(Fault) { try base.check(url) }

    package func fetch(
        _ url: String, showing token: CallerToken?, atMost most: Int64, isCancelled: @escaping () -> Bool
    ) throws(Fault) -> FetchedBytes {
        guard let place = bulkhead.place() else { throw .overloaded("The source of the data") }
        let fetched = try base.fetch(url, showing: token, atMost: most, isCancelled: isCancelled)
        return FetchedBytes(
            announced: fetched.announced, hasMarkedEnd: fetched.hasMarkedEnd, reader: GuardedReader(fetched.reader, place))
    }

    package func size(of url: String) throws(Fault) -> Int64 {
        try bulkhead.run(orElse: .overloaded("The source of the data")) { () throws(Fault) in try base.size(of: url) }
    }
}

/// A reader that occupies a place in the bulkhead as long as it exists.
private final class GuardedReader: ByteStream {
    private let base: any ByteStream
    private let place: Bulkhead.Place

    init(_ base: any ByteStream, _ place: Bulkhead.Place) { (self.base, self.place) = (base, place) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int { try base.read(into: buffer) }
}
