internal import Domain
internal import Glibc
internal import Logging
internal import ServiceMetrics
internal import Threading

/// One run of a verification. One thread uses it: it asks the catalog, watches the threads that read, and records what is certain.
final class VerificationRun {
    private(set) var run: Verification
    let catalog: any VerificationCatalog
    let examiner: Examiner
    let settings: Verifier.Settings
    private let isCancelled: @Sendable () -> Bool
    private let logger: Logger

    /// Whether it ended before its end.
    private(set) var isInterrupted = false
    /// Whether the catalog refused.
    private(set) var hasFailed = false
    /// The stores that are not asked any more.
    private(set) var givenUp: Set<String> = []
    private var pending: [Finding] = []
    private var notedAt = monotonicSeconds()

    /// Images that are read from the catalog at once.
    private static let page = 500
    /// Findings that are recorded at once.
    private static let mostPending = 200

    init(
        _ run: Verification, _ catalog: any VerificationCatalog, _ examiner: Examiner, _ settings: Verifier.Settings,
        _ isCancelled: @escaping @Sendable () -> Bool, _ logger: Logger
    ) {
        (self.run, self.catalog, self.examiner, self.settings) = (run, catalog, examiner, settings)
        (self.isCancelled, self.logger) = (isCancelled, logger)
    }

    var scope: VerificationScope { run.scope }
    var watched: Watched { Watched(folders: examiner.folders, timeout: settings.timeout) }

    /// The end of a run that is interrupted.
    private static let interruption = Fault(.gone, "The verification was interrupted.")

    func run(_ report: (Verifier.Progress) -> Void) throws(Fault) {
        do throws(Fault) {
            if case .images(let last) = run.position {
                try examineImages(after: last, report)
                run.position = .folders
                try record()
            }
            for store in run.counts.stores.keys { run.counts[store].files = 0 }
            // What belongs to no store has a row of its own.
            if scope.store == nil, scope.image == nil { countFiles(0, of: "") }
            try FolderComparison(self).compareAll()
            try StoreComparison(self).compareAll()
            for store in givenUp where !store.isEmpty { run.counts[store].isGivenUp = true }
            try record()
            let ended = run
            try patiently { () throws(Fault) in try catalog.endVerification(ended) }
        } catch {
            guard isInterrupted else { throw error }
            try record()
            let interrupted = run
            try patiently { () throws(Fault) in try catalog.releaseVerification(interrupted) }
        }
    }

    // MARK: images

    private func examineImages(after first: ImageID?, _ report: (Verifier.Progress) -> Void) throws(Fault) {
        if let image = scope.image {
            return try examine(try patiently { () throws(Fault) in try catalog.recordedImages([image]) }, report)
        }
        var last = first
        while true {
            let (catalog, start) = (catalog, last)
            let images = try patiently { () throws(Fault) in try catalog.recordedImages(after: start, atMost: Self.page) }
            guard let end = images.last else { return }
            try examine(images, report)
            last = end.id
        }
    }

    private func examine(_ images: [RecordedImage], _ report: (Verifier.Progress) -> Void) throws(Fault) {
        let before = run.counts
        defer { run.counts.meter(since: before) }
        let batch = ImageBatch(images, examiner, givenUp: givenUp)
        try batch.start(settings.threads)
        defer { batch.end(within: 2) }
        var (taken, reported) = (0, 0)
        func take(_ results: [Examiner.Examined]) throws(Fault) {
            try conclude(Array(images[taken..<taken + results.count]), results)
            for result in results { run.counts.add(result.counts) }
            taken += results.count
            if taken > 0, scope.image == nil { run.position = .images(after: images[taken - 1].id) }
        }
        var isDone = false
        while !isDone {
            isDone = batch.wait(atMost: 0.25)
            try batch.giveUpStuckThreads(after: settings.timeout)
            let examined = batch.results(from: taken, while: \.isSettledAlone)
            let (read, unread) = batch.takeProgress()
            report(Verifier.Progress(images: Int64(taken + examined.count - reported), bytes: read, skipped: unread))
            reported = taken + examined.count
            if isCancelled() {
                batch.end(within: 2)
                try take(batch.results(from: taken, while: \.isClear))
                isInterrupted = true
                throw Self.interruption
            }
            if isDue {
                // Also what is suspicious, or an interruption would repeat all that comes after it.
                try take(examined)
                try record()
            }
        }
        report(Verifier.Progress(images: Int64(images.count - reported)))
        try take(Array(batch.results[taken...]))
        if isDue || !pending.isEmpty { try record() }
    }

