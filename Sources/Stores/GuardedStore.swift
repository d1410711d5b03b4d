package import Domain
internal import ServiceMetrics
package import Threading

/// A store whose operations are counted and, where it has a bulkhead, with a limited number of concurrent calls; further calls are refused
/// at once (503).
///
/// Short calls can be refused: finding, opening, beginning and removing data. Writing and committing data are not refused, since a commit
/// may take as long as a disk needs to sync gigabytes; but slow ones count, so that no new calls begin.
package struct GuardedStore: ImageStore {
    /// The store itself.
    package let base: any ImageStore
    /// The name under which the store is counted.
    package let name: String
    private let bulkhead: Bulkhead?
    private let meter: StoreMeter
    /// Where nginx fetches data of this store from its servers; nil if it does not.
    let remotePath: String?

    /// Makes a store of the guarded one.
    ///
    /// - Parameters:
    ///   - bulkhead: nil in programs that answer no clients.
    ///   - name: the store's name in the configuration, or its type where it has none.
    ///   - internalPrefix: the path below which nginx has the stores' locations; nil if there is no nginx.
    package init(_ base: any ImageStore, _ bulkhead: Bulkhead?, named name: String = "file", internalPrefix: String? = nil) {
        (self.base, self.bulkhead, self.name, meter) = (base, bulkhead, name, StoreMeter(name))
        // No store has this path, since no name of a store begins with a dot.
        remotePath = base is any RemoteStore ? internalPrefix.map { "\($0)/.remote/\(name)" } : nil
    }

    /// Makes a call that can be refused.
    private func call<Value>(_ operation: StoreOperationLabel, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        try meter.count(operation) { () throws(Fault) in try bulkhead.run(orElse: Self.refusal, body) }
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        try call(.begin) { () throws(Fault) in
            GuardedBytes(try base.begin(id, token: token, announcing: size), bulkhead, meter)
        }
    }

    package func remove(_ url: String) throws(Fault) {
        try call(.remove) { () throws(Fault) in try base.remove(url) }
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try call(.remove) { () throws(Fault) in try base.remove(url, ifStill: isMeant) }
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let found = try call(.open) { () throws(Fault) in try reading { () throws(Fault) in try base.bytes(at: url) } }
        return guarded(found)
    }

    /// Counts in the bulkhead, since the first time the server is asked whether it compares tags.
    package func rememberedBytes(at url: String, size: Int64) -> Blob? {
        guard remotePath != nil else { return nil }
        do throws(Fault) {
            let found = try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in base.rememberedBytes(at: url, size: size) }
            return found.map { guarded($0) }
        } catch {
            // `bytes(at:)`, which comes next, is refused too, unless there is a place again.
            return nil
        }
    }

    private func guarded(_ found: Blob) -> Blob {
        var bytes = Blob(size: found.size, internalPath: found.internalPath) { [bulkhead] offset throws(Fault) in
            try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try reading { () throws(Fault) in try found.open(offset) } }
        }
        (bytes.path, bytes.remote) = (found.path, found.remote)
        if remotePath != nil, let remote = found.remote {
            bytes.remote?.internalPath = remotePath
            bytes.remote?.address = remote.address ?? ServerAddresses.shared.address(of: remote.url)
        }
        if let openWhole = found.openWhole {
            bytes.openWhole = { [bulkhead] () throws(Fault) in
                try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try openWhole() }
            }
        }
        return bytes
    }

    /// Some servers say that they are full to a reader, too; a client that asks for data is not told that it sends too much.
    private func reading<Value>(_ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        do throws(Fault) {
            return try body()
        } catch {
            guard error.kind == .tooLarge else { throw error }
            throw Fault(.unavailable, "The store '\(name)' cannot be used now.", cause: error)
        }
    }

    package func holds(_ url: String) -> Bool { base.holds(url) }
    package var isReadable: Bool { base.isReadable }
    package func currentURL(of url: String, isLabelled: Bool) -> String? { base.currentURL(of: url, isLabelled: isLabelled) }
    package func checkTakesBytes() throws(Fault) { try base.checkTakesBytes() }

    package func checkRemovable(_ url: String) throws(Fault) {
        try bulkhead.run(orElse: Self.refusal) { () throws(Fault) in try base.checkRemovable(url) }
    }

    // MARK: cleaning up, for which no client waits

    package func discard(_ upload: Upload) throws(Fault) {
        try meter.count(.discard) { () throws(Fault) in try base.discard(upload) }
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        try meter.count(.discard) { () throws(Fault) in try base.discardPending(upload) }
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try meter.count(.list) { () throws(Fault) in try base.pendingUploads(olderThan: seconds) }
    }

    fileprivate static var refusal: Fault { .overloaded("The image store") }
}

extension GuardedStore: ListedStore {
    package func names(olderThan seconds: Int) throws(Fault) -> [String] {
        guard let listed = base as? any ListedStore else { return [] }
        return try meter.count(.list) { () throws(Fault) in try listed.names(olderThan: seconds) }
    }

    package func forEachName(olderThan seconds: Int, _ body: (_ names: [String]) -> Bool) throws(Fault) {
        guard let listed = base as? any ListedStore else { return }
        try meter.count(.list) { () throws(Fault) in try listed.forEachName(olderThan: seconds, body) }
    }
}

private final class GuardedBytes: BlobWriter {
    private let base: any BlobWriter
    private let bulkhead: Bulkhead?
    private let meter: StoreMeter

    init(_ base: any BlobWriter, _ bulkhead: Bulkhead?, _ meter: StoreMeter) {
        (self.base, self.bulkhead, self.meter) = (base, bulkhead, meter)
    }

    var url: String { base.url }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        try bulkhead.note { () throws(Fault) in try base.append(bytes) }
        meter.noteWritten(bytes.count)
    }

    /// Does not count: a copy of gigabytes does not mean that the store is slow.
    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        let isTaken = try base.take(fileAt: path, size: size, isCancelled: isCancelled)
        if isTaken { meter.noteWritten(Int(size)) }
        return isTaken
    }

    /// Does not count either.
    func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        let isTaken = try base.take(dataAt: url, size: size, isCancelled: isCancelled)
        if isTaken { meter.noteWritten(Int(size)) }
        return isTaken
    }

    func taken() throws(Fault) -> any ByteStream { try base.taken() }

    func commit() throws(Fault) -> ImageLocation {
        try meter.count(.commit) { () throws(Fault) in try bulkhead.note { () throws(Fault) in try base.commit() } }
    }

    func confirm() { bulkhead.note { base.confirm() } }

    func discard() -> Bool {
        let began = monotonicSeconds()
        let isDiscarded = bulkhead.note { base.discard() }
        meter.note(.discard, isDiscarded ? .ok : .failed, since: began)
        return isDiscarded
    }
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
    func lend(atMost most: Int) throws(StreamError) -> UnsafeRawBufferPointer? { try base.lend(atMost: most) }
}
