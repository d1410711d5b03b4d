import Domain
import Foundation
import Stores
import Synchronization
import TestSupport
import Testing
import Threading

/// One slow dependency never occupies more than its share of the threads.
@Suite struct `A store behind a bulkhead` {
    @Test(arguments: ImageStoreConformance.checks)
    func `does what every store does`(_ check: ConformanceCheck<any ImageStore>) throws {
        let folder = "\(TestFolder.root)/guarded-\(UInt64.random(in: 0 ... .max))"
        try check.run(GuardedStore(FileStore([.init(path: folder)]), Bulkhead(share: 1)))
    }

    @Test func `refuses at once while its share waits for it, and others go on`() throws {
        let slow = try StuckStore("slow")
        let quick = try StuckStore("quick")
        let stores = StoreSet([
            member(slow, Bulkhead(share: 2, slow: 0.05), isDefault: true), member(quick, Bulkhead(share: 2, slow: 0.05)),
        ])
        slow.isStuck = true
        let waiting = (0..<2).map { _ in Going { try stores.bytes(at: slow.location) } }
        #expect(eventually { slow.waiting == 2 })
        usleep(100_000)
        for _ in 0..<50 {
            let fault = refusal { _ = try stores.bytes(at: slow.location) }
            #expect(fault?.kind == .unavailable)
            #expect(fault?.headers.contains { $0.name == "Retry-After" } == true)
            #expect(refusal { _ = try stores.begin(.fresh(), token: "t", announcing: 1, in: "slow") }?.kind == .unavailable)
            #expect(refusal { try stores.remove(slow.location) }?.kind == .unavailable)
            #expect(refusal { _ = try stores.bytes(at: quick.location) } == nil)
        }
        // No other call was made meanwhile.
        #expect(slow.waiting == 2)
        slow.isStuck = false
        for thread in waiting { #expect(thread.end() == nil) }
        #expect(refusal { _ = try stores.bytes(at: slow.location) } == nil)
    }

    @Test func `refuses no bytes of an upload, and begins none while these are stuck`() throws {
        let store = try StuckStore("slow")
        let stores = StoreSet([member(store, Bulkhead(share: 2, slow: 0.05), isDefault: true)])
        let uploads = try (0..<4).map { try stores.begin(.fresh(), token: "t\($0)", announcing: nil, in: nil) }
        let piece = [UInt8](repeating: 1, count: 100)
        store.isStuck = true
        let waiting = uploads.map { upload in
            Going { try piece.withUnsafeBytes { bytes throws in try upload.append(bytes) } }
        }
        #expect(eventually { store.waiting == 4 })
        usleep(100_000)
        #expect(refusal { _ = try stores.begin(.fresh(), token: "late", announcing: nil, in: nil) }?.kind == .unavailable)
        #expect(refusal { _ = try stores.bytes(at: store.location) }?.kind == .unavailable)
        store.isStuck = false
        for thread in waiting { #expect(thread.end() == nil) }
        for upload in uploads { #expect(throws: Never.self) { try upload.commit() } }
        #expect(refusal { _ = try stores.bytes(at: store.location) } == nil)
    }

    /// While all calls are fast, more threads than the share are no reason to refuse any.
    @Test func `refuses nobody while it is quick`() throws {
        let store = try StuckStore("quick")
        let stores = StoreSet([member(store, Bulkhead(share: 2, slow: 60), isDefault: true)])
        let threads = (0..<24).map { _ in
            Going { for _ in 0..<200 { _ = try stores.bytes(at: store.location) } }
        }
        for thread in threads { #expect(thread.end() == nil) }
    }

    private func member(_ store: StuckStore, _ bulkhead: Bulkhead, isDefault: Bool = false) -> StoreSet.Member {
        var info = StoreInfo(id: store.name, type: "file")
        info.isDefault = isDefault
        return StoreSet.Member(info, GuardedStore(store, bulkhead))
    }

    private func refusal(_ body: () throws -> Void) -> Fault? {
        do {
            try body()
            return nil
        } catch {
            return error as? Fault ?? Fault(.unexpected, "\(error)")
        }
    }
}

/// A file store whose calls hang, like those to an NFS server that is away.
private final class StuckStore: ImageStore {
    let name: String
    let location: ImageLocation
    private let base: FileStore
    private let state = Monitor((isStuck: false, waiting: 0))

    init(_ name: String) throws {
        self.name = name
        base = try FileStore(name: name, [.init(path: "\(TestFolder.root)/stuck-\(UInt64.random(in: 0 ... .max))")])
        let bytes = try base.begin(.fresh(), token: "first", announcing: 5)
        try Array("hello".utf8).withUnsafeBytes { piece throws in try bytes.append(piece) }
        location = try bytes.commit()
        bytes.confirm()
    }

    var isStuck: Bool {
        get { state.with { $0.isStuck } }
        set { state.with { $0.isStuck = newValue } }
    }
    var waiting: Int { state.with { $0.waiting } }

    private func pass() {
        state.with { $0.waiting += 1 }
        state.wait { $0.isStuck ? nil : () }
        state.with { $0.waiting -= 1 }
    }

    func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        pass()
        return StuckBytes(base: try base.begin(id, token: token, announcing: size), pass: pass)
    }
    func bytes(at url: String) throws(Fault) -> Blob {
        pass()
        return try base.bytes(at: url)
    }
    func remove(_ url: String) throws(Fault) {
        pass()
        try base.remove(url)
    }
    func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        pass()
        try base.remove(url, ifStill: isMeant)
    }
    func discard(_ upload: Upload) throws(Fault) { try base.discard(upload) }
    func discardPending(_ upload: Upload) throws(Fault) { try base.discardPending(upload) }
    func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] { try base.pendingUploads(olderThan: seconds) }
    func holds(_ url: String) -> Bool { base.holds(url) }

    private final class StuckBytes: BlobWriter {
        let base: any BlobWriter
        let pass: @Sendable () -> Void
        init(base: any BlobWriter, pass: @escaping @Sendable () -> Void) { (self.base, self.pass) = (base, pass) }

        var url: String { base.url }
        func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
            pass()
            try base.append(bytes)
        }
        func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
            try base.take(fileAt: path, size: size, isCancelled: isCancelled)
        }
        func taken() throws(Fault) -> any ByteStream { try base.taken() }
        func commit() throws(Fault) -> ImageLocation { try base.commit() }
        func confirm() { base.confirm() }
        func discard() -> Bool { base.discard() }
    }
}

/// A call on its own thread.
private final class Going: Sendable {
    private let failure = Mutex<String?>(nil)
    private let thread = Mutex<JoinableThread?>(nil)

    init<Value>(_ body: @escaping @Sendable () throws -> Value) {
        thread.withLock { thread in
            thread = try! JoinableThread { [self] in
                do { _ = try body() } catch { failure.withLock { $0 = "\(error)" } }
            }
        }
    }

    /// Waits for it.
    ///
    /// - Returns: its error.
    func end() -> String? {
        thread.withLock { $0 }?.join()
        return failure.withLock { $0 }
    }
}
