internal import APIV2
internal import APICommon
internal import Domain
internal import HTTP
internal import Operations
internal import OsloConfig
internal import Persistence
internal import Stores

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

    /// What operators ask of the cache. It is there where there is no cache too, and says so.
    func makeCacheService(_ service: ImageService) throws -> CacheService {
        var settings = CacheService.Settings()
        settings.stallTime = try configuration(Options.cacheStallTime)
        settings.isCentral = try configuration(Options.cacheDriver) == .centralized
        return CacheService(service: service, keeper: try cacheKeeper, settings: settings, wakeUp: try makeWakeUp())
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
