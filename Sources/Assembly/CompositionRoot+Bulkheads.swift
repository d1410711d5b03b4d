internal import Options
internal import OsloConfig
internal import Server
internal import ServiceMetrics
internal import Threading

extension CompositionRoot {
    /// The bulkhead of a part that the process depends on; nil in programs that answer no clients.
    func bulkhead(_ part: String) throws -> Bulkhead? {
        guard let bulkheads else { return nil }
        // It is half of the smaller pool, since the calls of both kinds of threads add up.
        let threads = try min(configuration(options.processes.metadataThreads), configuration(options.processes.dataThreads))
        return bulkheads.of(part, share: threads / 2, refused: Self.countRefusals(by: part))
    }

    /// Counts what a part's bulkhead refuses.
    static func countRefusals(by part: String) -> @Sendable () -> Void {
        let refusals = ServiceMetrics.neighbours.refusals[Labels1(PartLabel(part))]
        return { refusals.add() }
    }
}

extension PartLabel {
    /// - Parameter part: the name of a bulkhead.
    fileprivate init(_ part: String) {
        self =
            switch part {
            case _ where part.hasPrefix("store "): .store
            case "sources": .source
            case "keystone": .keystone
            case "keystone limits": .limits
            case "registry": .registry
            case "policy": .policy
            case "barbican": .barbican
            case "other nodes": .nodes
            default: .other
            }
    }
}
