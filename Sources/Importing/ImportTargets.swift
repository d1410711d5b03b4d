internal import Domain
internal import Logging
internal import Operations
internal import Synchronization
internal import Threading

/// The stores that an import writes to, all from one stream. If they are dropped before `commit()`, no data is left.
final class ImportTargets: @unchecked Sendable {
    /// The names; nil for a single store without a name.
    private let names: [String?]
    private let mustAll: Bool
    private var targets: [ImportTarget] = []
    private let logger: Logger

    /// A store that data is written to. After a fault it ignores the stream.
    private final class ImportTarget: @unchecked Sendable {
        let store: String?
        let bytes: any BlobWriter
        /// Whether the store has taken the whole file, and needs no stream.
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

        /// Appends bytes. A store that may fail does not stop the others; `checkAny` reports that all have failed.
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

    /// The faults of stores, with their names.
    private(set) var failures: [(store: String?, fault: Fault)] = []

    /// Begins to write data in every store.
    ///
    /// - Parameters:
    ///   - stores: the stores' names; empty for a single store without a name.
    ///   - mustAll: whether one store that fails fails the import.
    /// - Throws: the fault of a store that must not fail, or of the last one.
    init(
        _ stores: [String], of image: ImageID, token: String, announcing size: Int64?, mustAll: Bool, in set: any ImageStores,
        _ logger: Logger
    ) throws(Fault) {
        names = stores.isEmpty ? [nil] : stores
        (self.mustAll, self.logger) = (mustAll, logger)
        for name in names {
            do throws(Fault) {
                targets.append(ImportTarget(name, try set.begin(image, token: token, announcing: size, in: name)))
            } catch {
                try note(error, of: name)
            }
        }
    }

    /// The stores' URLs for the data until it is committed.
    var urls: [String] { targets.map(\.bytes.url) }
    /// The number of stores, including those that have failed.
    var count: Int { names.count }
    /// Whether a store waits for the stream.
    var wantsStream: Bool { targets.contains { !$0.isFilled && $0.fault == nil } }

    /// Gives data to the stores that can take it whole, one after another: as a local file, or on the side of an engine that has it.
    ///
    /// - Parameters:
    ///   - url: the location of the data.
    ///   - path: the path of the data as a local file; nil when it is none.
    ///   - isCancelled: called with the number of bytes so far.
    ///   - verify: reads the data that a store has taken, and throws when it is damaged.
    func take(
        dataAt url: String, fileAt path: String?, size: Int64, isCancelled: (_ done: Int64) -> Bool,
        verify: (any ByteStream) throws(Fault) -> Void
    ) throws(Fault) {
        for (place, target) in targets.enumerated() where target.fault == nil {
            func isEnding() -> Bool { isCancelled(Int64(place) * size) }
            do throws(Fault) {
                if let path { target.isFilled = try target.bytes.take(fileAt: path, size: size, isCancelled: isEnding) }
                if !target.isFilled { target.isFilled = try target.bytes.take(dataAt: url, size: size, isCancelled: isEnding) }
                if target.isFilled { try verify(try target.bytes.taken()) }
            } catch {
                guard error.kind != .gone else { throw error }
                target.fail(error)
                try note(error, of: target.store)
            }
        }
    }

    /// The readers of the stream tee, one for each store that waits for the stream.
    var readers: [StreamTee<Fault>.Reader] {
        var readers: [StreamTee<Fault>.Reader] = []
        let mustAll = mustAll
        for target in targets where !target.isFilled && target.fault == nil {
            // A separate constant: within another closure this closure crashes the compiler (Swift 6.3.1).
            let reader: StreamTee<Fault>.Reader = { (piece) throws(Fault) in try target.append(piece, mustSucceed: mustAll) }
            readers.append(reader)
        }
        return readers
    }

    /// - Throws: the last fault, when every store has failed.
    func checkAny() throws(Fault) {
        for target in targets where target.fault == nil { return }
        throw targets.last?.fault ?? failures.last?.fault ?? Fault(.unexpected, "No store takes the image.")
    }

    /// Makes the data durable and visible in every store that has it.
    ///
    /// - Throws: the fault of a store that must not fail, or of the last one; the caller then discards the data.
    func commit() throws(Fault) -> [ImageLocation] {
        var locations: [ImageLocation] = []
        for target in targets {
            do throws(Fault) {
                if let fault = target.fault { throw fault }
                locations.append(try target.bytes.commit())
            } catch {
                let isGone = target.fail(error)
                if !failures.contains(where: { $0.store == target.store }) { try note(error, of: target.store) }
                // The job still succeeds: this store must not keep the others from having the image.
                if !isGone { logger.error("\(Self.words(target.store)) failed and keeps data at \(target.bytes.url); remove it") }
            }
        }
        try checkAny()
        return locations
    }

    /// Reports that a record refers to the committed data.
    func confirm() {
        for target in targets where target.fault == nil { target.bytes.confirm() }
    }

    /// Removes the data from every store, committed or not.
    ///
    /// - Returns: as `BlobWriter.discard`, for all of them.
    func discard() -> Bool {
        // Each is discarded, also after one that cannot be.
        targets.map { $0.bytes.discard() }.allSatisfy(\.self)
    }

    private func note(_ fault: Fault, of store: String?) throws(Fault) {
        failures.append((store, fault))
        if mustAll || failures.count == names.count { throw fault }
        logger.warning("\(Self.words(store)) does not take the image: \(fault)")
    }

    private static func words(_ store: String?) -> String { store.map { "store \($0)" } ?? "the store" }
}
