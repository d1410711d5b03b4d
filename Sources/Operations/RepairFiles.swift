internal import Domain

/// Moving files that no image needs into quarantine.
extension Repairer {
    /// Moves files into quarantine. The locations of all images are read once for all of them.
    ///
    /// - Throws: when the catalog cannot be asked.
    func quarantine(_ candidates: [Candidate]) throws(Fault) -> [(Candidate, Outcome)] {
        guard !candidates.isEmpty else { return [] }
        let used = try used(among: Set(candidates.map(\.path)))
        var outcomes: [(Candidate, Outcome)] = []
        for candidate in candidates {
            let outcome: Outcome
            if used.contains(candidate.path) {
                outcome = .settled("\(candidate.words)an image refers to the file")
            } else {
                do throws(Fault) { outcome = try take(candidate) } catch { outcome = .failed(error) }
            }
            outcomes.append((candidate, outcome))
        }
        return outcomes
    }

    /// The paths to which locations of images lead, by their names, by links or through other folders.
    private func used(among paths: Set<String>) throws(Fault) -> Set<String> {
        var files: [String: String] = [:]
        for path in paths {
            if let file = facts(at: path) { files[file.identity] = path }
        }
        var (used, last): (Set<String>, Int64) = ([], 0)
        while true {
            let some = try catalog.scannedLocations(after: last, atMost: 5000)
            guard let end = some.last?.number else { return used }
            last = end
            for location in some {
                guard let path = filePath(of: location.url) else { continue }
                if paths.contains(path) {
                    used.insert(path)
                } else if let file = facts(at: path), let path = files[file.identity] {
                    used.insert(path)
                }
            }
        }
    }

    /// Looks at a file; one that cannot be looked at now is none of the candidates, which could.
    private func facts(at path: String) -> FileFacts? {
        do throws(Fault) { return try folders.facts(at: path) } catch { return nil }
    }

    private func take(_ candidate: Candidate) throws(Fault) -> Outcome {
        let finding = candidate.finding.finding
        var reason: String?
        let result = try quarantine.take(candidate.path, QuarantineReason(finding, run: candidate.finding.run)) { () throws(Fault) in
            reason = try self.reasonToKeep(candidate)
            return reason == nil
        }
        return switch result {
        case .taken(let file): .repaired("\(candidate.words)moved into quarantine as \(file.id)")
        case .gone: candidate.done.map { .repaired($0) } ?? .settled("the file is gone")
        case .kept: .left("\(candidate.words)\(reason ?? "the file stays")")
        }
    }

    /// Why a file must stay; nil when it may be moved. Asked at the last moment, when no upload can take the file's name.
    private func reasonToKeep(_ candidate: Candidate) throws(Fault) -> String? {
        let base = candidate.path.split(separator: "/").last ?? ""
        let parts = base.split(separator: ".", maxSplits: 1)
        let image = ImageID(String(parts.first ?? ""))
        // Only files whose name begins with an image's id can be of an upload that is under way.
        guard image.isUUID else { return nil }
        switch candidate.finding.finding.kind {
        case .unfinishedFile:
            let upload = Upload(image: image, token: parts.count == 2 ? String(parts[1]) : "", pendingURL: "file://\(candidate.path)")
            return try catalog.known(among: [upload]).isEmpty ? nil : "an upload or a job writes it"
        case .stagedLeftover:
            return try catalog.waiting(among: [image]).isEmpty ? nil : "the image waits for it"
        default:
            if try !catalog.inMotion(among: [image]).isEmpty { return "an upload, a job or a removal of its image is under way" }
            let locations = try catalog.recordedImages([image]).first?.locations ?? []
            return locations.contains { filePath(of: $0.url) == candidate.path } ? "its image refers to it" : nil
        }
    }
}

extension Repairer.Candidate {
    /// What was done before, in front of what is done with the file.
    fileprivate var words: String { done.map { "\($0); the damaged file: " } ?? "" }
}
