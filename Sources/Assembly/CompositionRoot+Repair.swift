internal import BackgroundJobs
package import Domain
package import Operations
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence
internal import Stores

/// The repair of what verifications find.
extension CompositionRoot {
    /// The quarantine of the folders of this node.
    package func makeQuarantine() throws -> any Quarantine { QuarantineFolders(try stores, staging: try stagingFolder.path) }

    /// The repair of what a verification found.
    package func makeRepairer() throws -> Repairer {
        let (stores, keeper) = (try stores, try cacheKeeper)
        let folders = VerifiedFolders(stores, staging: try stagingFolder.path, cache: try cacheFolder)
        let cache: (any ImageCache, any CacheRecords)? = try keeper.map { ($0.cache, try catalog.cachedImages(of: try cacheNode)) }
        return Repairer(
            catalog: try catalog, stores: stores, folders: folders, quarantine: try makeQuarantine(), cache: cache,
            permissions: PermissionMender(stores, folders), logger: log.logger("glance.verification"))
    }
}

/// The continuous verification.
extension CompositionRoot {
    /// The job that verifies all images once in `verify_every`; nil if that is off.
    func makeVerifying() throws -> Verifying? {
        let period = try configuration(options.verification.every)
        guard period > 0 else { return nil }
        let limit = try configuration(options.verification.rate)
        var settings = Verifier.Settings()
        settings.bytesPerSecond = limit > 0 ? limit : nil
        var parts = [Verifying.Part(nil)]
        let stores = try verifiedFolders
        for store in stores.unfolderedStores { parts.append(Verifying.Part(store)) }
        for folder in stores.folders where !parts.contains(where: { $0.store == folder.store }) {
            parts.append(Verifying.Part(folder.store, isOfNode: folder.content != .images))
        }
        return Verifying(
            try makeVerifier(settings), catalog: try catalog, leases: try catalog, parts: parts, period: period,
            rate: settings.bytesPerSecond, node: hostName(), worker: worker, logger: log.logger("glance.verification"))
    }
}
