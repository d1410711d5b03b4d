package import Domain
package import Logging
internal import Threading

/// A lease under which one process of all does some work, so that its order is kept. Used by one thread.
package final class LeaderLease {
    package enum Standing {
        /// The lease is this process's, and was at the call before.
        case held
        /// It is this process's from now on: somebody else may have done what was read before.
        case acquired
        case somebodyElses
    }

    private let name: String
    private let purpose: String
    private let leases: any LeaderLeaseCatalog
    private let worker: String
    private let logger: Logger
    /// Of a clock that only goes forward: until when the lease is ours for sure.
    private var end = -Double.infinity

    /// - Parameters:
    ///   - name: names the work among all that have a leader.
    ///   - purpose: what the work is, for the log.
    ///   - worker: names this process.
    package init(_ name: String, of purpose: String, in leases: any LeaderLeaseCatalog, by worker: String, _ logger: Logger) {
        (self.name, self.purpose, self.leases, self.worker, self.logger) = (name, purpose, leases, worker, logger)
    }

    /// Acquires the lease, or renews it where not enough of it is left to begin something.
    package func acquire() throws(Fault) -> Standing {
        let now = monotonicSeconds()
        if now < end - Timing.leaderMargin { return .held }
        let wasHeld = now < end
        guard try leases.acquireLeaderLease(name, by: worker, seconds: Timing.leaderLease) else {
            forget()
            return .somebodyElses
        }
        end = now + Double(Timing.leaderLease)
        return wasHeld ? .held : .acquired
    }

    /// Asks for it anew the next time.
    package func forget() { end = -.infinity }

    /// Releases it at once, so that others need not wait for its end.
    package func release() {
        guard end > monotonicSeconds() else { return }
        forget()
        do throws(Fault) {
            try leases.releaseLeaderLease(name, by: worker)
        } catch {
            logger.warning("others wait for \(purpose) until our lease ends: \(error)")
        }
    }
}
