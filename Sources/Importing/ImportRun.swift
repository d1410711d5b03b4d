internal import Domain
internal import Logging
internal import Operations
internal import Threading

/// What an import has brought into stores, and what is known of it.
struct Brought {
    var locations: [ImageLocation]
    var failures: [(store: String?, fault: Fault)]
    /// Nil for a copy of what the image has already.
    var measured: MeasuredBytes?
    /// The image as it was described when they were judged.
    var judged: Image?
    /// The disk format that was made of it; nil where it has its own.
    var format: String?
    /// The image of another region that it is now.
    var source: RegionImageRecord?
}

/// What an import is about to bring, before anybody has read it.
struct IncomingBytes {
    let reader: any ByteStream
    /// Bytes that will come; nil where nobody knows.
    let announced: Int64?
    /// Where they lie as a file of this machine; nil where they do not.
    let path: String?
}

extension Importer {
    /// Brings an image's bytes into stores. They become its own with the end of the task, in one step.
    func runImport(_ work: Work, _ plan: ImportPlan) throws(Fault) {
        let job = work.job
        var image: Image
        do throws(Fault) {
            image = try service.images.locatedImage(job.task.image ?? ImageID(""), visibleTo: .service)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try giveUp(work, Fault(.gone, "The image was deleted."))
        }
        let expected: ImageStatus = plan.method == .copy ? .active : .importing
        guard image.status == expected else {
            return try giveUp(work, Fault(.conflict, "The image is \(image.status.rawValue).")) { $0.undo(plan) }
        }
        let found: RegionImageRecord?
        do throws(Fault) {
            found = try described(plan, for: image, work)
            if let found { try service.become(found, &image) }
        } catch {
            return try giveUp(work, error) { $0.undo(plan) }
        }
        let size = knownSize(of: image, by: plan, job)
        let claim = try service.claim(for: image.owner, bytes: size.map { $0 * Int64(max(plan.stores.count, 1)) })
        let sinks: ImportTargets
        do throws(Fault) {
            sinks = try ImportTargets(
                plan.stores, of: image.id, token: job.token, announcing: size, mustAll: plan.allMustSucceed, in: service.stores,
                service.logger)
        } catch {
            return try giveUp(work, error) { $0.undo(plan) }
        }
        // Where the bytes are about to lie is noted, and what they take of what the image's owner may have is kept.
        let remaining: Int64?
        do throws(Fault) {
            remaining = try service.retryWhileUnavailable { () throws(Fault) in try jobs.prepare(job, pending: sinks.urls, claiming: claim)
            }
        } catch {
            _ = sinks.discard()
            guard error.kind != .unavailable else { throw error }
            return try giveUp(work, error) { $0.undo(plan, job, because: error) }
        }
        let brought: Brought
        do throws(Fault) {
            brought = try bring(image, plan, found, into: sinks, work, remaining.map { $0 / Int64(sinks.count) }, claim)
        } catch {
            return try giveUp(work, sinks, plan, because: error)
        }
        try finish(work, plan, brought, sinks, claim)
    }

    private func bring(
        _ image: Image, _ plan: ImportPlan, _ source: RegionImageRecord?, into sinks: ImportTargets, _ work: Work, _ remaining: Int64?,
        _ claim: QuotaClaim?
    ) throws(Fault) -> Brought {
        if plan.method == .copy {
            try copy(image, into: sinks, work)
            return Brought(locations: try sinks.commit(), failures: sinks.failures)
        }
        let incoming = try incoming(of: image, by: plan, source, work)
        let converter = plugins.converter(for: image, work.job.task.kind)
        let judged = image
        var image = image
        let measured: MeasuredBytes
        if let converter {
            let converted = try convert(incoming, of: image, by: converter, work)
            defer { remove(converted) }
            let bytes = try service.staging.bytes(of: converted)
            image.diskFormat = converter.format
            let made = IncomingBytes(reader: try bytes.open(0), announced: bytes.size, path: nil)
            measured = try copyStream(made, of: image, plan, into: sinks, work, remaining, claim)
        } else {
            measured = try copyStream(incoming, of: image, plan, into: sinks, work, remaining, claim)
        }
        return Brought(
            locations: try sinks.commit(), failures: sinks.failures, measured: measured, judged: judged, format: converter?.format,
            source: source)
    }

    /// What is staged or copied as it is has a size that is known.
    private func knownSize(of image: Image, by plan: ImportPlan, _ job: Job) -> Int64? {
        switch plan.method {
        case .copy: image.size
        case .staged, .region: plugins.changes(image, job.task.kind) ? nil : image.size
        case .web: nil
        }
    }

