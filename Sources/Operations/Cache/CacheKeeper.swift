internal import Cryptography
package import Domain
package import Logging
internal import ServiceMetrics
internal import Threading

/// Fills this node's cache with images and finds them there.
///
/// If the cache fails, images are sent from their stores.
package final class CacheKeeper: Sendable {
    /// The cache of this node.
    package let cache: any ImageCache
    /// Nil when there is no database: reads are not counted then.
    let records: (any CacheRecords)?
    /// The size in bytes to which the cache is pruned; a larger image is not cached.
    let largest: Int64
    let logger: Logger
    private let state = Monitor(State())

    private struct State {
        /// Reads that are not in the database yet.
        var hits: [ImageID: Int] = [:]
        /// Whether the thread that writes them is running.
        var isCounting = false
        /// Whether the last attempt to fill the cache failed.
        var isInTrouble = false
    }

    /// Makes a keeper of its parts.
    package init(_ cache: any ImageCache, records: (any CacheRecords)?, largest: Int64, logger: Logger) {
        (self.cache, self.records, self.largest, self.logger) = (cache, records, largest, logger)
    }

    /// The cached data of an image that the caller may read; nil when it is not cached.
    func hit(_ image: Image) -> Blob? {
        guard image.status == .active || image.status == .deactivated, var bytes = cache.bytes(of: image.id), bytes.size == image.size
        else { return nil }
        ServiceMetrics.stores.cacheReads.add(.hit)
        bytes.isCached = true
        cache.touch(image.id)
        count(image.id)
        return bytes
    }

    /// The data of a store, read by way of the cache. Local files are not cached, since the cache would be slower.
    func fetched(_ image: Image, _ bytes: Blob) -> Blob {
        guard bytes.path == nil, mayHold(image, bytes) else { return bytes }
        var cached = bytes
        cached.openWhole = { () throws(Fault) in try self.open(image, bytes) }
        return cached
    }

    func mayHold(_ image: Image, _ bytes: Blob) -> Bool {
        image.status == .active && image.id.isUUID && 1...max(1, largest) ~= bytes.size
    }

    private func open(_ image: Image, _ bytes: Blob) throws(Fault) -> any ByteStream {
        var fill: (any CacheFill)?
        do throws(Fault) {
            fill = try cache.begin(image.id)
        } catch {
            ServiceMetrics.stores.cacheReads.add(.miss)
            noteTrouble(error)
            return try bytes.open(0)
        }
        ServiceMetrics.stores.cacheReads.add(fill == nil ? .joined : .miss)
        let source = try fill.map { (fill) throws(Fault) in try self.source(bytes, for: fill) }
        // The file is opened before the fill may rename it.
        let growing = cache.growing(image.id)
        if let fill, let source {
            let held = Held(source: source, fill: fill)
            let size = bytes.size
            do throws(ThreadUnavailable) {
                try Thread.start { _ = self.fill(held.fill, image, size: size, from: held.source) }
            } catch {
                fill.discard()
                noteTrouble(.noThread(error))
                return source
            }
        }
        if let growing { return FollowingReader(growing, bytes) }
        // The fill ended in the meantime.
        guard let whole = cache.bytes(of: image.id), whole.size == bytes.size else { return try bytes.open(0) }
        return try whole.open(0)
    }

    /// Opens the data for a fill, or discards the fill.
    func source(_ bytes: Blob, for fill: any CacheFill) throws(Fault) -> any ByteStream {
        do throws(Fault) {
            return try bytes.open(0)
        } catch {
            fill.discard()
            throw error
        }
    }

    /// A fill that is handed from one thread to another.
    private struct Held: @unchecked Sendable {
        let source: any ByteStream
        let fill: any CacheFill
    }

    /// Fills the cache with an image, to the end.
    ///
    /// - Parameter isEnding: whether to stop half-way.
    /// - Returns: whether the image is in the cache now.
    func fill(
        _ fill: any CacheFill, _ image: Image, size: Int64, from source: any ByteStream, isEnding: () -> Bool = { false }
    ) -> Bool {
        let outcome = filled(fill, image, size: size, from: source, isEnding: isEnding)
        ServiceMetrics.stores.cacheFills.add(outcome)
        return outcome == .filled
    }

    private func filled(
        _ fill: any CacheFill, _ image: Image, size: Int64, from source: any ByteStream, isEnding: () -> Bool
    ) -> CacheFillLabel {
        let isFull = Monitor(false)
        let writing: StreamTee<Fault>.Reader = { piece throws(Fault) in
            do throws(Fault) {
                try fill.append(piece)
            } catch {
                isFull.with { $0 = true }
                throw error
            }
        }
        var digests: [(digest: Digest, expected: String)] = []
        if let checksum = image.checksum, let digest = Digest("md5") { digests.append((digest, checksum)) }
        if let hash = image.hash, let digest = Digest(hash.algorithm) { digests.append((digest, hash.value)) }
        var readers = [writing]
        for (digest, _) in digests {
            let reader: StreamTee<Fault>.Reader = { digest.update($0) }
            readers.append(reader)
        }
        var limits = ImageLimits()
        limits.size = size
        do throws(Fault) {
            _ = try StreamCopy(limits: limits, announced: size).run(from: source, to: readers, isSlowAllowed: true) { _ throws(Fault) in
                if isEnding() { throw Fault(.gone, "The process ends.") }
            }
        } catch {
            if isFull.with({ $0 }) {
                fill.discard()
                noteTrouble(error)
            } else if isEnding() || error.cause is ThreadUnavailable {
                fill.discard()
            } else {
                logger.error("image \(image.id) was not cached, since its data could not be read completely: \(error)")
                fill.reject()
                return .rejected
            }
            return .failed
        }
        guard digests.allSatisfy({ $0.digest.finish() == $0.expected.lowercased() }) else {
            logger.error("a store's data of image \(image.id) does not have the image's digests; it is neither cached nor sent")
            fill.reject()
            return .rejected
        }
        do throws(Fault) {
            try fill.commit()
        } catch {
            fill.discard()
            noteTrouble(error)
            return .failed
        }
        noteFilled(image, size)
        return .filled
    }

    private func noteFilled(_ image: Image, _ size: Int64) {
        state.with { $0.isInTrouble = false }
        logger.info("image \(image.id) is in the cache")
        do throws(Fault) {
            try cache.dequeue(image.id)
            try records?.noteCached(image.id, size: size, checksum: image.checksum)
        } catch {
            logger.warning("image \(image.id) is in the cache, but this was not recorded: \(error)")
        }
    }

    /// Removes an image that is deleted, or no longer wanted. A failure is left to the sweep.
    func drop(_ id: ImageID) {
        do throws(Fault) {
            try cache.dequeue(id)
            if try cache.remove(id) { try records?.forgetCached([id]) }
        } catch {
            logger.warning("image \(id) stays in the cache until it is swept: \(error)")
        }
    }

    /// Logs the first failure only, until the cache takes an image again: every download would report the same.
    private func noteTrouble(_ fault: Fault) {
        let isNews = state.with { state in
            defer { state.isInTrouble = true }
            return !state.isInTrouble
        }
        if isNews { logger.error("the image cache cannot be filled; images are sent from their stores: \(fault)") }
    }

    // MARK: counting

    /// The seconds for which reads are collected, so that no reader waits for the database.
    private static let gathering = 1.0

    private func count(_ id: ImageID) {
        guard let records else { return }
        let isFirst = state.with { state in
            state.hits[id, default: 0] += 1
            defer { state.isCounting = true }
            return !state.isCounting
        }
        guard isFirst else { return }
        do throws(ThreadUnavailable) {
            try Thread.start { self.tell(records) }
        } catch {
            // The next read tries again.
            state.with { $0.isCounting = false }
        }
    }

    /// The thread that writes the numbers of reads to the database.
    private func tell(_ records: any CacheRecords) {
        while true {
            state.wait { $0.hits.isEmpty ? nil : () }
            let never: Void? = state.wait(atMost: Self.gathering) { _ in nil }
            assert(never == nil)
            let hits = state.with { state in
                defer { state.hits = [:] }
                return state.hits
            }
            do throws(Fault) {
                try records.add(hits: hits)
            } catch {
                logger.warning("reads from the cache were not counted: \(error)")
            }
        }
    }
}
