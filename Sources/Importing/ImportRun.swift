internal import Domain
internal import Logging
internal import Operations
internal import ServiceMetrics
internal import Threading

/// The result of writing an import's data to stores.
struct Brought {
    var locations: [ImageLocation]
    var failures: [(store: String?, fault: Fault)]
    /// The number of bytes, of which each location has all.
    var size: Int64
    /// Nil for a copy of data that the image has already.
    var measured: MeasuredBytes?
    /// The image as it was when the data was inspected.
    var judged: Image?
    /// The disk format that the data was converted to; nil when it was not converted.
    var format: String?
    /// The record of the image in another region, for `glance-download`.
    var source: RegionImageRecord?
}

/// The data of an import, before it is read.
struct IncomingBytes {
    let reader: any ByteStream
    /// The number of bytes that will come; nil when it is unknown.
    let announced: Int64?
    /// The path of the data as a local file; nil when it is none.
    let path: String?
}

extension Importer {
    /// Runs an import: writes the data to the stores, and records it together with the end of the task in one transaction.
    func runImport(_ run: JobRun, _ plan: ImportPlan) throws(Fault) {
        let job = run.job
        var image: Image
        do throws(Fault) {
            image = try service.images.locatedImage(job.task.image ?? ImageID(""), visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try giveUp(run, Fault(.gone, "The image was deleted."))
        }
        let expected: ImageStatus = plan.method == .copy ? .active : .importing
        guard image.status == expected else {
            return try giveUp(run, Fault(.conflict, "The image is \(image.status.rawValue).")) { $0.undo(plan) }
        }
        let found: RegionImageRecord?
        do throws(Fault) {
            found = try described(plan, for: image, run)
            if let found { try service.become(found, &image) }
        } catch {
            return try giveUp(run, error) { $0.undo(plan) }
        }
        let size = knownSize(of: image, by: plan, job)
        let claim = try service.claim(for: image.owner, bytes: size, in: max(plan.stores.count, 1))
        let targets: ImportTargets
        do throws(Fault) {
            targets = try ImportTargets(
                plan.stores, of: image.id, token: job.token, announcing: size, mustAll: plan.allMustSucceed, in: service.stores,
                service.logger)
        } catch {
            return try giveUp(run, error) { $0.undo(plan) }
        }
        // The pending locations are recorded, and their bytes are reserved of the owner's quota.
        let remaining: Int64?
        do throws(Fault) {
            remaining = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.prepare(job, pending: targets.urls, claiming: claim)
            }
        } catch {
            _ = targets.discard()
            guard error.kind != .unavailable else { throw error }
            return try giveUp(run, error) { $0.undo(plan, job, because: error) }
        }
        let brought: Brought
        do throws(Fault) {
            brought = try bring(image, plan, found, into: targets, run, remaining.map { $0 / Int64(targets.count) }, claim)
        } catch {
            return try giveUp(run, targets, plan, because: error)
        }
        try finish(run, plan, brought, targets, claim)
    }

    private func bring(
        _ image: Image, _ plan: ImportPlan, _ source: RegionImageRecord?, into targets: ImportTargets, _ run: JobRun, _ remaining: Int64?,
        _ claim: QuotaClaim?
    ) throws(Fault) -> Brought {
        if plan.method == .copy {
            try copy(image, into: targets, run)
            return Brought(locations: try targets.commit(), failures: targets.failures, size: image.size ?? 0)
        }
        let incoming = try incoming(of: image, by: plan, source, run)
        let converter = plugins.converter(for: image, run.job.task.kind)
        let judged = image
        var image = image
        let measured: MeasuredBytes
        if let converter {
            let converted = try convert(incoming, of: image, by: converter, run)
            defer { remove(converted) }
            let bytes = try service.staging.bytes(of: converted)
            image.diskFormat = converter.format
            let made = IncomingBytes(reader: try bytes.open(0), announced: bytes.size, path: nil)
            measured = try copyStream(made, of: image, plan, into: targets, run, remaining, claim)
        } else {
            measured = try copyStream(incoming, of: image, plan, into: targets, run, remaining, claim)
        }
        return Brought(
            locations: try targets.commit(), failures: targets.failures, size: measured.size, measured: measured, judged: judged,
            format: converter?.format, source: source)
    }

    /// The size of the data if it is known before it is read: staged data and copies keep theirs unless a plugin changes it.
    private func knownSize(of image: Image, by plan: ImportPlan, _ job: Job) -> Int64? {
        switch plan.method {
        case .copy: image.size
        case .staged, .region: plugins.changes(image, job.task.kind) ? nil : image.size
        case .web: nil
        }
    }

    private func incoming(
        of image: Image, by plan: ImportPlan, _ record: RegionImageRecord?, _ run: JobRun
    ) throws(Fault) -> IncomingBytes {
        let incoming: IncomingBytes
        switch plan.method {
        case .copy: throw Fault(.unexpected, "A copy is not read here.")
        case .region:
            guard let record else { throw Fault(.unexpected, "The image of the other region was not read.") }
            let fetched = try source.fetch(
                record.url, showing: record.token, atMost: service.limits.size, isCancelled: { run.isCancelled })
            let reader = try checked(counted(fetched.reader, record.size), record.digests)
            incoming = IncomingBytes(reader: reader, announced: record.size, path: nil)
        case .staged:
            let bytes = try service.staging.bytes(of: image.id)
            // The client was told that this number of bytes is staged.
            let size = image.size ?? bytes.size
            if size != bytes.size { throw .miscounted(bytes.size, of: size, "staged bytes") }
            incoming = IncomingBytes(reader: counted(try bytes.open(0), size, "staged bytes"), announced: size, path: bytes.path)
        case .web(let url, let expected):
            let fetched = try source.fetch(url, atMost: service.limits.size, isCancelled: { run.isCancelled })
            guard fetched.hasMarkedEnd || expected != nil else {
                throw Fault(.invalid, "The source does not mark the end of its data; give the digest that the data must have.")
            }
            let reader = try checked(counted(fetched.reader, fetched.announced), expected.map { [$0] } ?? [])
            incoming = IncomingBytes(reader: reader, announced: fetched.announced, path: nil)
        }
        guard let unpacker = plugins.unpacker(for: image) else { return incoming }
        return IncomingBytes(reader: unpacker.unpacked(incoming.reader), announced: nil, path: nil)
    }

