internal import Domain
internal import Logging
internal import Operations
internal import Synchronization
internal import Threading

/// The stores that an import writes to, all from one stream. Let go before `commit()`, they leave nothing behind.
final class ImportTargets: @unchecked Sendable {
    /// Nil for the only store of a site.
    private let names: [String?]
    private let mustAll: Bool
    private var sinks: [ImportTarget] = []
    private let logger: Logger

    /// One store that takes bytes; after a fault it only looks on.
    private final class ImportTarget: @unchecked Sendable {
        let store: String?
        let bytes: any BlobWriter
        /// The bytes are there as a whole, and none of the stream are wanted.
        var isFilled = false
        private let failure = Mutex<Fault?>(nil)

        init(_ store: String?, _ bytes: any BlobWriter) { (self.store, self.bytes) = (store, bytes) }

        var fault: Fault? { failure.withLock { $0 } }

        /// - Returns: as `BlobWriter.discard`.
        @discardableResult
        func fail(_ fault: Fault) -> Bool {
            failure.withLock { $0 = fault }
            return bytes.discard()
        }

        /// A store that may fail does not hold up the others; when the last one has failed, whoever pours is told.
        func append(_ piece: UnsafeRawBufferPointer, mustSucceed: Bool) throws(Fault) {
            guard fault == nil else { return }
            do throws(Fault) {
                try bytes.append(piece)
            } catch {
                fail(error)
                if mustSucceed { throw error }
            }
        }
    }

    /// Why stores have nothing, by their names.
    private(set) var failures: [(store: String?, fault: Fault)] = []

    /// Begins bytes in every store.
    ///
    /// - Parameters:
    ///   - stores: names; none for the only store of a site.
    ///   - mustAll: whether one store that fails ends all.
    /// - Throws: the fault of a store, where it must not fail or is the last.
    init(
        _ stores: [String], of image: ImageID, token: String, announcing size: Int64?, mustAll: Bool, in set: any ImageStores,
        _ logger: Logger
    ) throws(Fault) {
        names = stores.isEmpty ? [nil] : stores
        (self.mustAll, self.logger) = (mustAll, logger)
        for name in names {
            do throws(Fault) {
                sinks.append(ImportTarget(name, try set.begin(image, token: token, announcing: size, in: name)))
            } catch {
                try note(error, of: name)
            }
        }
    }

    /// What the stores call the bytes until they are committed.
    var urls: [String] { sinks.map(\.bytes.url) }
    var count: Int { names.count }
    /// Whether there is a store that waits for the stream.
    var wantsStream: Bool { sinks.contains { !$0.isFilled && $0.fault == nil } }

    /// Gives a file of this machine to the stores that can take it whole, one after another.
    ///
    /// - Parameters:
    ///   - isCancelled: given the bytes that are there so far.
    ///   - verify: reads what a store has taken, and throws what is wrong with it.
    func take(
        fileAt path: String, size: Int64, isCancelled: (_ done: Int64) -> Bool, verify: (any ByteStream) throws(Fault) -> Void
    ) throws(Fault) {
        for (place, sink) in sinks.enumerated() where sink.fault == nil {
            do throws(Fault) {
                sink.isFilled = try sink.bytes.take(fileAt: path, size: size) { isCancelled(Int64(place) * size) }
                if sink.isFilled { try verify(try sink.bytes.taken()) }
            } catch {
                guard error.kind != .gone else { throw error }
                sink.fail(error)
                try note(error, of: sink.store)
            }
        }
    }

    var readers: [StreamTee<Fault>.Reader] {
        var readers: [StreamTee<Fault>.Reader] = []
        let mustAll = mustAll
        for sink in sinks where !sink.isFilled && sink.fault == nil {
            // Apart: in another closure it crashes the compiler (Swift 6.3.1).
            let reader: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try sink.append(piece, mustSucceed: mustAll) }
            readers.append(reader)
        }
        return readers
    }

    /// - Throws: the last fault, when every store has failed.
    func checkAny() throws(Fault) {
        for sink in sinks where sink.fault == nil { return }
        throw sinks.last?.fault ?? failures.last?.fault ?? Fault(.unexpected, "No store takes the image.")
    }

    /// Makes the bytes durable and visible in every store that has them.
    ///
    /// - Throws: the fault of a store, where it must not fail or is the last; then nothing is left anywhere.
    func commit() throws(Fault) -> [ImageLocation] {
        var locations: [ImageLocation] = []
        for sink in sinks {
            do throws(Fault) {
                if let fault = sink.fault { throw fault }
                locations.append(try sink.bytes.commit())
            } catch {
                let isGone = sink.fail(error)
                if !failures.contains(where: { $0.store == sink.store }) { try note(error, of: sink.store) }
                // The job ends well all the same: such a store is to keep no other from having the image.
                if !isGone { logger.error("data that were \(sink.bytes.url) stay in store \(sink.store ?? "file"), which has failed") }
            }
        }
        try checkAny()
        return locations
    }

    /// Says that the record tells of what was committed.
    func confirm() {
        for sink in sinks where sink.fault == nil { sink.bytes.confirm() }
    }

    /// Removes the bytes from every store, committed or not.
    ///
    /// - Returns: as `BlobWriter.discard`, of all of them.
    func discard() -> Bool { sinks.count { !$0.bytes.discard() } == 0 }

    private func note(_ fault: Fault, of store: String?) throws(Fault) {
        failures.append((store, fault))
        if mustAll || failures.count == names.count { throw fault }
        logger.warning("store \(store ?? "file") does not take the image: \(fault)")
    }
}
