internal import Domain
internal import Synchronization
internal import Threading

/// Projects that had few memberships a short time ago, so that not every list asks again. If it is wrong meanwhile, a page takes longer.
final class FewMemberships: Sendable {
    /// What is counted: a project's memberships, or those with a status.
    private struct Kind: Hashable {
        let project: String
        let status: Member.Status?
    }

    /// For each kind the end, in seconds of the monotonic clock.
    private let known = Mutex<[Kind: Double]>([:])
    /// Seconds for which an entry counts.
    private static let lifetime = 60.0
    private static let most = 4000

    func contains(_ project: String, _ status: Member.Status?) -> Bool {
        let kind = Kind(project: project, status: status)
        return known.withLock { $0[kind] ?? 0 } > monotonicSeconds()
    }

    func insert(_ project: String, _ status: Member.Status?) {
        let end = monotonicSeconds() + Self.lifetime
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[Kind(project: project, status: status)] = end
        }
    }
}
