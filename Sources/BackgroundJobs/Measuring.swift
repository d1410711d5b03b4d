package import Domain
internal import Glibc
internal import ServiceMetrics

/// The periodic job that reads the figures of the whole installation from the database, for the metrics.
///
/// A scrape never asks the database: while it is away, the last figures stay, and `vitrine_database_up` is 0.
package struct Measuring: PeriodicJob {
    private let catalog: any BacklogCatalog

    /// Makes a job.
    package init(_ catalog: any BacklogCatalog) { self.catalog = catalog }

    /// The name of the work in the log.
    package var purpose: String { "look after figures" }

    /// Reads the figures once, and returns the pause.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        let metrics = ServiceMetrics.backlog
        do throws(Fault) {
            let backlog = try catalog.backlog()
            for queue in Backlog.Queue.allCases {
                let label = QueueLabel(queue)
                metrics.counts.set(Int64(backlog[queue].count), label)
                metrics.ages.set(seconds: Double(backlog[queue].oldestSeconds), label)
            }
            metrics.isDatabaseUp.set(1)
            metrics.readAt.set(seconds: Double(time(nil)))
        } catch {
            metrics.isDatabaseUp.set(0)
            // Other jobs log a database that is away.
            guard error.kind == .unavailable else { throw error }
        }
        return Timing.measuring
    }
}

extension QueueLabel {
    fileprivate init(_ queue: Backlog.Queue) {
        self =
            switch queue {
            case .jobsWaiting: .jobsWaiting
            case .jobsRunning: .jobsRunning
            case .copies: .copies
            case .uploads: .uploads
            case .uploadsAbandoned: .uploadsAbandoned
            case .removals: .removals
            case .notifications: .notifications
            case .imagesSaving: .imagesSaving
            case .imagesUploading: .imagesUploading
            case .imagesImporting: .imagesImporting
            case .imagesPendingDelete: .imagesPendingDelete
            }
    }
}

/// The periodic job that asks one store for its space, for the metrics. Each store has a thread of its own, since a file system that hangs
/// holds its thread; its `vitrine_store_measured_timestamp_seconds` then stays behind.
package struct SpaceMeasuring: PeriodicJob {
    private let stores: any StoreSpaces
    private let store: String

    /// Makes a job for each store that has a space.
    package static func jobs(for stores: any StoreSpaces) -> [SpaceMeasuring] {
        stores.measuredStores.map { SpaceMeasuring(stores: stores, store: $0) }
    }

    /// The name of the work in the log.
    package var purpose: String { "look after the space of store \(store)" }

    /// Asks once, and returns the pause.
    package func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        let (metrics, name) = (ServiceMetrics.stores, StoreName(store))
        do throws(Fault) {
            let space = try stores.space(of: store)
            metrics.free.set(space.free, name)
            metrics.size.set(space.size, name)
            metrics.isUp.set(1, name)
        } catch {
            // The store's own calls log its trouble.
            metrics.isUp.set(0, name)
        }
        metrics.measuredAt.set(seconds: Double(time(nil)), name)
        return Timing.measuringSpace
    }
}
