package import Domain
internal import ServiceMetrics

/// The periodic job that reads from the database what verifications have found, for the metrics.
package struct FindingMeasuring: PeriodicJob {
    private let catalog: any BacklogCatalog

    /// Makes a job.
    package init(_ catalog: any BacklogCatalog) { self.catalog = catalog }

    /// The name of the work in the log.
    package var purpose: String { "look after the figures of verifications" }

    /// Reads the findings once, and returns the pause.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        do throws(Fault) {
            for verified in try catalog.verifiedStores() {
                let name = StoreName(verified.store.isEmpty ? "none" : verified.store)
                for kind in FindingKind.allCases {
                    let place = FindingPlace(FindingLabel(kind), name)
                    ServiceMetrics.verification.findings[place].set(Int64(verified.findings[kind] ?? 0))
                }
                if let ended = verified.endedAt { ServiceMetrics.verification.endedAt.set(seconds: Double(ended), name) }
            }
        } catch {
            // Other jobs log a database that is away.
            guard error.kind == .unavailable else { throw error }
        }
        return Timing.surveying
    }
}

extension FindingLabel {
    fileprivate init(_ kind: FindingKind) {
        self =
            switch kind {
            case .orphanFile: .orphanFile
            case .missingFile: .missingFile
            case .sizeMismatch: .sizeMismatch
            case .checksumMismatch: .checksumMismatch
            case .hashMismatch: .hashMismatch
            case .unfinishedFile: .unfinishedFile
            case .stagedLeftover: .stagedLeftover
            case .wrongPermissions: .wrongPermissions
            case .sharedFile: .sharedFile
            case .unknownFolder: .unknownFolder
            case .noLocation: .noLocation
            case .cacheOrphan: .cacheOrphan
            case .wrongFormat: .wrongFormat
            case .notVerified: .notVerified
            }
    }
}
