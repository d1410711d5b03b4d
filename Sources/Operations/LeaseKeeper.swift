internal import Domain
internal import Logging
internal import Synchronization
internal import Threading

/// Renews the leases of this process's uploads, as long as it lives.
///
/// An upload may wait for its client for hours, so it cannot renew by itself. Dies the process, the leases end, and
/// `glance-tasks` gives the images back.
final class LeaseKeeper: Sendable {
    /// Seconds between two renewals; the lease is six times as long. An upload of an image that was deleted ends so soon.
    private static let pause = 5.0

    let worker: String
    private let uploads: any UploadCatalog
    private let logger: Logger
    private let state = Monitor(State())

    private struct State {
        var held: [String: Lease] = [:]
        var isKeeping = false
    }

    /// What an upload asks whether it may go on.
    final class Lease: Sendable {
        private let lost = Atomic(false)
        /// Bytes that there is room for in what the image's owner may have; nil for any number.
        let room: Int64?

        fileprivate init(room: Int64?) { self.room = room }

        var isLost: Bool { lost.load(ordering: .relaxed) }
        fileprivate func lose() { lost.store(true, ordering: .relaxed) }
    }

    init(worker: String, uploads: any UploadCatalog, logger: Logger) {
        (self.worker, self.uploads, self.logger) = (worker, uploads, logger)
    }

    /// Begins an upload in the catalog and keeps it.
    func begin(_ upload: Upload, claiming claim: QuotaClaim?) throws(Fault) -> Lease {
        let lease = Lease(room: try uploads.begin(upload, by: worker, claiming: claim))
        let mustStart = state.with { state in
            state.held[upload.token] = lease
            defer { state.isKeeping = true }
            return !state.isKeeping
        }
        if mustStart { _ = Thread.start { self.keep() } }
        return lease
    }

    func release(_ upload: Upload) { state.with { $0.held[upload.token] = nil } }

    private func keep() {
        while true {
            // Waits without an end while nothing is held, and then for the pause.
            state.wait { $0.held.isEmpty ? nil : () }
            _ = state.wait(atMost: Self.pause) { $0.held.isEmpty ? () : nil }
            let asked = state.with { $0.held }
            guard !asked.isEmpty else { continue }
            do throws(Fault) {
                let still = try uploads.renew(heldBy: worker)
                for (token, lease) in asked where !still.contains(token) { lease.lose() }
            } catch {
                logger.warning("uploads were not renewed: \(error)")
            }
        }
    }
}
