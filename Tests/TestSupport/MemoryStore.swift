import Domain
import Foundation
import Synchronization

/// A store in this process's memory, in place of one on an engine. It has no folders, it has room for one object of each image, as object
/// stores and Ceph have, and its engine copies objects by itself.
package final class MemoryStore: ListedStore, MeasuredStore, HealthProbe {
    /// An engine, which has several pools.
    package final class Engine: Sendable {
        fileprivate struct Object {
            var bytes: [UInt8]
            var token: String
            var isConfirmed: Bool
        }

        fileprivate struct State {
            var objects: [String: Object] = [:]
            var unfinished: [String: (image: ImageID, url: String, bytes: [UInt8])] = [:]
            var fault: Fault?
            var hangs = false
            var copies = 0
        }

        fileprivate let state = Mutex(State())

        package init() {}

        /// Has every call fail from now on; nil ends that.
        package func fail(_ fault: Fault?) { state.withLock { $0.fault = fault } }
        /// Has every call wait until this is false.
        package var hangs: Bool {
            get { state.withLock { $0.hangs } }
            set { state.withLock { $0.hangs = newValue } }
        }
        /// The copies that the engine made by itself.
        package var copies: Int { state.withLock { $0.copies } }
        /// The URLs of all objects.
        package var urls: [String] { state.withLock { $0.objects.keys.sorted() } }

        /// Puts bytes at a URL, whoever has written what was there.
        package func put(_ bytes: [UInt8], at url: String) {
            state.withLock { $0.objects[url] = Object(bytes: bytes, token: "", isConfirmed: true) }
        }

        package func removeAll() { state.withLock { ($0.objects, $0.unfinished) = ([:], [:]) } }

        fileprivate func use<Value: Sendable>(_ body: (inout State) throws(Fault) -> Value) throws(Fault) -> Value {
            while hangs { usleep(10_000) }
            return try state.withLock { state throws(Fault) in
                if let fault = state.fault { throw fault }
                return try body(&state)
            }
        }
    }

    private let engine: Engine
    private let prefix: String
    private let suffix: String
    /// Whether the engine copies from any of its pools.
    private let copies: Bool
    package let healthName: String

    /// - Parameters:
    ///   - prefix: what stands before the image's id in a location.
    ///   - suffix: what stands behind it.
    package init(
        _ name: String, on engine: Engine, prefix: String = "rbd://cluster/images/", suffix: String = "/snap", copies: Bool = false
    ) {
        (healthName, self.engine, self.prefix, self.suffix, self.copies) = (name, engine, prefix, suffix, copies)
    }

    package func url(of image: String) -> String { prefix + image + suffix }

    private static let size: Int64 = 1 << 40

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        guard id.isUUID else { throw Fault(.invalid, "An image's id must be a UUID.") }
        guard size ?? 0 < Self.size else { throw Fault(.tooLarge, "The store is full.") }
        let url = url(of: id.text)
        try engine.use { state in state.unfinished[token] = (id, url, []) }
        return Writer(url, token, of: healthName, on: engine, copies: copies)
    }

    /// - Returns: the URL of the object and the token.
    private func parts(_ upload: Upload) -> (url: String, token: String)? {
        let parts = upload.pendingURL.split(separator: "?upload=", maxSplits: 1)
        guard parts.count == 2, holds(String(parts[0])) else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    package func discard(_ upload: Upload) throws(Fault) {
        guard let (url, token) = parts(upload) else { return }
        try engine.use { state in
            state.unfinished[token] = nil
            if let object = state.objects[url], object.token == token, !object.isConfirmed { state.objects[url] = nil }
        }
    }

    package func discardPending(_ upload: Upload) throws(Fault) {
        guard let (url, token) = parts(upload) else { return }
        try engine.use { state in
            state.unfinished[token] = nil
            if state.objects[url]?.token == token { state.objects[url]?.isConfirmed = true }
        }
    }

    /// All of them: nobody waits in a test until they are old.
    package func pendingUploads(olderThan seconds: Int) throws(Fault) -> [Upload] {
        try engine.use { state in
            let unfinished = state.unfinished.filter { $0.value.url.hasPrefix(prefix) }.map { token, pending in
                Upload(image: pending.image, token: token, pendingURL: "\(pending.url)?upload=\(token)")
            }
            let committed = state.objects.filter { holds($0.key) && !$0.value.isConfirmed }.map { url, object in
                Upload(image: ImageID(name(of: url)), token: object.token, pendingURL: "\(url)?upload=\(object.token)")
            }
            return unfinished + committed
        }
    }

    package func names(olderThan seconds: Int) throws(Fault) -> [String] {
        try engine.use { state in state.objects.keys.filter(holds).map(name) }
    }

    private func name(of url: String) -> String { String(url.dropFirst(prefix.count).dropLast(suffix.count)) }

    package func remove(_ url: String) throws(Fault) {
        guard holds(url) else { return }
        try engine.use { state in state.objects[url] = nil }
    }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) { if try isMeant() { try remove(url) } }

    package func holds(_ url: String) -> Bool {
        url.hasPrefix(prefix) && url.hasSuffix(suffix) && url.count > prefix.count + suffix.count && !name(of: url).contains("/")
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        let found: [UInt8]? = holds(url) ? try engine.use { state in state.objects[url]?.bytes } : nil
        guard let found else { throw Fault(.notFound, "The data is not there.") }
        let engine = engine
        return Blob(size: Int64(found.count), internalPath: nil) { offset throws(Fault) in
            try engine.use { _ in }
            return Stream(found[Int(offset)...])
        }
    }

    package func space() throws(Fault) -> StoreSpace {
        try engine.use { state in
            StoreSpace(free: Self.size - state.objects.values.reduce(0) { $0 + Int64($1.bytes.count) }, size: Self.size)
        }
    }

    package func checkHealth() throws(Fault) { try engine.use { _ in } }

    private final class Writer: BlobWriter {
        private let object: String
        private let token: String
        private let store: String
        private let engine: Engine
        private let copies: Bool
        private let isCommitted = Atomic(false)
        let url: String

        init(_ object: String, _ token: String, of store: String, on engine: Engine, copies: Bool) {
            (self.object, self.token, self.store, self.engine, self.copies) = (object, token, store, engine, copies)
            url = "\(object)?upload=\(token)"
        }

        deinit { if !isCommitted.load(ordering: .relaxed) { discard() } }

        private static let fenced = Fault(.gone, "The upload was taken back.")

        func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
            try engine.use { state throws(Fault) in
                guard state.unfinished[token] != nil else { throw Self.fenced }
                state.unfinished[token]?.bytes += Array(bytes)
            }
        }

        func take(fileAt path: String, size: Int64, isCancelled: () -> Bool) -> Bool { false }

        func take(dataAt url: String, size: Int64, isCancelled: () -> Bool) throws(Fault) -> Bool {
            guard copies else { return false }
            if isCancelled() { throw Fault(.gone, "The copy was cancelled.") }
            return try engine.use { state throws(Fault) in
                guard let source = state.objects[url], source.bytes.count == size else { return false }
                guard state.unfinished[token] != nil else { throw Self.fenced }
                state.unfinished[token]?.bytes = source.bytes
                state.copies += 1
                return true
            }
        }

        func taken() throws(Fault) -> any ByteStream {
            Stream(try engine.use { state in (state.unfinished[token]?.bytes ?? [])[...] })
        }

        func commit() throws(Fault) -> ImageLocation {
            try engine.use { state throws(Fault) in
                guard let pending = state.unfinished[token] else { throw Self.fenced }
                guard state.objects[object] == nil else { throw Fault(.conflict, "The store has data of this image.") }
                state.objects[object] = Engine.Object(bytes: pending.bytes, token: token, isConfirmed: false)
                state.unfinished[token] = nil
            }
            isCommitted.store(true, ordering: .relaxed)
            return ImageLocation(url: object).labelled(store)
        }

        func confirm() {
            engine.state.withLock { state in if state.objects[object]?.token == token { state.objects[object]?.isConfirmed = true } }
        }

        @discardableResult
        func discard() -> Bool {
            engine.state.withLock { state in
                guard state.fault == nil else { return false }
                state.unfinished[token] = nil
                if state.objects[object]?.token == token { state.objects[object] = nil }
                return true
            }
        }
    }

    private final class Stream: ByteStream {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let piece = rest.prefix(min(buffer.count, 40_000))
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }
}
