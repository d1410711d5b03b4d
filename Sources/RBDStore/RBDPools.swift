internal import Synchronization

/// The pools that the stores of a process have: a copy within a cluster reads one of them, as that store's user.
final class RBDPools: Sendable {
    private struct Entry: @unchecked Sendable {
        weak var cluster: CephCluster?
        let pool: String
        let faults: RBDFaults
    }

    private let entries = Mutex<[Entry]>([])

    /// Notes that a store has a pool.
    func note(_ pool: String, of cluster: CephCluster, _ faults: RBDFaults) {
        let entry = Entry(cluster: cluster, pool: pool, faults: faults)
        entries.withLock { entries in
            entries.removeAll { $0.cluster == nil || $0.cluster === cluster && $0.pool == pool }
            entries.append(entry)
        }
    }

    /// The stores of a pool of a cluster: they may have different users.
    ///
    /// - Parameter id: the cluster's id.
    func stores(of pool: String, in id: String) -> [(cluster: CephCluster, faults: RBDFaults)] {
        // An id may have to be looked up in a file.
        entries.withLock { $0 }.compactMap { entry in
            guard entry.pool == pool, let cluster = entry.cluster, cluster.knownID == id else { return nil }
            return (cluster, entry.faults)
        }
    }
}
