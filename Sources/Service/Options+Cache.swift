internal import OsloConfig

extension Options {
    /// Where images from far away are kept on this node. They are sent from there where the flavour says `caching` or
    /// `cachemanagement` besides.
    static let cacheFolder = Option<String?>.optionalText("DEFAULT", "image_cache_dir")
    /// Glance keeps its records in these three ways; here they are in the database in any case.
    enum CacheDriver: String, CaseIterable, Sendable {
        case centralized = "centralized_db"
        case sqlite, xattr
    }
    static let cacheDriver = Option<CacheDriver>.choice("DEFAULT", "image_cache_driver", default: .centralized)
    /// Bytes that pruning leaves.
    static let cacheSize = Option<Int64>.bytes("DEFAULT", "image_cache_max_size", default: 10 << 30)
    /// Seconds after which an image that is not whole is removed.
    static let cacheStallTime = Option<Int>.int("DEFAULT", "image_cache_stall_time", default: 86_400, in: 0...Int.max)
    /// Images that `glance-tasks` brings in at once.
    static let cacheThreads = Option<Int>.int("vitrine", "cache_threads", default: 2, in: 1...64)

    static let cache: [OptionKey] = [cacheFolder.key, cacheDriver.key, cacheSize.key, cacheStallTime.key, cacheThreads.key]
}
