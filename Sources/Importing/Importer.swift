package import Domain
internal import Logging
package import Operations
internal import ServiceMetrics
package import Threading

/// Runs the ordered jobs, one after another. Many importers may run, in any number of processes: each job is held by one of them under a
/// lease. A job that is interrupted is started again by another worker, which first removes the data of the previous attempt; after some
/// attempts the job fails.
package struct Importer: Sendable {
    let service: ImageService
    let jobs: any JobCatalog
    /// Fetches data that clients name by URL.
    let source: any ImageSource
    let plugins: ImportPlugins
    /// How often the data of a location is read, while its source fails.
    let readingTries: Int
    /// Nil when other regions are not configured.
    let downloads: RegionDownloads?
    private let worker: String
    /// Where this process runs.
    private let site: @Sendable () -> JobSite
    /// The seconds that a job waits for a node that is silent.
    private let patience: Int
    private let leases: LeaseKeeper
    private let isEnding: @Sendable () -> Bool

    /// The number of attempts after which a job fails.
    private static let mostTries = 5

    /// Makes an importer of its parts.
    ///
    /// - Parameter isEnding: called between pieces; an interrupted job is left to another worker.
    package init(
        service: ImageService, jobs: any JobCatalog, source: any ImageSource, plugins: ImportPlugins,
        downloads: RegionDownloads?, site: @escaping @Sendable () -> JobSite, patience: Int, readingTries: Int = 3,
        isEnding: @escaping @Sendable () -> Bool
    ) throws(ThreadUnavailable) {
        (self.service, self.jobs, self.source, self.plugins, self.downloads) = (service, jobs, source, plugins, downloads)
        self.readingTries = readingTries
        (self.site, self.patience, self.isEnding, worker) = (site, patience, isEnding, service.worker)
        let worker = service.worker
        leases = try LeaseKeeper(of: "jobs", logger: service.logger) { tokens in
            Result { () throws(Fault) in try jobs.renew(tokens, ofJobsOf: worker) }
        }
    }

    /// Runs one job.
    ///
    /// - Returns: false when no job waited.
    /// - Throws: when the catalog cannot be asked; then the job is started again when its lease expires.
    package func doOne() throws(Fault) -> Bool {
        let site = self.site()
        guard !isEnding(), let job = try jobs.claim(Upload.freshToken(), by: worker, at: site, patience: patience) else { return false }
        let lease = leases.keep(job.token)
        defer { leases.release(job.token) }
        let run = JobRun(job: job, lease: lease, isEnding: isEnding)
        let author = Author(project: job.task.owner, user: job.task.user)
        do throws(Fault) {
            try Trace.following(job.trace) { () throws(Fault) in
                try Author.following(author) { () throws(Fault) in try perform(run, at: site) }
            }
        } catch {
            run.count(.interrupted)
            throw error
        }
        return true
    }

    /// A job that is running.
    struct JobRun {
        let job: Job
        let lease: LeaseKeeper.Lease
        let isEnding: @Sendable () -> Bool
        let claimedAt = monotonicSeconds()

        /// Whether to stop: the lease is lost, the image was deleted, or the process ends.
        var isCancelled: Bool { lease.isLost || isEnding() }

        func check() throws(Fault) {
            if isCancelled { throw Fault(.gone, "The image was deleted, or another worker has the job.") }
        }
    }

    private func perform(_ run: JobRun, at site: JobSite) throws(Fault) {
        let isLast = run.job.tries > Self.mostTries
        for leftover in run.job.leftovers {
            do throws(Fault) {
                try service.stores.discard(leftover)
            } catch {
                // If a store does not answer, the next attempt asks it again; the last attempt leaves the data there.
                guard isLast else { throw error }
                service.logger.error("data of image \(leftover.image) was not removed from \(leftover.pendingURL): \(error)")
            }
        }
        if let absent = absentNode(of: run.job, seenFrom: site) {
            let fault = Fault(.unreachable, "\(absent), which has the staged data, was silent for \(patience) s.")
            guard case .imageImport(let plan) = run.job.details else { return try giveUp(run, fault) }
            return try giveUp(run, fault) { $0.wait(plan, run.job) }
        }
        guard !isLast else {
            let fault = Fault(.unexpected, "The task was interrupted \(Self.mostTries) times.")
            guard case .imageImport(let plan) = run.job.details else { return try giveUp(run, fault) }
            return try giveUp(run, fault) { $0.undo(plan) }
        }
        switch run.job.details {
        case .imageImport(let plan): try runImport(run, plan)
        case .location(let plan): try runLocation(run, plan)
        case nil: try giveUp(run, Fault(.unexpected, "The details of the task cannot be read."))
        }
    }

    /// The node that a job waited for in vain; nil when this one can do it.
    private func absentNode(of job: Job, seenFrom site: JobSite) -> String? {
        guard job.stagedIn == nil || job.stagedIn != site.staging else { return nil }
        if job.stagedIn == nil, job.node == nil || job.node == site.node { return nil }
        return job.node.map { "The node \($0)" } ?? "The glance-tasks of the machine"
    }

    // MARK: the end of a job

    /// Ends a job that failed: its task gets the message, and the image is reset.
    ///
    /// - Parameter change: changes the image in the same transaction.
    func giveUp(
        _ run: JobRun, _ fault: Fault, _ change: @escaping (inout Image) -> Void = { $0.returnToQueue() }
    ) throws(Fault) {
        let job = run.job
        // A process that ends releases the job. A worker that has lost the lease changes nothing, unless the image was deleted.
        guard !isEnding() else { return try release(run) }
        service.logger.warning("task \(job.task.id) on image \(job.task.image?.text ?? "-") failed: \(fault)")
        do throws(Fault) {
            let owed = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(job, .failure(fault.message), claiming: nil) { image throws(Fault) in
                    image.leave(job.task)
                    image[internal: Image.importError] = ImageText.storable(fault.message)
                    change(&image)
                }
            }
            service.carryOut(owed)
            run.count(.failure)
        } catch {
            guard error.kind == .gone else { throw error }
            // The other worker has the image and its staged data too.
            return service.logger.info("task \(job.task.id) belongs to another worker now")
        }
        unstage(job)
        if job.task.kind == .legacyImport { deleteImage(of: job) }
    }

    /// Leaves a job to another worker, since this process ends.
    func release(_ run: JobRun) throws(Fault) {
        run.count(.interrupted)
        try jobs.release(run.job)
    }

    /// Deletes an image that was created for a failed import. Source: Glance, `base_import.py`.
    private func deleteImage(of job: Job) {
        guard let image = job.task.image else { return }
        do throws(Fault) {
            service.carryOut(try service.images.delete(image, visibleTo: .service) { _ in })
        } catch {
            service.logger.warning("image \(image), whose import failed, was not deleted: \(error)")
        }
    }

    /// Removes staged data when its import has ended, successfully or not.
    func unstage(_ job: Job) {
        if let image = job.task.image { service.unstage(image) }
    }
}

extension Image {
    /// Ends a task's reservation of the image, so that other tasks may work on it.
    mutating func leave(_ task: Task) {
        if self[internal: Image.importTask] == task.id { self[internal: Image.importTask] = nil }
    }
}
