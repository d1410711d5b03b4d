internal import Domain
internal import Threading

/// Projects that had few memberships a short time ago, so that not every list asks again. If it is wrong meanwhile, a page takes longer.
struct FewMemberships: Sendable {
    /// What is counted: a project's memberships, or those with a status.
    private struct Kind: Hashable {
        let project: String
        let status: Member.Status?
    }

    private let known = ExpiringCache<Kind, Void>(seconds: 60, most: 4000)

    func contains(_ project: String, _ status: Member.Status?) -> Bool { known[Kind(project: project, status: status)] != nil }

    func insert(_ project: String, _ status: Member.Status?) { known.keep((), for: Kind(project: project, status: status)) }
}
