package import Domain
internal import Logging
internal import ServiceMetrics
internal import Threading

extension CacheKeeper {
    /// Removes the images that were not read for the longest time, until the rest has no more bytes than allowed.
    @discardableResult
    package func prune() throws(Fault) -> (files: Int, bytes: Int64) {
        let images = try cache.images().sorted { ($0.lastAccessed, $0.image.text) < ($1.lastAccessed, $1.image.text) }
        var total = images.reduce(0) { $0 + $1.size }
        var removed: [ImageID] = []
        var pruned = (files: 0, bytes: Int64(0))
        var troubles = Troubles()
        defer { troubles.log("files of the image cache stay until a later try", logger) }
        for image in images {
            guard total > largest else { break }
            do throws(Fault) {
                guard try cache.remove(image.image) else {
                    total -= image.size
                    continue
                }
            } catch {
                // Another image has to be removed instead.
                troubles.note(error)
                continue
            }
            total -= image.size
            pruned = (pruned.files + 1, pruned.bytes + image.size)
            removed.append(image.image)
        }
        ServiceMetrics.stores.cachePruned.add(Int64(pruned.files))
        ServiceMetrics.stores.cacheImages.set(Int64(images.count - removed.count))
        ServiceMetrics.stores.cacheBytes.set(total)
        ServiceMetrics.stores.cacheLimit.set(largest)
        if !removed.isEmpty { try records?.forgetCached(removed) }
        return pruned
    }

    /// Removes cached images that no longer exist, and records of images that are not cached.
    package func sweep() throws(Fault) {
        guard let records else { return }
        let cached = try cache.images().map(\.image)
        let live = try records.live(among: cached)
        var troubles = Troubles()
        for image in cached where !live.contains(image) {
            do throws(Fault) { try cache.remove(image) } catch { troubles.note(error) }
        }
        troubles.log("files of deleted images stay in the image cache until a later try", logger)
        // A file may have come since the folder was read, but every file comes before its record.
        let forgotten = try records.records().map(\.image).filter { cache.bytes(of: $0) == nil }
        if !forgotten.isEmpty { try records.forgetCached(forgotten) }
    }
}

extension CacheKeeper {
    /// Whether an image is queued; false when that cannot be found out now.
    package var hasQueue: Bool {
        do throws(Fault) { return try !cache.queue().isEmpty } catch { return false }
    }
}

/// Fetches queued images into the cache. The queue is a folder of this node, so its own `glance-tasks` does this.
package final class Prefetcher: Sendable {
    private let service: ImageService
    private let keeper: CacheKeeper
    private let isEnding: @Sendable () -> Bool
    private let pauses = Monitor<[ImageID: Double]>([:])

    /// Makes a prefetcher of its parts.
    package init(service: ImageService, keeper: CacheKeeper, isEnding: @escaping @Sendable () -> Bool) {
        (self.service, self.keeper, self.isEnding) = (service, keeper, isEnding)
    }

    /// Fetches one image.
    ///
    /// - Returns: false when no image is queued now.
    package func fetchOne() throws(Fault) -> Bool {
        for id in try keeper.cache.queue() {
            guard pauses.with({ $0[id] ?? 0 }) <= monotonicSeconds() else { continue }
            let isDone: Bool?
            do throws(Fault) {
                isDone = try fetch(id)
            } catch {
                keeper.logger.warning("image \(id) could not be brought into the cache: \(error)")
                isDone = false
            }
            switch isDone {
            case nil: continue
            case true?:
                // An image that cannot leave the queue does not delay the others.
                do throws(Fault) {
                    try keeper.cache.dequeue(id)
                    _ = pauses.with { $0.removeValue(forKey: id) }
                } catch {
                    keeper.logger.warning("image \(id) stays in the queue of the cache: \(error)")
                    pauses.with { $0[id] = monotonicSeconds() + Timing.prefetchAgain }
                }
            case false?: pauses.with { $0[id] = monotonicSeconds() + Timing.prefetchAgain }
            }
            return true
        }
        return false
    }

    /// - Returns: whether the image can leave the queue, because it is cached now or cannot be; nil while another thread or process fetches
    ///   it.
    private func fetch(_ id: ImageID) throws(Fault) -> Bool? {
        let image: Image
        do throws(Fault) {
            image = try service.images.locatedImage(id, visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            return true
        }
        guard image.status == .active else { return true }
        if let bytes = keeper.cache.bytes(of: image.id), bytes.size == image.size { return true }
        guard let bytes = try service.bytes(of: image) else { return false }
        guard keeper.mayHold(image, bytes) else { return true }
        guard let fill = try keeper.cache.begin(image.id) else { return nil }
        return keeper.fill(fill, image, size: bytes.size, from: try keeper.source(bytes, for: fill), isEnding: isEnding)
    }
}