    private func incoming(
        of image: Image, by plan: ImportPlan, _ elsewhere: RegionImageRecord?, _ work: Work
    ) throws(Fault) -> IncomingBytes {
        let incoming: IncomingBytes
        switch plan.method {
        case .copy: throw Fault(.unexpected, "A copy is not read here.")
        case .region:
            guard let elsewhere else { throw Fault(.unexpected, "Nobody has asked for the image.") }
            let fetched = try source.fetch(
                elsewhere.url, showing: elsewhere.token, atMost: service.limits.size, isCancelled: { work.isCancelled })
            let reader = try checked(counted(fetched.reader, elsewhere.size), elsewhere.digests)
            incoming = IncomingBytes(reader: reader, announced: elsewhere.size, path: nil)
        case .staged:
            let bytes = try service.staging.bytes(of: image.id)
            // Whoever staged them was told that so many are there.
            let size = image.size ?? bytes.size
            if size != bytes.size { throw .miscounted(bytes.size, of: size, "staged bytes") }
            incoming = IncomingBytes(reader: counted(try bytes.open(0), size, "staged bytes"), announced: size, path: bytes.path)
        case .web(let url, let expected):
            let fetched = try source.fetch(url, atMost: service.limits.size, isCancelled: { work.isCancelled })
            guard fetched.hasMarkedEnd || expected != nil else {
                throw Fault(.invalid, "The source does not tell where its data end; name the digest that they are to have.")
            }
            let reader = try checked(counted(fetched.reader, fetched.announced), expected.map { [$0] } ?? [])
            incoming = IncomingBytes(reader: reader, announced: fetched.announced, path: nil)
        }
        guard let unpacker = plugins.unpacker(for: image) else { return incoming }
        return IncomingBytes(reader: unpacker.unpacked(incoming.reader), announced: nil, path: nil)
    }

    private func copyStream(
        _ incoming: IncomingBytes, of image: Image, _ plan: ImportPlan, into sinks: ImportTargets, _ work: Work, _ remaining: Int64?,
        _ claim: QuotaClaim?
    ) throws(Fault) -> MeasuredBytes {
        let measure = try ContentInspector(of: image, service.hashAlgorithm, service.formats, signedBy: plan.certificate)
        let copyStream = StreamCopy(limits: service.limits, announced: incoming.announced, remaining: remaining, of: claim)
        let size = try run(copyStream, from: incoming.reader, of: incoming.announced, beside: measure.readers, into: sinks, work)
        return try measure.finish(size: size, service.logger)
    }

    /// - Parameter size: bytes that will come, for those who look on.
    func run(
        _ copyStream: StreamCopy, from reader: any ByteStream, of size: Int64?, beside readers: [StreamTee<Fault>.Reader] = [],
        into sinks: ImportTargets,
        _ work: Work
    ) throws(Fault) -> Int64 {
        let progress = Progress(work.job, jobs, total: size, service.logger)
        return try copyStream.run(from: reader, to: readers + sinks.readers, isSlowAllowed: true) { done throws(Fault) in
            try work.check()
            try sinks.checkAny()
            progress.note(done)
        }
    }

    private func finish(
        _ work: Work, _ plan: ImportPlan, _ brought: Brought, _ sinks: ImportTargets, _ claim: QuotaClaim?
    ) throws(Fault) {
        var claim = claim
        if let size = brought.measured?.size { claim?.bytes = size * Int64(brought.locations.count) }
        do throws(Fault) {
            let owed = try service.retryWhileUnavailable { () throws(Fault) in
                try jobs.end(work.job, .success, claiming: claim) { image throws(Fault) in
                    try image.take(brought, by: plan, work.job)
                }
            }
            sinks.confirm()
            service.carryOut(owed)
        } catch {
            // Perhaps it was done: the bytes stay, and when it was not, whoever begins anew removes them.
            guard error.kind != .unavailable else { throw error }
            return try giveUp(work, sinks, plan, because: error)
        }
        unstage(work.job)
        service.logger.info("image \(work.job.task.image?.text ?? "-") was imported by \(plan.name.rawValue)")
    }

    /// Ends a job that failed, unless bytes stay in a store that cannot remove them now: then the job's lease expires, and whoever begins
    /// anew removes them first.
    private func giveUp(_ work: Work, _ sinks: ImportTargets, _ plan: ImportPlan, because fault: Fault) throws(Fault) {
        guard sinks.discard() else {
            return service.logger.warning("task \(work.job.task.id) is begun anew, as a store does not remove data now: \(fault)")
        }
        try giveUp(work, fault) { $0.undo(plan, work.job, because: fault) }
    }
}

extension Image {
    /// What becomes of an image with its bytes.
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

    /// What becomes of an image that got nothing because of a fault. What does not fit into what the project may have now may fit later:
    /// bytes that are staged go on waiting then.
    mutating func undo(_ plan: ImportPlan, _ job: Job, because fault: Fault) {
        if plan.method == .staged, fault.isOverLimit { wait(plan, job) } else { undo(plan) }
    }

    /// What becomes of an image whose staged bytes wait for another order.
    mutating func wait(_ plan: ImportPlan, _ job: Job) {
        change(Image.importingTo, removing: plan.stores)
        change(Image.failedImport, adding: plan.stores)
        returnToStaging(job)
    }

    /// What becomes of an image that got nothing.
    mutating func undo(_ plan: ImportPlan) {
        change(Image.importingTo, removing: plan.stores)
        change(Image.failedImport, adding: plan.stores)
        if plan.method != .copy { returnToQueue() }
    }
}
