internal import Synchronization
package import Threading

/// The bulkheads of a process, one for each part that it depends on.
package final class Bulkheads: Sendable {
    private let known = Mutex<[String: Bulkhead]>([:])

    package init() {}

    /// - Parameters:
    ///   - part: such as `registry` or `store fast`.
    ///   - share: the number of threads that may wait for it.
    ///   - refused: called for each call that is refused.
    package func of(_ part: String, share: Int, refused: @escaping @Sendable () -> Void) -> Bulkhead {
        known.withLock { known in
            if let bulkhead = known[part] { return bulkhead }
            let bulkhead = Bulkhead(share: share, refused: refused)
            known[part] = bulkhead
            return bulkhead
        }
    }
}
