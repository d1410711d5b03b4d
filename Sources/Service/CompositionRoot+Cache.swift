internal import APIV2
internal import APICommon
internal import Domain
internal import HTTP
internal import Logging
internal import Operations
internal import OsloConfig
internal import Persistence
internal import Stores
internal import Threading

extension CompositionRoot {
    /// This node's cache; nil where there is none. It has no records where no database is at hand, as in an
    /// old `glance-cache.conf`: `glance-tasks` puts them right.
    var cacheKeeper: CacheKeeper? {
        get throws { try parts.cacheKeeper { try makeCacheKeeper() } }
    }

    private func makeCacheKeeper() throws -> CacheKeeper? {
        guard let folder = try cacheFolder else { return nil }
        let hasRecords = try configuration(Options.connection) != nil && (role != .api || configuration(Options.enableV2API))
        return CacheKeeper(
            CacheFolder(folder, internalPrefix: try cachePrefix), records: hasRecords ? try catalog.cachedImages(of: try cacheNode) : nil,
            largest: try configuration(Options.cacheSize), logger: log.logger("glance.cache"))
    }

    /// The routes of the cache are there in any case, and tell that there is none.
    func routesOfCache(_ service: ImageService, _ keeper: CacheKeeper?) throws -> [Route<Handler>] {
        var settings = CacheService.Settings()
        settings.stallTime = try configuration(Options.cacheStallTime)
        settings.isCentral = try configuration(Options.cacheDriver) == .centralized
        let cache = CacheService(service: service, keeper: keeper, settings: settings)
        let door = CacheHandlers(service: cache)
        var routes = CacheHandlers.routes.map { $0.map { $0(door) } }
        if try flavor.managesCache {
            let management = CacheManagementHandlers(service: cache)
            routes += CacheManagementHandlers.routes.map { $0.map { $0(management) } }
        }
        return routes
    }

    /// The threads of `glance-tasks` that bring in what is wanted; nil where there is no cache.
    func makePrefetching(_ logger: Logger) throws -> Crew? {
        guard try cacheFolder != nil else { return nil }
        return Crew("look after what is wanted in the image cache", logger) { isEnding in
            let prefetcher = Prefetcher(service: try self.service, keeper: try self.cacheKeeper!, isEnding: isEnding)
            return { () throws(Fault) in try prefetcher.fetchOne() }
        }
    }

    func makeCacheRounds() throws -> CacheRounds? {
        guard let keeper = try cacheKeeper else { return nil }
        return CacheRounds(keeper, stallTime: try configuration(Options.cacheStallTime))
    }

    var hasCache: Bool {
        get throws { try cacheFolder != nil }
    }

    /// Source: Glance, whose paste pipelines have the cache in these flavours alone.
    var sendsFromCache: Bool {
        get throws { try flavor.sendsFromCache }
    }

    /// Where nginx finds it. No store is called so: their names begin with no dot.
    var cachePlace: (prefix: String, folder: String)? {
        get throws {
            guard let folder = try cacheFolder, let prefix = try cachePrefix else { return nil }
            return (prefix, folder)
        }
    }

    var cacheFolder: String? {
        get throws {
            guard let folder = try configuration(Options.cacheFolder) else { return nil }
            guard folder.hasPrefix("/") else { throw ConfigurationError(place: "[DEFAULT] image_cache_dir", reason: "is no absolute path") }
            return Self.withoutSlash(folder)
        }
    }

    private var cachePrefix: String? {
        get throws { try configuration(Options.internalPrefix).map { "\($0)/.cache" } }
    }

    /// What the database calls this node: its address, or its name where nobody told one.
    private var cacheNode: String {
        get throws {
            try configuration(Options.selfReference) ?? hostName()
        }
    }
}

/// Keeps the cache to its size, and free of what nobody needs.
final class CacheRounds: Work {
    private let keeper: CacheKeeper
    private let stallTime: Int
    private let count = Monitor(0)

    let purpose = "look after the image cache"
    /// Seconds between two rounds, and rounds of which one cleans: what turned out wrong is there for the operator for an hour.
    private static let pause = 60.0
    private static let cleanings = 60

    init(_ keeper: CacheKeeper, stallTime: Int) { (self.keeper, self.stallTime) = (keeper, stallTime) }

    func doSome() throws(Fault) -> Double {
        // It is kept to its size also while the database is away.
        var refusal: Fault?
        do throws(Fault) { try keeper.sweep() } catch { refusal = error }
        do throws(Fault) { try keeper.prune() } catch { refusal = error }
        let number = count.with { count in
            count += 1
            return count
        }
        if number % Self.cleanings == 0 {
            do throws(Fault) { try keeper.cache.clean(olderThan: stallTime) } catch { refusal = error }
        }
        if let refusal { throw refusal }
        return Self.pause
    }

    func leave() {}
}
