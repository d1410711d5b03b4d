internal import Assembly

/// One run of a periodic job of `glance-tasks` on the image cache, for operators who run it by cron.
enum CacheMaintenance {
    static func clean(_ name: String, _ words: [String]) throws -> Int32 {
        try run(name, words) { root in try root.cleanCache() ? "incomplete files are removed" : nil }
    }

    static func prune(_ name: String, _ words: [String]) throws -> Int32 {
        try run(name, words) { root in try root.pruneCache().map { "\($0.files) images of \($0.bytes) bytes are removed" } }
    }

    static func prefetch(_ name: String, _ words: [String]) throws -> Int32 {
        try run(name, words) { root in
            try root.prefetch().map {
                "\($0.done) images were fetched" + ($0.left > 0 ? "; \($0.left) are still in the queue; see the log" : "")
            }
        }
    }

    /// - Parameter work: does the job and returns a description of what was done; nil if there is no cache.
    private static func run(_ name: String, _ words: [String], _ work: (CompositionRoot) throws -> String?) throws -> Int32 {
        let usage = "\(name) [--config-file PATH] [--config-dir DIR] [--debug] [--log-file PATH] [--log-dir DIR]"
        let words = try OsloWords.wordsWithoutCommand(words, usage: usage)
        if OsloWords.answersByItself(words, usage: usage) { return 0 }
        let root = try CompositionRoot(OsloWords.configuration(words, of: name), program: name)
        write("\(name): \(try work(root) ?? "there is no image cache on this node: image_cache_dir is not set").\n")
        return 0
    }
}
