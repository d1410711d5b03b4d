internal import Synchronization
package import Threading

/// The bulkheads of a process, one for each part of what it stands on, whoever asks it.
package final class Bulkheads: Sendable {
    private let known = Mutex<[String: Bulkhead]>([:])

    package init() {}

    /// - Parameters:
    ///   - part: what is asked, such as `registry` or `store fast`.
    ///   - share: of threads that may wait for it.
    package func of(_ part: String, share: Int) -> Bulkhead {
        known.withLock { known in
            if let bulkhead = known[part] { return bulkhead }
            let bulkhead = Bulkhead(share: share)
            known[part] = bulkhead
            return bulkhead
        }
    }
}
