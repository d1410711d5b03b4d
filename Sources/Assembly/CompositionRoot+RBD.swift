internal import Domain
internal import JSONDocument
internal import Options
internal import OsloConfig
internal import OsloLog
internal import RBDStore

extension CompositionRoot {
    /// Makes a store of the type rbd. The cluster need not be there.
    ///
    /// - Returns: nil where `stores` names rbd beside others, and nothing is configured.
    /// - Throws: when Ceph's libraries are not installed.
    func makeRBDStore(_ group: Options.StoreGroup, named name: String?) throws -> MadeStore? {
        if name == nil, try isBesideOthers("rbd"), !configuration.isSet(group.rbd.pool), !configuration.isSet(group.rbd.user),
            !configuration.isSet(group.rbd.file)
        {
            return nil
        }
        var place = CephCluster.Settings()
        place.file = try configuration(group.rbd.file).map { Self.found($0, configuration) }
        place.user = try configuration(group.rbd.user)
        let patience = try configuration(group.rbd.patience)
        if patience > 0 { place.patience = Double(min(patience, 3600)) }
        var settings = RBDStore.Settings()
        settings.pool = try configuration(group.rbd.pool)
        settings.chunk = try configuration(group.rbd.chunkSize)
        settings.isThin = try configuration(group.rbd.isThin)
        do throws(CephLibraryMissing) {
            let cluster = try parts.cephClusters.cluster(place, isForCopies: role == .tasks)
            let store = RBDStore(name: name, cluster, settings, logger: log.logger("glance.store"))
            return (
                store,
                [
                    "chunk_size": .int(Int64(settings.chunk) << 20), "pool": .string(settings.pool),
                    "thin_provisioning": .bool(settings.isThin),
                    "fsid": store.clusterID.map { .string($0) } ?? .null,
                ]
            )
        } catch {
            throw ConfigurationError(
                place: name.map { "[DEFAULT] enabled_backends, store '\($0)'" } ?? "[glance_store] stores", reason: "\(error)")
        }
    }
}
