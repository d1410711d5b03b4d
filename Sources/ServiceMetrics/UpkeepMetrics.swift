/// The metrics of leases, removals and deletions: the upkeep that `glance-tasks` does.
package struct UpkeepMetrics: MetricGroup {
    package let abandonedUploads = Counters<NoLabels>(
        "vitrine_uploads_abandoned_total", "Uploads whose process was gone, and whose images the sweeper has given back.")
    package let strays = Counters<NoLabels>(
        "vitrine_stray_files_removed_total", "Files of unfinished data that belonged to no upload or import, and were removed.")
    package let deadWorkers = Counters<NoLabels>(
        "vitrine_dead_workers_total", "Processes of this machine that ended without releasing their leases.")
    package let lostLeases = Counters<Labels1<LeaseLabel>>(
        "vitrine_leases_lost_total",
        "Leases that this process held and another has now, or whose image was deleted during the work.")
    package let failedRenewals = Counters<Labels1<LeaseLabel>>(
        "vitrine_lease_renewal_failures_total", "Renewals of leases for which the database could not be asked.")
    package let removals = Counters<Labels1<RemovalLabel>>("vitrine_removals_total", "Removals of data from stores that were tried.")
    package let scrubbedImages = Counters<NoLabels>(
        "vitrine_scrubbed_images_total", "Deleted images whose data the scrubber removed after their delay.")
    package let scrubbedBytes = Counters<NoLabels>("vitrine_scrubbed_bytes_total", "Bytes of these images.")
    package let failedRuns = Counters<NoLabels>(
        "vitrine_background_failures_total", "Runs of background work that ended with an error, such as that of an unavailable database.")

    package init() {}
}

/// What a lease is for.
package enum LeaseLabel: String, KnownLabel {
    case uploads, jobs, other
    package static let label = "kind"
}

/// How a removal of data ended.
package enum RemovalLabel: String, KnownLabel {
    case done, failed
    /// Other removals from the same folder have failed.
    case skipped
    /// Other data of the image is being written.
    case waiting
    package static let label = "outcome"
}

/// The figures of the whole installation that `glance-tasks` reads from the database. Every `glance-tasks` sets the same.
package struct BacklogMetrics: MetricGroup {
    package let isDatabaseUp = Gauges<NoLabels>(
        "vitrine_database_up", "Whether the database answered the last question for these figures: 1 or 0.", .min)
    package let readAt = Gauges<NoLabels>(
        "vitrine_backlog_read_timestamp_seconds", "When the figures of the queues were last read, in seconds since 1970.", .max)
    package let counts = Gauges<Labels1<QueueLabel>>("vitrine_backlog", "Things in each queue of the installation.", .max)
    package let ages = Gauges<Labels1<QueueLabel>>(
        "vitrine_backlog_oldest_seconds", "Age of the oldest thing in each queue; 0 where it is empty or keeps no times.", .max)

    package init() {}
}

/// The queues of an installation.
package enum QueueLabel: String, KnownLabel {
    case jobsWaiting = "jobs_waiting"
    case jobsRunning = "jobs_running"
    case copies, uploads
    case uploadsAbandoned = "uploads_abandoned"
    case removals, notifications
    case imagesSaving = "images_saving"
    case imagesUploading = "images_uploading"
    case imagesImporting = "images_importing"
    case imagesPendingDelete = "images_pending_delete"
    package static let label = "queue"
}
