/// The queues of an installation, as one statement found them.
package struct Backlog: Sendable, Equatable {
    /// A queue, or a state in which things do not stay.
    package enum Queue: String, Sendable, CaseIterable {
        /// Jobs that no worker holds.
        case jobsWaiting = "jobs_waiting"
        /// Jobs that a worker holds.
        case jobsRunning = "jobs_running"
        /// V1's copies that are ordered and not made.
        case copies
        /// Uploads whose lease is valid.
        case uploads
        /// Uploads whose lease has expired, so that the sweeper must end them.
        case uploadsAbandoned = "uploads_abandoned"
        /// Data that must be removed from a store.
        case removals
        /// Notifications that are not sent.
        case notifications
        /// Images whose data is being uploaded.
        case imagesSaving = "images_saving"
        /// Images whose data is being staged, or is staged and waits for an import.
        case imagesUploading = "images_uploading"
        /// Images whose data is being imported.
        case imagesImporting = "images_importing"
        /// Deleted images that keep their data until the scrubber comes.
        case imagesPendingDelete = "images_pending_delete"
    }

    /// The length of a queue.
    package struct Depth: Sendable, Equatable {
        /// The number of things in it.
        package var count = 0
        /// The age of the oldest in seconds; 0 where the queue is empty or keeps no times.
        package var oldestSeconds = 0

        /// Makes an empty queue.
        package init() {}
    }

    private var depths: [Queue: Depth] = [:]

    /// Makes a backlog of empty queues.
    package init() {}

    /// The length of a queue.
    package subscript(queue: Queue) -> Depth {
        get { depths[queue] ?? Depth() }
        set { depths[queue] = newValue }
    }
}

/// The images of an installation in the form that the dashboards of OpenStack show.
package struct ImageSurvey: Sendable, Equatable {
    /// An image.
    package struct Entry: Sendable, Equatable {
        /// The image's id.
        package var id: String
        /// Its name; empty when it has none.
        package var name: String
        /// Its size in bytes; 0 when it has no data.
        package var size: Int64
        /// The project that owns it; empty when none does.
        package var project: String
        /// The time of its creation, in seconds since 1970.
        package var createdAt: Int64
        /// Whether lists leave it out.
        package var isHidden: Bool
        /// Its status.
        package var status: String
        /// Its visibility.
        package var visibility: String

        /// Makes an entry of its parts.
        package init(
            id: String, name: String, size: Int64, project: String, createdAt: Int64, isHidden: Bool, status: String, visibility: String
        ) {
            (self.id, self.name, self.size, self.project) = (id, name, size, project)
            (self.createdAt, self.isHidden, self.status, self.visibility) = (createdAt, isHidden, status, visibility)
        }
    }

    /// The number of images that are not deleted.
    package var count: Int
    /// The newest of them, as many as were asked for.
    package var newest: [Entry]

    /// Makes a survey of its parts.
    package init(count: Int, newest: [Entry]) { (self.count, self.newest) = (count, newest) }
}

/// What the verifications of a store have found.
package struct VerifiedStore: Sendable, Equatable {
    /// The name of the store, as in `Finding`; empty for what is in no store.
    package var store: String
    /// The end of the last verification that read all data, in seconds since 1970; nil when there was none.
    package var endedAt: Int64?
    /// The findings that are not repaired: those of that verification and of all since.
    package var findings: [FindingKind: Int]

    /// Makes a result of its parts.
    package init(store: String, endedAt: Int64?, findings: [FindingKind: Int]) {
        (self.store, self.endedAt, self.findings) = (store, endedAt, findings)
    }
}

/// The records from which `glance-tasks` takes the figures of the whole installation.
package protocol BacklogCatalog: Sendable {
    /// Measures all queues with one statement.
    ///
    /// The number of notifications is exact up to a thousand and may be somewhat too large beyond.
    ///
    /// - Throws: `.unavailable` when the records cannot be read now.
    func backlog() throws(Fault) -> Backlog

    /// Counts the images and reads the newest with one statement.
    ///
    /// - Parameter most: the largest number of images that are read.
    /// - Throws: `.unavailable` when the records cannot be read now.
    func surveyImages(atMost most: Int) throws(Fault) -> ImageSurvey

    /// Counts what the verifications have found, in each store that was verified.
    ///
    /// - Throws: `.unavailable` when the records cannot be read now.
    func verifiedStores() throws(Fault) -> [VerifiedStore]
}
