internal import OsloConfig
internal import Synchronization
internal import Threading

/// The bulkheads of a process, one for each part of what it stands on, whoever asks it.
final class Bulkheads: Sendable {
    private let known = Mutex<[String: Bulkhead]>([:])

    /// - Parameters:
    ///   - part: what is asked, such as `registry` or `store fast`.
    ///   - share: of threads that may wait for it.
    func of(_ part: String, share: Int) -> Bulkhead {
        known.withLock { known in
            if let bulkhead = known[part] { return bulkhead }
            let bulkhead = Bulkhead(share: share)
            known[part] = bulkhead
            return bulkhead
        }
    }
}

extension CompositionRoot {
    /// The bulkhead of a part; nil in programs that answer no clients.
    func bulkhead(_ part: String) throws -> Bulkhead? {
        guard let bulkheads else { return nil }
        // Half of the smaller pool: the calls of both kinds of threads add up.
        let threads = try min(configuration(Options.metadataThreads), configuration(Options.dataThreads))
        return bulkheads.of(part, share: threads / 2)
    }
}