    private func copyStream(
        _ incoming: IncomingBytes, of image: Image, _ plan: ImportPlan, into targets: ImportTargets, _ run: JobRun, _ remaining: Int64?,
        _ claim: QuotaClaim?
    ) throws(Fault) -> MeasuredBytes {
        let measure = try ContentInspector(of: image, service.hashAlgorithm, service.formats, signedBy: plan.certificate)
        let copyStream = StreamCopy(limits: service.limits, announced: incoming.announced, remaining: remaining, of: claim)
        let size = try copyIntoTargets(
            copyStream, from: incoming.reader, of: incoming.announced, beside: measure.readers, into: targets, run)
        return try measure.finish(size: size, service.logger)
    }

    /// Copies a stream into the stores, and reports the progress.
    ///
    /// - Parameter size: the number of bytes that will come, for the progress.
    func copyIntoTargets(
        _ copyStream: StreamCopy, from reader: any ByteStream, of size: Int64?, beside readers: [StreamTee<Fault>.Reader] = [],
        into targets: ImportTargets,
        _ run: JobRun
    ) throws(Fault) -> Int64 {
        let progress = Progress(run.job, jobs, total: size, service.logger)
        return try copyStream.run(from: reader, to: readers + targets.readers, isSlowAllowed: true) { done throws(Fault) in
            try run.check()
            try targets.checkAny()
            progress.note(done)
        }
    }

    private func finish(
        _ run: JobRun, _ plan: ImportPlan, _ brought: Brought, _ targets: ImportTargets, _ claim: QuotaClaim?
    ) throws(Fault) {
        var claim = claim
        if let size = brought.measured?.size { claim?.bytes = size * Int64(brought.locations.count) }
        do throws(Fault) {
            let owed = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(run.job, .success, claiming: claim) { image throws(Fault) in
                    try image.take(brought, by: plan, run.job)
                }
            }
            targets.confirm()
            service.carryOut(owed)
            run.count(.success, bytes: brought.size)
        } catch {
            // Perhaps the job has ended: the data stays, and if the job has not ended, its next attempt removes the data.
            guard error.kind != .unavailable else { throw error }
            return try giveUp(run, targets, plan, because: error)
        }
        unstage(run.job)
        service.logger.info("image \(run.job.task.image?.text ?? "-") was imported by \(plan.name.rawValue)")
    }

    /// Ends a job that failed. If a store cannot remove its data now, the job's lease expires instead, and the next attempt removes it.
    private func giveUp(_ run: JobRun, _ targets: ImportTargets, _ plan: ImportPlan, because fault: Fault) throws(Fault) {
        guard targets.discard() else {
            run.count(.interrupted)
            return service.logger.warning("task \(run.job.task.id) will be retried, as a store cannot remove its data now: \(fault)")
        }
        try giveUp(run, fault) { $0.undo(plan, run.job, because: fault) }
    }
}

extension Image {
    /// Gives the image its data and the outcome of the import.
    fileprivate mutating func take(_ brought: Brought, by plan: ImportPlan, _ job: Job) throws(Fault) {
        let expected: ImageStatus = plan.method == .copy ? .active : .importing
        guard status == expected || plan.method == .copy && status == .deactivated else {
            throw Fault(.gone, "Image \(id) is \(status.rawValue) by now.")
        }
        locations += brought.locations.filter { !locations.contains($0) }
        if let source = brought.source { take(source) }
        if let judged = brought.judged { try checkIsStill(judged) }
        if let measured = brought.measured {
            (size, virtualSize) = (measured.size, measured.virtualSize)
            (checksum, hash, status) = (measured.checksum, measured.hash, .active)
            diskFormat = brought.format ?? diskFormat
        }
        set(plan.injected.map { ImageProperty($0.key, $0.value) }, replacing: false)
        change(Image.importingTo, removing: plan.stores)
        change(Image.failedImport, adding: brought.failures.compactMap(\.store), removing: [])
        self[internal: Image.importError] = brought.failures.first.map { ImageText.storable($0.fault.message) }
        leave(job.task)
    }

    /// Resets an image after a failed import. If the data exceeds the quota, staged data is kept, since it may fit later.
    mutating func undo(_ plan: ImportPlan, _ job: Job, because fault: Fault) {
        if plan.method == .staged, fault.isOverLimit { wait(plan, job) } else { undo(plan) }
    }

    /// Keeps the image's staged data for another import.
    mutating func wait(_ plan: ImportPlan, _ job: Job) {
        change(Image.importingTo, removing: plan.stores)
        change(Image.failedImport, adding: plan.stores)
        returnToStaging(job)
    }

    /// Resets an image whose import failed.
    mutating func undo(_ plan: ImportPlan) {
        change(Image.importingTo, removing: plan.stores)
        change(Image.failedImport, adding: plan.stores)
        if plan.method != .copy { returnToQueue() }
    }
}
