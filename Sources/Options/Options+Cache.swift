package import OsloConfig

extension Options {
    /// Options of the image cache.
    package struct Cache: OptionDeclarations {
        package let folder = Option<String?>.optionalText("DEFAULT", "image_cache_dir")
            .help(
                """
                Folder of this node's cache of images of http stores; images are sent from it where the flavor has caching or cachemanagement.
                """)
        /// How Glance keeps the records of the cache; here they are in the database in any case.
        package enum Driver: String, CaseIterable, Sendable {
            case centralized = "centralized_db"
            case sqlite, xattr
        }
        package let driver = Option<Driver>.choice("DEFAULT", "image_cache_driver", default: .centralized)
            .help("Only whether nodes tell each other what they have cached (centralized_db); the records are in the database in any case.")
        package let size = Option<Int64>.bytes("DEFAULT", "image_cache_max_size", default: 10 << 30)
            .help("Bytes that the cache is pruned to, once a minute.")
        package let stallTime = Option<Int>.int("DEFAULT", "image_cache_stall_time", default: 86_400, in: 0...Int.max)
            .help("Seconds after which an unfinished image of the cache is removed.")
        package let threads = Option<Int>.int("vitrine", "cache_threads", default: 2, in: 1...64)
            .help("Images that a process of glance-tasks fetches into the cache at once.")
    }
}
