internal import Domain
internal import JSONDocument
internal import Logging
internal import Operations
internal import Threading

extension Importer {
    /// Gives an image a location, and looks at the bytes there: before it is active where they must have a digest, else afterwards.
    ///
    /// Unlike in Glance a location whose bytes are others than expected is none.
    func runLocation(_ work: Work, _ plan: LocationPlan) throws(Fault) {
        let size: Int64
        do throws(Fault) {
            size = try source.size(of: plan.url)
            guard size > 0 else { throw Fault(.invalid, "There are no bytes at the location.") }
            try service.limits.check(size: size)
        } catch {
            return try giveUp(work, error)
        }
        let location = service.stores.labelled(ImageLocation(url: plan.url))
        guard !plan.isTrusted else {
            return try end(work) { $0.take(location, size, plan.expected, checksum: nil) }
        }
        guard let expected = plan.expected else {
            _ = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.advance(work.job) { $0.take(location, size, nil, checksum: nil) }
            }
            return try describe(work, plan, location, size)
        }
        let found: (hash: ImageHash, checksum: String)
        do throws(Fault) {
            found = try digests(of: plan.url, expected.algorithm, size, work)
            guard found.hash.value == expected.value.lowercased() else {
                throw Fault(.invalid, "The \(expected.algorithm) of the data is \(found.hash.value), and was to be \(expected.value).")
            }
        } catch {
            return try giveUp(work, error)
        }
        try end(work) { $0.take(location, size, found.hash, checksum: found.checksum) }
    }

    /// The image is active already. What is wrong with its source now is no reason to take that back: it stays without digests.
    private func describe(_ work: Work, _ plan: LocationPlan, _ location: ImageLocation, _ size: Int64) throws(Fault) {
        do throws(Fault) {
            let (hash, checksum) = try digests(of: plan.url, plan.algorithm, size, work)
            try end(work) { $0.take(location, size, hash, checksum: checksum) }
        } catch {
            guard !work.isEnding() else { return try jobs.release(work.job) }
            guard !work.lease.isLost else { return try giveUp(work, error) { _ in } }
            service.logger.warning("image \(work.job.task.image?.text ?? "-") stays without digests: \(error)")
            try end(work) { _ in }
        }
    }

    private func end(_ work: Work, _ change: @escaping (inout Image) -> Void) throws(Fault) {
        let job = work.job
        do throws(Fault) {
            _ = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(job, .success, claiming: nil) { image throws(Fault) in
                    change(&image)
                    image.leave(job.task)
                }
            }
        } catch {
            guard error.kind == .gone else { throw error }
            try giveUp(work, error) { _ in }
        }
    }

    private func digests(
        of url: String, _ algorithm: String, _ size: Int64, _ work: Work
    ) throws(Fault) -> (hash: ImageHash, checksum: String) {
        guard let digests = DigestPair(algorithm) else { throw Fault(.invalid, "The algorithm \(algorithm) is not known.") }
        let fetched = try source.fetch(url, atMost: size, isCancelled: { work.isCancelled })
        let progress = Progress(work.job, jobs, total: size, service.logger)
        let copyStream = StreamCopy(limits: service.limits, announced: size)
        _ = try copyStream.run(from: fetched.reader, to: digests.readers(), isSlowAllowed: true) { done throws(Fault) in
            try work.check()
            progress.note(done)
        }
        return digests.finish()
    }
}

extension Image {
    fileprivate mutating func take(_ location: ImageLocation, _ size: Int64, _ hash: ImageHash?, checksum: String?) {
        if !locations.contains(where: { $0.url.isSame(as: location.url) }) { locations.append(location) }
        if status == .importing { status = .active }
        self.size = size
        self.hash = hash ?? self.hash
        self.checksum = checksum ?? self.checksum
    }
}
