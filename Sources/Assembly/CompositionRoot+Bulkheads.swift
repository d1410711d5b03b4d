internal import Options
internal import OsloConfig
internal import Server
internal import Threading

extension CompositionRoot {
    /// The bulkhead of a part that the process depends on; nil in programs that answer no clients.
    func bulkhead(_ part: String) throws -> Bulkhead? {
        guard let bulkheads else { return nil }
        // It is half of the smaller pool, since the calls of both kinds of threads add up.
        let threads = try min(configuration(options.processes.metadataThreads), configuration(options.processes.dataThreads))
        return bulkheads.of(part, share: threads / 2)
    }
}
