internal import Domain
internal import JSONDocument
internal import Logging
internal import Operations
internal import ServiceMetrics
internal import Threading

extension Importer {
    /// Adds a location to an image and reads its data: before the image is active if the data must have a digest, else afterwards.
    ///
    /// Unlike Glance, this refuses a location whose data does not have the expected digest, also where its store's engine, such as Cinder, is
    /// not here. Without an expected digest the image becomes active with such a location, and its size is unknown.
    func runLocation(_ run: JobRun, _ plan: LocationPlan) throws(Fault) {
        let data: LocatedData?
        do throws(Fault) {
            data = try service.data(at: plan.url, from: source)
            if let data { try service.limits.check(size: data.size) }
        } catch {
            return try giveUp(run, error)
        }
        let location = service.stores.named(ImageLocation(url: plan.url))
        let claim = try claim(for: data?.size, at: location, run)
        guard !plan.isTrusted else {
            return try end(run, claim) { $0.take(location, data?.size, plan.expected, checksum: nil) }
        }
        guard let data else {
            guard plan.expected == nil else {
                return try giveUp(run, Fault(.invalid, "The data cannot be compared with os_hash_value: its store's engine is not here."))
            }
            service.logger.notice("image \(run.job.task.image?.text ?? "-") has no size and no digests: its store's engine is not here")
            return try end(run, claim) { $0.take(location, nil, nil, checksum: nil) }
        }
        guard let expected = plan.expected else {
            do throws(Fault) {
                _ = try service.retryWhileUnavailable { () throws(Fault) in
                    try jobs.advance(run.job, claiming: claim) { $0.take(location, data.size, nil, checksum: nil) }
                }
            } catch {
                guard error.isOverLimit else { throw error }
                return try giveUp(run, error)
            }
            return try describe(run, plan, location, data)
        }
        let found: (hash: ImageHash, checksum: String)
        do throws(Fault) {
            found = try digests(of: data, expected.algorithm, run)
            guard found.hash.value == expected.value.lowercased() else {
                throw Fault(.invalid, "The \(expected.algorithm) of the data is \(found.hash.value) instead of \(expected.value).")
            }
        } catch {
            return try giveUp(run, error)
        }
        try end(run, claim) { $0.take(location, data.size, found.hash, checksum: found.checksum) }
    }

    /// Computes the digests of an image that is active already. If the source fails, the image stays active, without digests.
    private func describe(_ run: JobRun, _ plan: LocationPlan, _ location: ImageLocation, _ data: LocatedData) throws(Fault) {
        do throws(Fault) {
            let (hash, checksum) = try digests(of: data, plan.algorithm, run)
            try end(run, nil) { $0.take(location, data.size, hash, checksum: checksum) }
        } catch {
            guard !run.isEnding() else { return try release(run) }
            guard !run.lease.isLost else { return try giveUp(run, error) { _ in } }
            service.logger.warning("image \(run.job.task.image?.text ?? "-") stays without digests: \(error)")
            try end(run, nil) { _ in }
        }
    }

    /// What a location adds to the usage of the image's owner: nothing where an earlier attempt of the job has added it.
    private func claim(for size: Int64?, at location: ImageLocation, _ run: JobRun) throws(Fault) -> QuotaClaim? {
        do throws(Fault) {
            let image = try service.images.locatedImage(run.job.task.image ?? ImageID(""), visibleTo: .service)
            return image.has(location) ? nil : try service.claim(for: image.owner, bytes: size)
        } catch {
            // That the image was deleted is found where the job ends.
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }

    private func end(_ run: JobRun, _ claim: QuotaClaim?, _ change: @escaping (inout Image) -> Void) throws(Fault) {
        let job = run.job
        do throws(Fault) {
            _ = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(job, .success, claiming: claim) { image throws(Fault) in
                    change(&image)
                    image.leave(job.task)
                }
            }
            run.count(.success)
        } catch {
            if error.isOverLimit { return try giveUp(run, error) }
            guard error.kind == .gone else { throw error }
            try giveUp(run, error) { _ in }
        }
    }

    /// Reads the data, and once more from the beginning when its source or store fails, as often as Glance does.
    private func digests(
        of data: LocatedData, _ algorithm: String, _ run: JobRun
    ) throws(Fault) -> (hash: ImageHash, checksum: String) {
        let progress = Progress(run.job, jobs, total: data.size, service.logger)
        var tries = 1
        while true {
            do throws(Fault) {
                return try digests(of: data, algorithm, run, progress)
            } catch {
                guard [.unavailable, .unreachable].contains(error.kind), tries < readingTries, !run.isCancelled else { throw error }
                service.logger.info("task \(run.job.task.id): try \(tries) of \(readingTries) to read the data failed: \(error)")
                tries += 1
            }
        }
    }

    private func digests(
        of data: LocatedData, _ algorithm: String, _ run: JobRun, _ progress: Progress
    ) throws(Fault) -> (hash: ImageHash, checksum: String) {
        guard let digests = DigestPair(algorithm) else { throw Fault(.invalid, "The algorithm \(algorithm) is not known.") }
        let reader = try data.open { run.isCancelled }
        let copyStream = StreamCopy(limits: service.limits, announced: data.size)
        _ = try copyStream.run(from: reader, to: digests.readers(), isSlowAllowed: true) { done throws(Fault) in
            try run.check()
            progress.note(done)
        }
        return digests.finish()
    }
}

extension Image {
    fileprivate func has(_ location: ImageLocation) -> Bool { locations.contains { $0.url.isSame(as: location.url) } }

    /// Gives the image a location, and its size and digests.
    fileprivate mutating func take(_ location: ImageLocation, _ size: Int64?, _ hash: ImageHash?, checksum: String?) {
        if !has(location) { locations.append(location) }
        if status == .importing { status = .active }
        self.size = size ?? self.size
        self.hash = hash ?? self.hash
        self.checksum = checksum ?? self.checksum
    }
}
