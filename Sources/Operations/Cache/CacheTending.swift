package import Domain
internal import Logging
internal import Threading

extension CacheKeeper {
    /// Removes images that nobody read for the longest time, until the rest takes no more bytes than it may.
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
                // Another one has to go in its place.
                troubles.note(error)
                continue
            }
            total -= image.size
            pruned = (pruned.files + 1, pruned.bytes + image.size)
            removed.append(image.image)
        }
        if !removed.isEmpty { try records?.forgetCached(removed) }
        return pruned
    }

    /// Removes what is there of images that are gone, and records of what is not there.
    package func sweep() throws(Fault) {
        guard let records else { return }
        let cached = try cache.images().map(\.image)
        let live = try records.live(among: cached)
        var troubles = Troubles()
        for image in cached where !live.contains(image) {
            do throws(Fault) { try cache.remove(image) } catch { troubles.note(error) }
        }
        troubles.log("files of deleted images stay in the image cache until a later try", logger)
        // After the folder was read a file may have come, but no file comes after its record.
        let forgotten = try records.records().map(\.image).filter { cache.bytes(of: $0) == nil }
        if !forgotten.isEmpty { try records.forgetCached(forgotten) }
    }
}

extension CacheKeeper {
    /// Whether anything is wanted in the cache; no where that cannot be told now.
    package var hasQueue: Bool {
        do throws(Fault) { return try !cache.queue().isEmpty } catch { return false }
    }
}

/// Brings in what is wanted in the cache: the queue is a folder of the node, so its own `glance-tasks` does it.
package final class Prefetcher: Sendable {
    private let service: ImageService
    private let keeper: CacheKeeper
    private let isEnding: @Sendable () -> Bool
    private let pauses = Monitor<[ImageID: Double]>([:])

    package init(service: ImageService, keeper: CacheKeeper, isEnding: @escaping @Sendable () -> Bool) {
        (self.service, self.keeper, self.isEnding) = (service, keeper, isEnding)
    }

    /// - Returns: false when nothing is wanted now.
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
                // What cannot leave the queue keeps nothing behind it waiting.
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

    /// - Returns: whether it is done with, because the image is there now or need not be; nil while somebody else brings it in.
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
