package import Domain

/// The operations on this node's image cache. Source: https://docs.openstack.org/api-ref/image/v2/#cache-manage
package struct CacheService: Sendable {
    private let service: ImageService
    /// Nil when there is no image cache.
    private let keeper: CacheKeeper?
    private let settings: Settings
    private let wakeUp: any WakeUp

    /// The settings of the image cache.
    package struct Settings: Sendable {
        /// The seconds after which an unfinished fill counts as abandoned.
        package var stallTime = 86_400
        /// Whether the database's records of the nodes' caches are shown to clients.
        package var isCentral = false

        /// Makes default settings.
        package init() {}
    }

    /// A cached image as clients see it.
    package struct Entry: Sendable {
        /// The file in the cache.
        package let file: CachedFile
        /// The number of reads.
        package let hits: Int64
        /// The database's record; nil when records are not shown, or there is none.
        package let record: CacheRecord?
    }

    /// Makes a service of its parts.
    ///
    /// - Parameter wakeUp: wakes `glance-tasks` of this node after an image was queued.
    package init(service: ImageService, keeper: CacheKeeper?, settings: Settings, wakeUp: any WakeUp) {
        (self.service, self.keeper, self.settings, self.wakeUp) = (service, keeper, settings, wakeUp)
    }

    /// Lists the images in the cache.
    package func cached(by rule: PolicyRule = .cacheList, for caller: Caller) throws(Fault) -> [Entry] {
        let keeper = try required(rule, caller)
        let files = try keeper.cache.images()
        guard !files.isEmpty, let records = keeper.records else { return files.map { Entry(file: $0, hits: 0, record: nil) } }
        let known = Dictionary(try records.records().map { ($0.image, $0) }) { first, _ in first }
        return files.map { file in
            let record = known[file.image]
            return Entry(file: file, hits: record?.hits ?? 0, record: settings.isCentral ? record : nil)
        }
    }

    /// Lists the images in the queue.
    package func queued(by rule: PolicyRule = .cacheList, for caller: Caller) throws(Fault) -> [ImageID] {
        try required(rule, caller).cache.queue()
    }

    /// Queues an image for the cache. `glance-tasks` of this node fetches it at once; an image that is cached already leaves the queue
    /// then.
    ///
    /// - Throws: `.notFound`, `.forbidden`; `.invalid` for an image that has no data now.
    package func want(_ id: ImageID, by caller: Caller) throws(Fault) {
        let image = try service.images.image(id, visibleTo: caller)
        let keeper = try required(.cacheImage, caller, on: image)
        guard image.status == .active else {
            throw Fault(.invalid, "Only images with status active can be brought into the cache.")
        }
        guard keeper.cache.bytes(of: image.id)?.size != image.size else { return }
        try keeper.cache.enqueue(image.id)
        wakeUp.wakeUp()
    }

    /// Queues an image without reading its record: an image that cannot be fetched leaves the queue by itself.
    package func mark(_ id: ImageID, by caller: Caller) throws(Fault) {
        let keeper = try required(.manageImageCache, caller)
        guard keeper.cache.bytes(of: id) == nil else { return }
        try keeper.cache.enqueue(id)
        wakeUp.wakeUp()
    }

    /// Removes an image from the cache and from the queue.
    ///
    /// - Throws: `.notFound` for an image that neither exists nor is cached.
    package func remove(_ id: ImageID, by caller: Caller) throws(Fault) {
        var image: Image?
        do throws(Fault) {
            image = try service.images.image(id, visibleTo: caller)
        } catch {
            guard error.kind == .notFound, let cache = keeper?.cache else { throw error }
            let isQueued = try cache.queue().contains(id)
            guard isQueued || cache.bytes(of: id) != nil else { throw error }
        }
        let keeper = try required(.cacheDelete, caller, on: image)
        let recorded = image?.id ?? id
        try keeper.cache.dequeue(recorded)
        try remove([recorded], from: keeper)
    }

    /// Removes an image from the cache.
    package func removeCached(_ id: ImageID, by caller: Caller) throws(Fault) {
        try remove([id], from: required(.manageImageCache, caller))
    }

    /// Removes an image from the queue.
    package func removeQueued(_ id: ImageID, by caller: Caller) throws(Fault) {
        try required(.manageImageCache, caller).cache.dequeue(id)
    }

    /// Removes all images from the cache.
    ///
    /// - Returns: the number of images that were removed.
    @discardableResult
    package func removeAllCached(by rule: PolicyRule = .cacheDelete, for caller: Caller) throws(Fault) -> Int {
        let keeper = try required(rule, caller)
        return try remove(keeper.cache.images().map(\.image), from: keeper)
    }

    /// Empties the queue.
    ///
    /// - Returns: the number of images that were removed.
    @discardableResult
    package func removeAllQueued(by rule: PolicyRule = .cacheDelete, for caller: Caller) throws(Fault) -> Int {
        let cache = try required(rule, caller).cache
        var count = 0
        var refusal: Fault?
        for id in try cache.queue() {
            do throws(Fault) {
                if try cache.dequeue(id) { count += 1 }
            } catch {
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return count
    }

    /// Lists the nodes that have an image in their caches.
    ///
    /// - Throws: `.conflict` when the records are not shared.
    package func nodes(caching id: ImageID, for caller: Caller) throws(Fault) -> [String] {
        let keeper = try required(.listCachedNodes, caller)
        guard settings.isCentral, let records = keeper.records else {
            throw Fault(.conflict, "The nodes of this service do not share the records of their image caches.")
        }
        _ = try service.images.image(id, visibleTo: caller)
        return try records.nodes(caching: id)
    }

    /// Checks that the caller may clear the cache.
    package func checkMayClear(_ caller: Caller) throws(Fault) { try required(.cacheDelete, caller) }

    /// Removes rejected and abandoned files.
    package func clean(by caller: Caller) throws(Fault) {
        try required(.cacheClean, caller).cache.clean(olderThan: settings.stallTime)
    }

    /// Prunes the cache to its size.
    package func prune(by caller: Caller) throws(Fault) -> (files: Int, bytes: Int64) { try required(.cachePrune, caller).prune() }

    /// - Throws: `.forbidden` first, then `.notFound` when there is no cache.
    @discardableResult
    private func required(_ rule: PolicyRule, _ caller: Caller, on image: Image? = nil) throws(Fault) -> CacheKeeper {
        if let image {
            try service.policy.require(rule, onVisible: image, by: caller)
        } else {
            try service.policy.require(rule, on: AttributeTarget([:]), by: caller)
        }
        guard let keeper else { throw Fault(.notFound, "This service has no image cache.") }
        return keeper
    }

    /// - Throws: the first fault, after all were tried.
    @discardableResult
    private func remove(_ ids: [ImageID], from keeper: CacheKeeper) throws(Fault) -> Int {
        var removed: [ImageID] = []
        var refusal: Fault?
        for id in ids {
            do throws(Fault) {
                if try keeper.cache.remove(id) { removed.append(id) }
            } catch {
                refusal = refusal ?? error
            }
        }
        if !removed.isEmpty { try keeper.records?.forgetCached(removed) }
        if let refusal { throw refusal }
        return removed.count
    }
}
