package import Domain
package import Logging

/// Repairs what a verification found.
///
/// Each repair asks once more whether the finding still holds, under the lock of the record that it changes, so an image that was deleted
/// or got other data meanwhile is left alone. A process may die between any two steps: what is there then is as before or as after, and a
/// second repair of the same run completes it. Two repairs at once do no harm: the later one finds nothing to do.
package struct Repairer: Sendable {
    let catalog: any VerificationCatalog & ImageCatalog
    let stores: any ImageStores
    let folders: any VerifiedStores
    let quarantine: any Quarantine
    /// This node's image cache, and the records that tell which images exist; nil without a cache.
    let cache: (any ImageCache, any CacheRecords)?
    let permissions: any PermissionMending
    let logger: Logger

    /// Makes a repairer of its parts.
    package init(
        catalog: any VerificationCatalog & ImageCatalog, stores: any ImageStores, folders: any VerifiedStores,
        quarantine: any Quarantine, cache: (any ImageCache, any CacheRecords)?, permissions: any PermissionMending, logger: Logger
    ) {
        (self.catalog, self.stores, self.folders, self.quarantine) = (catalog, stores, folders, quarantine)
        (self.cache, self.permissions, self.logger) = (cache, permissions, logger)
    }

    /// What became of a finding.
    package enum Outcome: Sendable {
        /// It was repaired: what was done.
        case repaired(String)
        /// It no longer holds: why.
        case settled(String)
        /// It stays, for an operator: why.
        case left(String)
        /// The repair failed and can be tried again.
        case failed(Fault)

        /// The text for an operator.
        package var text: String {
            switch self {
            case .repaired(let text), .settled(let text), .left(let text): text
            case .failed(let fault): "not repaired: \(fault.message)\(fault.cause.map { " (\($0))" } ?? "")"
            }
        }

        /// The name for scripts.
        package var name: String {
            switch self {
            case .repaired: "repaired"
            case .settled: "settled"
            case .left: "left"
            case .failed: "failed"
            }
        }

        /// Whether the finding is done with.
        package var isDone: Bool {
            switch self {
            case .repaired, .settled: true
            case .left, .failed: false
            }
        }
    }

    /// A finding whose file is to be moved into quarantine.
    struct Candidate {
        let finding: RecordedFinding
        let path: String
        /// What was done about the finding before; nil for a file that is the finding itself.
        var done: String?
    }

    /// The number of findings that are read at a time.
    private static let batch = 500

    /// Repairs the findings of a run that are open.
    ///
    /// - Parameters:
    ///   - isCancelled: asked before each repair; true ends them. Those that are left can be made later.
    ///   - note: called with each finding and what became of it.
    /// - Returns: the number of findings that are still open.
    /// - Throws: when the catalog cannot be asked.
    package func repair(
        run: Int64, isCancelled: () -> Bool = { false }, _ note: (Finding, Outcome) -> Void
    ) throws(Fault) -> Int {
        var (last, open) = (Int64(0), 0)
        while true {
            let some = try catalog.findings(of: run, after: last, atMost: Self.batch)
            guard let end = some.last?.number else { return open }
            last = end
            var candidates: [Candidate] = []
            for finding in some where finding.repair == nil {
                guard !isCancelled() else {
                    open += 1
                    continue
                }
                guard let outcome = try outcome(of: finding, &candidates) else { continue }
                try record(outcome, of: finding, &open, note)
            }
            for (candidate, outcome) in try quarantine(candidates) { try record(outcome, of: candidate.finding, &open, note) }
        }
    }

    private func record(
        _ outcome: Outcome, of finding: RecordedFinding, _ open: inout Int, _ note: (Finding, Outcome) -> Void
    ) throws(Fault) {
        if outcome.isDone { try catalog.note(repair: outcome.text, of: finding.number) } else { open += 1 }
        let what = finding.finding
        let name = what.location.isEmpty ? what.image.map { "image \($0)" } ?? "store '\(what.store)'" : what.location
        logger.log(
            level: outcome.isDone ? .notice : .warning,
            "verification \(finding.run): \(what.kind.rawValue) of \(name): \(outcome.text)")
        note(what, outcome)
    }

    /// Repairs a finding, or adds its file to those that go into quarantine together.
    ///
    /// - Returns: nil for a finding that is added.
    /// - Throws: when the catalog cannot be asked.
    private func outcome(of recorded: RecordedFinding, _ candidates: inout [Candidate]) throws(Fault) -> Outcome? {
        let finding = recorded.finding
        do throws(Fault) {
            switch finding.kind {
            case .orphanFile, .unfinishedFile, .stagedLeftover:
                if folders.unfolderedStores.contains(finding.store) { return try repairItem(finding) }
                candidates.append(Candidate(finding: recorded, path: finding.location))
                return nil
            case .missingFile, .sizeMismatch, .checksumMismatch, .hashMismatch: return try repairData(recorded, &candidates)
            case .wrongPermissions: return try mendPermissions(finding)
            case .cacheOrphan: return try removeCached(finding)
            case .sharedFile: return .left("several images refer to one file; give each its own copy, then remove its other location")
            case .unknownFolder:
                return .left("no store has this folder; name it in the configuration, or move the file and change the location")
            case .noLocation: return .left("the image has no location; delete it, or add one")
            case .wrongFormat: return .left("the data is as it was uploaded; deactivate the image if it must not be used")
            case .notVerified: return .left("the data was not compared; verify again when the store answers")
            }
        } catch {
            return .failed(error)
        }
    }

    // MARK: small repairs

    private func mendPermissions(_ finding: Finding) throws(Fault) -> Outcome {
        guard let path = finding.location.isEmpty ? nil : filePath(of: finding.location) else {
            return .left("it is no file; its store has to be mended there")
        }
        return switch try permissions.mend(path) {
        case .mended(let what): .repaired(what)
        case .right: .settled("the permissions are right now")
        case .gone: .settled("the file is gone")
        case .refused(let what): .left(what)
        }
    }

    private func removeCached(_ finding: Finding) throws(Fault) -> Outcome {
        guard let (cache, records) = cache, let image = finding.image else { return .left("this node has no image cache") }
        guard try !records.live(among: [image]).contains(image) else { return .settled("the image exists") }
        return try cache.remove(image) ? .repaired("removed from the image cache") : .settled("the file is gone")
    }
}

/// The path in a URL of a file, with each run of slashes reduced to one; nil for other URLs. A path is returned as it is.
func filePath(of location: String) -> String? {
    var path = location
    for scheme in ["file://", "filesystem://"] where location.hasPrefix(scheme) { path = String(location.dropFirst(scheme.count)) }
    guard path.hasPrefix("/") else { return nil }
    while let double = path.utf8.firstRange(of: "//".utf8) { path.replaceSubrange(double, with: "/") }
    return path
}
