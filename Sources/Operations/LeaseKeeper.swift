package import Domain
package import Logging
internal import Synchronization
package import Threading

/// Renews the leases that threads of this process work under, and no others. A lease that was released expires, also if the catalog could
/// not be told.
///
/// A thread of its own does it, since an upload may wait for its client for hours. If the process dies, its leases expire, and
/// `glance-tasks` puts the images back that they were for.
package final class LeaseKeeper: Sendable {
    private let purpose: String
    private let renew: Renewal
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var held: [String: Lease] = [:]
    }

    /// Tells those who work under a lease whether they may go on.
    package final class Lease: Sendable {
        private let lost = Atomic(false)

        package var isLost: Bool { lost.load(ordering: .relaxed) }
        fileprivate func lose() { lost.store(true, ordering: .relaxed) }
    }

    /// Renews leases by their tokens, and tells the tokens of those that are still this process's own.
    package typealias Renewal = @Sendable (Set<String>) -> Result<Set<String>, Fault>

    /// Its thread is there before the first lease is: nobody holds one that is not renewed.
    ///
    /// - Parameter purpose: what the leases are of, for the log.
    package init(of purpose: String, logger: Logger, renew: @escaping Renewal) throws(ThreadUnavailable) {
        (self.purpose, self.logger, self.renew) = (purpose, logger, renew)
        try Thread.start { self.goOn() }
    }

    /// Keeps a lease that was just begun.
    package func keep(_ token: String) -> Lease {
        let lease = Lease()
        state.with { $0.held[token] = lease }
        return lease
    }

    package func release(_ token: String) { state.with { $0.held[token] = nil } }

    private func goOn() {
        while true {
            // Waits without an end while nothing is held, and then for the pause.
            state.wait { $0.held.isEmpty ? nil : () }
            _ = state.wait(atMost: Timing.renewal) { $0.held.isEmpty ? () : nil }
            let asked = state.with { $0.held }
            guard !asked.isEmpty else { continue }
            switch renew(Set(asked.keys)) {
            case .success(let still): for (token, lease) in asked where !still.contains(token) { lease.lose() }
            case .failure(let fault): logger.warning("\(purpose) were not renewed: \(fault)")
            }
        }
    }
}
