import Domain
import Testing

@Suite struct `The status of an image` {
    /// The status changes of V1 and of V2. Source: Glance, `glance/domain`.
    static let moves: [(ImageStatus, [ImageStatus])] = [
        (.queued, [.saving, .active, .deleted, .uploading, .importing]),
        (.saving, [.active, .killed, .deleted, .queued]),
        (.uploading, [.importing, .queued, .deleted]),
        (.importing, [.active, .deleted, .queued]),
        (.active, [.queued, .pendingDelete, .deleted, .deactivated]),
        (.deactivated, [.active, .deleted]),
        (.killed, [.deleted]),
        (.pendingDelete, [.deleted, .active]),
        (.deleted, []),
    ]

    @Test(arguments: moves) func `moves where it may and nowhere else`(_ from: ImageStatus, _ to: [ImageStatus]) {
        for next in ImageStatus.allCases { #expect(from.mayBecome(next) == to.contains(next)) }
    }

    @Test func `has moves for every status`() {
        #expect(Set(ImageStatus.moves.keys) == Set(ImageStatus.allCases))
    }
}
