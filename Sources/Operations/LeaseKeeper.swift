package import Domain
package import Logging
internal import ServiceMetrics
internal import Synchronization
package import Threading

/// Renews the leases that threads of this process hold, and no others. A lease that was released expires, even if the catalog could not be
/// told.
///
/// A separate thread does this, since an upload may wait for its client for hours. If the process dies, its leases expire, and
/// `glance-tasks` resets their images.
package final class LeaseKeeper: Sendable {
    private let purpose: String
    private let renew: Renewal
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var held: [String: Lease] = [:]
    }

    /// A lease that this process renews; tells its holder whether it is lost.
    package final class Lease: Sendable {
        private let lost = Atomic(false)

        /// Whether the lease is no longer this process's.
        package var isLost: Bool { lost.load(ordering: .relaxed) }
        fileprivate func lose() { lost.store(true, ordering: .relaxed) }
    }

    /// Renews leases by their tokens, and returns the tokens of those that this process still holds.
    package typealias Renewal = @Sendable (Set<String>) -> Result<Set<String>, Fault>

    /// Starts the thread that renews. It runs before the first lease is acquired, so that every lease is renewed.
    ///
    /// - Parameter purpose: what the leases are for, for the log.
    package init(of purpose: String, logger: Logger, renew: @escaping Renewal) throws(ThreadUnavailable) {
        (self.purpose, self.logger, self.renew) = (purpose, logger, renew)
        try Thread.start { self.goOn() }
    }

    /// Renews a lease from now on, until it is released.
    package func keep(_ token: String) -> Lease {
        let lease = Lease()
        state.with { $0.held[token] = lease }
        return lease
    }

    /// Stops renewing a lease.
    package func release(_ token: String) { state.with { $0.held[token] = nil } }

    private var label: LeaseLabel { LeaseLabel(rawValue: purpose) ?? .other }

    private func goOn() {
        while true {
            // Waits without a limit while no lease is held, and then for one period.
            state.wait { $0.held.isEmpty ? nil : () }
            _ = state.wait(atMost: Timing.renewal) { $0.held.isEmpty ? () : nil }
            let asked = state.with { $0.held }
            guard !asked.isEmpty else { continue }
            switch renew(Set(asked.keys)) {
            case .success(let still):
                for (token, lease) in asked where !still.contains(token) {
                    lease.lose()
                    // One that was released meanwhile is not lost: its work has ended.
                    if state.with({ $0.held[token] != nil }) { ServiceMetrics.upkeep.lostLeases.add(label) }
                }
            case .failure(let fault):
                ServiceMetrics.upkeep.failedRenewals.add(label)
                logger.warning("\(purpose) were not renewed: \(fault)")
            }
        }
    }
}