    /// Finds out what the results of some images leave open.
    private func conclude(_ images: [RecordedImage], _ results: [Examiner.Examined]) throws(Fault) {
        for result in results {
            if let (store, reason) = result.givenUp { giveUp(store, reason) }
        }
        for finding in try confirmed(images, results) { try add(finding) }
        let odd = results.flatMap(\.odd)
        guard !odd.isEmpty else { return }
        for finding in try SharedFiles(self).findings(among: odd) { try add(finding) }
    }

    /// Examines what is suspicious again, a moment later.
    private func confirmed(_ images: [RecordedImage], _ results: [Examiner.Examined]) throws(Fault) -> [Finding] {
        var suspicions: [String: [Finding]] = [:]
        for (image, result) in zip(images, results) where !result.suspicions.isEmpty { suspicions[image.id.text] = result.suspicions }
        guard !suspicions.isEmpty else { return [] }
        try settle()
        let ids = images.map(\.id).filter { suspicions[$0.text] != nil }
        let (now, moving) = try patiently { () throws(Fault) in
            (try catalog.recordedImages(ids).sorted { $0.id.text < $1.id.text }, try catalog.inMotion(among: ids))
        }
        let batch = ImageBatch(now, examiner, givenUp: givenUp)
        try batch.start(settings.threads)
        defer { batch.end(within: 2) }
        while !batch.wait(atMost: 0.25) {
            try batch.giveUpStuckThreads(after: settings.timeout)
            try keepUp()
        }
        var findings: [Finding] = []
        for (image, result) in zip(now, batch.results) {
            if let (store, reason) = result.givenUp { giveUp(store, reason) }
            findings += result.suspicions.filter { suspicion in
                if suspicion.kind == .noLocation, moving.contains(image.id) { return false }
                return suspicions[image.id.text]?.contains { $0.isSame(as: suspicion) } ?? false
            }
        }
        return findings
    }

    // MARK: what the parts of a run need

    /// Counts a file of a folder.
    func countFiles(_ count: Int, of store: String) { run.counts[store].files += Int64(count) }

    /// Takes a finding that is confirmed.
    func add(_ finding: Finding) throws(Fault) {
        logger.warning(
            "verification \(run.number): \(finding.kind.rawValue) \(finding.image.map { "image \($0) " } ?? "")\(finding.location): \(finding.detail)"
        )
        pending.append(finding)
        if pending.count >= Self.mostPending { try record() }
    }

    /// Asks a store no more. Its data counts as not verified.
    func giveUp(_ store: String, _ reason: String) {
        guard givenUp.insert(store).inserted else { return }
        logger.error("verification \(run.number) gives up store '\(store)': \(reason)")
        pending.append(Finding(.notVerified, store: store, detail: "\(reason) What was left to verify in it was not verified."))
    }

    /// Waits until what is in motion has settled.
    func settle() throws(Fault) {
        let end = monotonicSeconds() + settings.settling
        while monotonicSeconds() < end {
            try keepUp()
            usleep(useconds_t(max(0, min(0.1, end - monotonicSeconds())) * 1_000_000))
        }
    }

    /// Renews the lease when it is time.
    ///
    /// - Throws: when the run is to be interrupted.
    func keepUp() throws(Fault) {
        if isCancelled() {
            isInterrupted = true
            throw Self.interruption
        }
        if isDue { try record() }
    }

    private var isDue: Bool { monotonicSeconds() - notedAt >= Timing.verificationStep }

    private func record() throws(Fault) {
        let (run, findings) = (run, pending)
        self.run.findings = try patiently { () throws(Fault) in try catalog.note(run, findings) }
        pending = []
        notedAt = monotonicSeconds()
    }

    /// Repeats a call of the catalog for a while.
    func patiently<Value>(_ body: () throws(Fault) -> Value) throws(Fault) -> Value {
        let end = monotonicSeconds() + Timing.catalogPatience
        while true {
            do throws(Fault) {
                return try body()
            } catch {
                guard error.kind == .unavailable, monotonicSeconds() < end, !isCancelled() else {
                    hasFailed = true
                    throw error
                }
                usleep(useconds_t(Timing.catalogRetry * 1_000_000))
            }
        }
    }
}

extension VerificationCounts {
    /// Counts for the metrics what was compared since an earlier state.
    fileprivate func meter(since before: VerificationCounts) {
        for (store, counts) in stores {
            ServiceMetrics.verification.images.add(StoreName(store), by: counts.images - before[store].images)
            ServiceMetrics.verification.bytes.add(StoreName(store), by: counts.bytes - before[store].bytes)
        }
    }

    fileprivate mutating func add(_ other: VerificationCounts) {
        for (store, counts) in other.stores {
            self[store].images += counts.images
            self[store].bytes += counts.bytes
        }
    }
}
