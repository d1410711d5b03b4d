import Domain
import Synchronization

/// A store whose calls go wrong as an injector says.
package final class FailingStore: ListedStore {
    private let base: any ListedStore
    private let injector: Injector
    /// Whether its files can be taken whole by another store of this machine.
    private let tellsPaths: Bool

    package init(_ base: any ListedStore, _ injector: Injector, tellsPaths: Bool = true) {
        (self.base, self.injector, self.tellsPaths) = (base, injector, tellsPaths)
    }

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        try call("begin") { () throws(Fault) in FailingBlobWriter(try base.begin(id, token: token, announcing: size), injector) }
    }

    package func discard(_ upload: Upload) throws(Fault) { try call("discard") { () throws(Fault) in try base.discard(upload) } }

    package func discardPending(_ upload: Upload) throws(Fault) {
        try call("discardPending") { () throws(Fault) in try base.discardPending(upload) }
    }

    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try call("pendingUploads") { () throws(Fault) in try base.pendingUploads(olderThan: seconds) }
    }

    package func names(olderThan seconds: Int) throws(Fault) -> [String] {
        try call("names") { () throws(Fault) in try base.names(olderThan: seconds) }
    }

    package func remove(_ url: String) throws(Fault) { try call("remove") { () throws(Fault) in try base.remove(url) } }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        try call("remove if still") { () throws(Fault) in try base.remove(url, ifStill: isMeant) }
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let found = try call("bytes") { () throws(Fault) in try base.bytes(at: url) }
        let injector = injector
        var blob = Blob(size: found.size, internalPath: found.internalPath) { offset throws(Fault) in
            try injector.call(.store, "open") { () throws(Fault) in FailingStream(try found.open(offset), .read, injector) }
        }
        if tellsPaths { blob.path = found.path }
        return blob
    }

    // No disk is asked for these.
    package func holds(_ url: String) -> Bool { base.holds(url) }
    package func checkTakesBytes() throws(Fault) { try base.checkTakesBytes() }
    package func checkRemovable(_ url: String) throws(Fault) { try base.checkRemovable(url) }

    private func call<Value>(_ name: String, _ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        try injector.call(.store, name, body)
    }
}

/// Bytes on their way into a store whose calls go wrong.
private final class FailingBlobWriter: BlobWriter {
    private let base: any BlobWriter
    private let injector: Injector
    private let mayBeCommitted = Atomic(false)

    init(_ base: any BlobWriter, _ injector: Injector) { (self.base, self.injector) = (base, injector) }

    deinit { injector.keepWhatNobodyDiscards(base) }

    var url: String { base.url }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        try injector.call(.store, "append") { () throws(Fault) in try base.append(bytes) }
    }

    func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        try injector.call(.store, "take") { () throws(Fault) in try base.take(fileAt: path, size: size, isCancelled: isCancelled) }
    }

    func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
        try injector.call(.store, "take data") { () throws(Fault) in try base.take(dataAt: url, size: size, isCancelled: isCancelled) }
    }

    func taken() throws(Fault) -> any ByteStream {
        try injector.call(.store, "taken") { () throws(Fault) in FailingStream(try base.taken(), .read, injector) }
    }

    func commit() throws(Fault) -> ImageLocation {
        try injector.call(.store, "commit") { () throws(Fault) in
            let location = try base.commit()
            mayBeCommitted.store(true, ordering: .relaxed)
            return location
        }
    }

    func confirm() { if injector.lets("confirm", keeping: base) { base.confirm() } }

    func discard() -> Bool {
        if injector.lets("discard", keeping: base) { return base.discard() }
        return !mayBeCommitted.load(ordering: .relaxed)
    }
}

/// Bytes whose reads go wrong.
package final class FailingStream: ByteStream {
    private let base: any ByteStream
    private let part: Injector.Part
    private let injector: Injector

    package init(_ base: any ByteStream, _ part: Injector.Part, _ injector: Injector) {
        (self.base, self.part, self.injector) = (base, part, injector)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        try injector.read(part, from: base, into: buffer)
    }
}
