internal import Domain
internal import JSONDocument

/// Repairs in stores without folders, which have no quarantine.
extension Repairer {
    /// Removes unfinished data that nobody knows. Data that may be an image's is left to an operator.
    func repairItem(_ finding: Finding) throws(Fault) -> Outcome {
        guard finding.kind == .unfinishedFile else {
            return .left("store '\(finding.store)' has no quarantine; remove it there, with the store's own tools, if no image needs it")
        }
        let left = try folders.leftovers(in: finding.store, olderThan: 0)
        guard let upload = left.first(where: { ImageLocation(url: $0.pendingURL).safeURL.isSame(as: finding.location) }) else {
            return .settled("it is gone")
        }
        guard try catalog.known(among: [upload]).isEmpty else { return .left("an upload or a job writes it") }
        try stores.discardPending(upload)
        return .repaired("removed from store '\(finding.store)'")
    }
}
