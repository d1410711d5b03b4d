internal import Domain
internal import Operations
internal import Options
internal import OsloConfig
internal import Persistence

/// The work of operators' programs: jobs that `glance-tasks` does periodically, and checks.
extension CompositionRoot {
    // MARK: the image cache

    /// Prunes the image cache to its largest size.
    ///
    /// - Returns: what was removed; nil if this node has no cache.
    package func pruneCache() throws -> (files: Int, bytes: Int64)? {
        guard let keeper = try cacheKeeper else { return nil }
        try keeper.sweep()
        return try keeper.prune()
    }

    /// Removes unfinished images from the cache.
    ///
    /// - Returns: false if this node has no cache.
    package func cleanCache() throws -> Bool {
        guard let keeper = try cacheKeeper else { return false }
        try keeper.cache.clean(olderThan: try configuration(options.cache.stallTime))
        return true
    }

    /// Fetches every image that is queued for the cache, one after another.
    ///
    /// - Returns: how many were fetched, and how many are still queued; nil if this node has no cache.
    package func prefetch() throws -> (done: Int, left: Int)? {
        guard try hasCache else { return nil }
        let keeper = try cacheKeeper!
        let before = try keeper.cache.queue().count
        guard before > 0 else { return (0, 0) }
        let prefetcher = Prefetcher(service: try service, keeper: keeper, isEnding: { false })
        while try prefetcher.fetchOne() {}
        let left = try keeper.cache.queue().count
        return (max(0, before - left), left)
    }

    // MARK: checks

    /// Checks values of the configuration, as far as this needs no other service and creates nothing.
    ///
    /// - Throws: `ConfigurationError` for the first one that is wrong.
    package func checkValues() throws {
        _ = try backends
        _ = try makeLimits()
        _ = try makeFormatRules()
        _ = (try hasCache, try identity)
        for option in [
            options.processes.metadataThreads, options.processes.dataThreads, options.processes.copyThreads, options.imports.threads,
            options.deletion.wakeupTime,
        ] {
            _ = try configuration(option)
        }
    }
}
