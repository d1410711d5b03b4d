package import Domain
internal import Logging
package import Operations
package import Threading

/// Does the jobs that were ordered, one after another. Many may work at once, in any number of processes: each job is in the hands of
/// one of them, under a lease. One that is left half-way, by a process that died or ends, is begun anew by somebody else, who first
/// removes what the one before left; after some tries it is given up.
package struct Importer: Sendable {
    let service: ImageService
    let jobs: any JobCatalog
    /// Where bytes come from that clients name by URL.
    let source: any ImageSource
    let plugins: ImportPlugins
    /// Nil where nobody knows of other regions.
    let downloads: RegionDownloads?
    private let worker: String
    /// The address of this node.
    private let host: String?
    /// Seconds that a job waits for a node of which nothing is heard.
    private let patience: Int
    private let leases: LeaseKeeper
    private let isEnding: @Sendable () -> Bool

    /// How often a job is begun before it is given up.
    private static let mostTries = 5

    /// - Parameter isEnding: asked between pieces; what is half-way is left to somebody else.
    package init(
        service: ImageService, jobs: any JobCatalog, source: any ImageSource, plugins: ImportPlugins,
        downloads: RegionDownloads?, host: String?, patience: Int, isEnding: @escaping @Sendable () -> Bool
    ) throws(ThreadUnavailable) {
        (self.service, self.jobs, self.source, self.plugins, self.downloads) = (service, jobs, source, plugins, downloads)
        (self.host, self.patience, self.isEnding, worker) = (host, patience, isEnding, service.worker)
        let worker = service.worker
        leases = try LeaseKeeper(of: "jobs", logger: service.logger) { tokens in
            Result { () throws(Fault) in try jobs.renew(tokens, ofJobsOf: worker) }
        }
    }

    /// Does one job.
    ///
    /// - Returns: false when none was waiting.
    /// - Throws: when the catalog cannot be asked; then the job is begun anew when its lease ends.
    package func doOne() throws(Fault) -> Bool {
        guard !isEnding(), let job = try jobs.claim(Upload.freshToken(), by: worker, on: host, patience: patience) else { return false }
        let lease = leases.keep(job.token)
        defer { leases.release(job.token) }
        try Trace.following(job.trace) { () throws(Fault) in try run(Work(job: job, lease: lease, isEnding: isEnding)) }
        return true
    }

    /// A job, and whether it is to go on.
    struct Work {
        let job: Job
        let lease: LeaseKeeper.Lease
        let isEnding: @Sendable () -> Bool

        /// Somebody else has the job, or its image was deleted, or the process ends.
        var isCancelled: Bool { lease.isLost || isEnding() }

        func check() throws(Fault) {
            if isCancelled { throw Fault(.gone, "The image was deleted, or is in other hands.") }
        }
    }

    private func run(_ work: Work) throws(Fault) {
        let isLast = work.job.tries > Self.mostTries
        for leftover in work.job.leftovers {
            do throws(Fault) {
                try service.stores.discard(leftover)
            } catch {
                // A store that does not answer is asked again with the next try, and at last left as it is.
                guard isLast else { throw error }
                service.logger.error("bytes of image \(leftover.image) stay, as \(leftover.pendingURL): \(error)")
            }
        }
        if let node = work.job.node, node != host {
            let fault = Fault(.unreachable, "Nothing was heard for \(patience) s of the node \(node), which has the staged data.")
            guard case .imageImport(let plan) = work.job.details else { return try giveUp(work, fault) }
            return try giveUp(work, fault) { $0.wait(plan, work.job) }
        }
        guard !isLast else {
            let fault = Fault(.unexpected, "It was interrupted \(Self.mostTries) times.")
            guard case .imageImport(let plan) = work.job.details else { return try giveUp(work, fault) }
            return try giveUp(work, fault) { $0.undo(plan) }
        }
        switch work.job.details {
        case .imageImport(let plan): try runImport(work, plan)
        case .location(let plan): try runLocation(work, plan)
        case nil: try giveUp(work, Fault(.unexpected, "What is to be done cannot be read."))
        }
    }

    // MARK: endings

    /// Ends a job that failed: its task says why, and the image is what it was before.
    ///
    /// - Parameter change: of the image besides.
    func giveUp(
        _ work: Work, _ fault: Fault, _ change: @escaping (inout Image) -> Void = { $0.returnToQueue() }
    ) throws(Fault) {
        let job = work.job
        // Who ends leaves the job to others. Who has lost it has nothing to say any more, unless the image was deleted.
        guard !isEnding() else { return try jobs.release(job) }
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
        } catch {
            guard error.kind == .gone else { throw error }
            // So are the image and what is staged for it.
            return service.logger.info("task \(job.task.id) is somebody else's by now")
        }
        unstage(job)
        if job.task.kind == .legacyImport { deleteImage(of: job) }
    }

    /// An image that was made for its import alone goes with it. Source: Glance, `base_import.py`.
    private func deleteImage(of job: Job) {
        guard let image = job.task.image else { return }
        do throws(Fault) {
            service.carryOut(try service.images.delete(image, visibleTo: .service) { _ in })
        } catch {
            service.logger.warning("image \(image), whose import failed, stays: \(error)")
        }
    }

    /// Staged bytes are of no use once their import has ended, well or not.
    func unstage(_ job: Job) {
        if let image = job.task.image { service.unstage(image) }
    }
}

extension Image {
    /// The task has ended: others may work on the image.
    mutating func leave(_ task: Task) {
        if self[internal: Image.importTask] == task.id { self[internal: Image.importTask] = nil }
    }
}
