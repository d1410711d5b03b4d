internal import Domain
internal import Operations
internal import Options
internal import OsloConfig
internal import Persistence

/// What operators' programs do at once that `glance-tasks` does by itself in rounds, and what they look at.
extension CompositionRoot {
    // MARK: the image cache

    /// - Returns: what went; nil where this node has no cache.
    package func pruneCache() throws -> (files: Int, bytes: Int64)? {
        guard let keeper = try cacheKeeper else { return nil }
        try keeper.sweep()
        return try keeper.prune()
    }

    /// - Returns: false where this node has no cache.
    package func cleanCache() throws -> Bool {
        guard let keeper = try cacheKeeper else { return false }
        try keeper.cache.clean(olderThan: try configuration(options.cache.stallTime))
        return true
    }

    /// Brings in every image that is wanted in the cache, one after another.
    ///
    /// - Returns: how many came in, and how many are wanted still; nil where this node has no cache.
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

    // MARK: looking

    /// Whether the values of the configuration make sense, as far as this can be told without making or asking anything.
    ///
    /// - Throws: `ConfigurationError` for the first that does not.
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
