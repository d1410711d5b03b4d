internal import Domain
internal import JSONDocument
internal import Logging
internal import Operations
internal import Threading

extension Importer {
    /// Adds a location to an image and reads its data: before the image is active if the data must have a digest, else afterwards.
    ///
    /// Unlike Glance, this refuses a location whose data does not have the expected digest.
    func runLocation(_ run: JobRun, _ plan: LocationPlan) throws(Fault) {
        let size: Int64
        do throws(Fault) {
            size = try source.size(of: plan.url)
            guard size > 0 else { throw Fault(.invalid, "There are no bytes at the location.") }
            try service.limits.check(size: size)
        } catch {
            return try giveUp(run, error)
        }
        let location = service.stores.labelled(ImageLocation(url: plan.url))
        guard !plan.isTrusted else {
            return try end(run) { $0.take(location, size, plan.expected, checksum: nil) }
        }
        guard let expected = plan.expected else {
            _ = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.advance(run.job) { $0.take(location, size, nil, checksum: nil) }
            }
            return try describe(run, plan, location, size)
        }
        let found: (hash: ImageHash, checksum: String)
        do throws(Fault) {
            found = try digests(of: plan.url, expected.algorithm, size, run)
            guard found.hash.value == expected.value.lowercased() else {
                throw Fault(.invalid, "The \(expected.algorithm) of the data is \(found.hash.value) instead of \(expected.value).")
            }
        } catch {
            return try giveUp(run, error)
        }
        try end(run) { $0.take(location, size, found.hash, checksum: found.checksum) }
    }

    /// Computes the digests of an image that is active already. If the source fails, the image stays active, without digests.
    private func describe(_ run: JobRun, _ plan: LocationPlan, _ location: ImageLocation, _ size: Int64) throws(Fault) {
        do throws(Fault) {
            let (hash, checksum) = try digests(of: plan.url, plan.algorithm, size, run)
            try end(run) { $0.take(location, size, hash, checksum: checksum) }
        } catch {
            guard !run.isEnding() else { return try jobs.release(run.job) }
            guard !run.lease.isLost else { return try giveUp(run, error) { _ in } }
            service.logger.warning("image \(run.job.task.image?.text ?? "-") stays without digests: \(error)")
            try end(run) { _ in }
        }
    }

    private func end(_ run: JobRun, _ change: @escaping (inout Image) -> Void) throws(Fault) {
        let job = run.job
        do throws(Fault) {
            _ = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(job, .success, claiming: nil) { image throws(Fault) in
                    change(&image)
                    image.leave(job.task)
                }
            }
        } catch {
            guard error.kind == .gone else { throw error }
            try giveUp(run, error) { _ in }
        }
    }

    private func digests(
        of url: String, _ algorithm: String, _ size: Int64, _ run: JobRun
    ) throws(Fault) -> (hash: ImageHash, checksum: String) {
        guard let digests = DigestPair(algorithm) else { throw Fault(.invalid, "The algorithm \(algorithm) is not known.") }
        let fetched = try source.fetch(url, atMost: size, isCancelled: { run.isCancelled })
        let progress = Progress(run.job, jobs, total: size, service.logger)
        let copyStream = StreamCopy(limits: service.limits, announced: size)
        _ = try copyStream.run(from: fetched.reader, to: digests.readers(), isSlowAllowed: true) { done throws(Fault) in
            try run.check()
            progress.note(done)
        }
        return digests.finish()
    }
}

extension Image {
    /// Gives the image a location, and its size and digests.
    fileprivate mutating func take(_ location: ImageLocation, _ size: Int64, _ hash: ImageHash?, checksum: String?) {
        if !locations.contains(where: { $0.url.isSame(as: location.url) }) { locations.append(location) }
        if status == .importing { status = .active }
        self.size = size
        self.hash = hash ?? self.hash
        self.checksum = checksum ?? self.checksum
    }
}
