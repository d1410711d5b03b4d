package import Domain
package import Logging
internal import Threading

/// A lease under which one process of an installation does some work, so that its order is kept. Used by one thread.
package final class LeaderLease {
    /// The result of acquiring the lease.
    package enum Standing {
        /// This process holds the lease, and held it at the previous call.
        case held
        /// This process has acquired the lease: another process may have done what was read before.
        case acquired
        /// Another process holds the lease.
        case heldByAnother
    }

    private let name: String
    private let purpose: String
    private let leases: any LeaderLeaseCatalog
    private let worker: String
    private let logger: Logger
    /// The time of the monotonic clock until which this process certainly holds the lease.
    private var end = -Double.infinity

    /// Makes a lease that is not acquired yet.
    ///
    /// - Parameters:
    ///   - name: the name of the work, unique in the installation.
    ///   - purpose: the name of the work in the log.
    ///   - worker: the name of this process.
    package init(_ name: String, of purpose: String, in leases: any LeaderLeaseCatalog, by worker: String, _ logger: Logger) {
        (self.name, self.purpose, self.leases, self.worker, self.logger) = (name, purpose, leases, worker, logger)
    }

    /// Acquires the lease, or renews it when too little time is left to begin something.
    package func acquire() throws(Fault) -> Standing {
        let now = monotonicSeconds()
        if now < end - Timing.leaderMargin { return .held }
        let wasHeld = now < end
        guard try leases.acquireLeaderLease(name, by: worker, seconds: Timing.leaderLease) else {
            forget()
            return .heldByAnother
        }
        end = now + Double(Timing.leaderLease)
        return wasHeld ? .held : .acquired
    }

    /// Forgets that the lease is held; the next call of `acquire` asks the catalog.
    package func forget() { end = -.infinity }

    /// Releases the lease at once, so that other processes need not wait for its expiry.
    package func release() {
        guard end > monotonicSeconds() else { return }
        forget()
        do throws(Fault) {
            try leases.releaseLeaderLease(name, by: worker)
        } catch {
            logger.warning("the leader lease of \(purpose) was not released; others wait until it expires: \(error)")
        }
    }
}
