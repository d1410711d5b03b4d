internal import APICommon
internal import APIV2
internal import Domain
internal import HTTP
internal import Operations
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence
internal import Stores

extension CompositionRoot {
    /// This node's image cache; nil if there is none. Without a database, as with an old `glance-cache.conf`, it has no records;
    /// `glance-tasks` puts them right.
    var cacheKeeper: CacheKeeper? {
        get throws { try parts.cacheKeeper { try makeCacheKeeper() } }
    }

    private func makeCacheKeeper() throws -> CacheKeeper? {
        guard let folder = try cacheFolder else { return nil }
        let hasRecords = try configuration(options.database.connection) != nil && (role != .api || configuration(options.api.enableV2))
        return CacheKeeper(
            CacheFolder(folder, internalPrefix: try cachePrefix), records: hasRecords ? try catalog.cachedImages(of: try cacheNode) : nil,
            largest: try configuration(options.cache.size), logger: log.logger("glance.cache"))
    }

    /// What operators ask of the cache. It is there where there is no cache too, and says so.
    func makeCacheService(_ service: ImageService) throws -> CacheService {
        var settings = CacheService.Settings()
        settings.stallTime = try configuration(options.cache.stallTime)
        settings.isCentral = try configuration(options.cache.driver) == .centralized
        return CacheService(service: service, keeper: try cacheKeeper, settings: settings, wakeUp: try makeWakeUp())
    }

    var hasCache: Bool {
        get throws { try cacheFolder != nil }
    }

    /// Whether images are sent from the cache. Source: Glance, whose paste pipelines have the cache in these flavors only.
    var sendsFromCache: Bool {
        get throws { try flavor.sendsFromCache }
    }

    /// The path at which nginx finds the cache, and its folder. No store has this path, since no name of a store begins with a dot.
    var cachePlace: (prefix: String, folder: String)? {
        get throws {
            guard let folder = try cacheFolder, let prefix = try cachePrefix else { return nil }
            return (prefix, folder)
        }
    }

    var cacheFolder: String? {
        get throws {
            guard let folder = try configuration(options.cache.folder) else { return nil }
            guard folder.hasPrefix("/") else { throw ConfigurationError(place: "[DEFAULT] image_cache_dir", reason: "is no absolute path") }
            return Self.withoutSlash(folder)
        }
    }

    private var cachePrefix: String? {
        get throws { try configuration(options.processes.internalPrefix).map { "\($0)/.cache" } }
    }

    /// The name of this node in the database: its address, or its host name if no address is set.
    var cacheNode: String {
        get throws {
            try configuration(options.imports.selfReference) ?? hostName()
        }
    }
}
