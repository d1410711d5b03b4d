package import Domain
internal import Glibc
package import Logging

/// A store that keeps each image in an RBD image of a Ceph pool, as Glance does: named after the image's id, with the protected snapshot
/// `snap` that holds the data and of which Nova and Cinder make clones.
///
/// Data is written to an image `vitrine.<image id>.<token>`, which is renamed when it is complete and has its snapshot. Clones refer to an
/// image by the cluster's own id of it, so they do not see the difference.
package struct RBDStore: ImageStore {
    let faults: RBDFaults
    private let cluster: CephCluster
    private let settings: Settings
    private let writing: RBDWriter.Settings

    /// The settings; they are options of Glance's driver. Source: glance_store, `_drivers/rbd.py`.
    package struct Settings: Sendable {
        /// The pool (`rbd_store_pool`).
        package var pool = "images"
        /// MiB of an object of a new image (`rbd_store_chunk_size`), 1 to 32. As in Glance, the next lower power of two counts.
        package var chunk = 8
        /// Whether pieces of zeros are left out (`rbd_thin_provisioning`).
        package var isThin = false

        /// Makes default settings.
        package init() {}
    }

    /// Makes a store; nothing is asked of the cluster.
    ///
    /// - Parameter name: the store's name, for the label of its locations; nil for a single store without a name.
    package init(name: String? = nil, _ cluster: CephCluster, _ settings: Settings = Settings(), logger: Logger) {
        (self.cluster, self.settings) = (cluster, settings)
        faults = RBDFaults(store: name ?? "rbd")
        cluster.pools.note(settings.pool, of: cluster, faults)
        writing = RBDWriter.Settings(
            faults: faults, order: 20 + (Int.bitWidth - 1 - settings.chunk.leadingZeroBitCount), isThin: settings.isThin,
            label: name, logger: logger)
    }

    /// The cluster's id, as far as it is known without asking.
    package var clusterID: String? { cluster.knownID }

    func pool() throws(CephError) -> RBDPool { try RBDPool(settings.pool, of: cluster) }

    /// The pool, if a location is in it; nil for a location in another cluster.
    private func pool(of location: RBDLocation) throws(CephError) -> RBDPool? {
        let pool = try pool()
        return location.place.map { $0.cluster == pool.connection.id } ?? true ? pool : nil
    }

    // MARK: writing

    package func begin(_ id: ImageID, token: String, announcing size: Int64?) throws(Fault) -> any BlobWriter {
        guard id.isUUID else { throw Fault(.invalid, "Image id \(id) cannot name an image of the store.") }
        let pool = try faults.telling(pool)
        // Where the space cannot be told, writing tells.
        if let size, size > 0, (try? pool.run("asking for the pool's space", { () throws(CephError) in try pool.isTooLarge(size) })) == true
        {
            throw faults.full()
        }
        return try RBDWriter.begin(pool, UnfinishedName(image: id.text, token: token), announcing: size, writing)
    }

    package func discard(_ upload: Upload) throws(Fault) { try discard(upload, mayBeCommitted: true) }
    package func discardPending(_ upload: Upload) throws(Fault) { try discard(upload, mayBeCommitted: false) }

    private func discard(_ upload: Upload, mayBeCommitted: Bool) throws(Fault) {
        guard let location = RBDLocation(upload.pendingURL), holds(location), let name = UnfinishedName(location.image),
            name.image == upload.image.text
        else { return }
        cluster.writers.fence(name.text, in: settings.pool)
        try faults.telling { () throws(CephError) in
            guard let pool = try pool(of: location) else { return }
            let progress = CallProgress()
            try pool.run("discarding an image", progress: progress) { () throws(CephError) in
                try pool.discard(name, mayBeCommitted: mayBeCommitted, progress)
            }
        }
    }

    // MARK: removing

    package func remove(_ url: String) throws(Fault) { try remove(url) { true } }

    package func remove(_ url: String, ifStill isMeant: () throws(Fault) -> Bool) throws(Fault) {
        guard let location = RBDLocation(url), holds(location) else { return }
        let found = try faults.telling { () throws(CephError) -> (RBDPool, String)? in
            // Before the cluster was asked for its id, every cluster's locations seemed to be here.
            guard let pool = try pool(of: location) else { throw CephError(code: EXDEV, doing: "removing an image of another cluster") }
            return try pool.imageID(location.image).map { (pool, $0) }
        }
        // The id is asked first: an image that is named so later has another one.
        guard let (pool, id) = found, try isMeant() else { return }
        do throws(CephError) {
            let progress = CallProgress()
            try pool.run("removing an image", progress: progress) { () throws(CephError) in
                try pool.remove(location.image, id: id, snapshot: location.snapshot, progress)
            }
        } catch {
            throw error.code == EBUSY
                ? Fault(.unavailable, "The image's data are in use in the store '\(faults.store)'.", cause: error) : faults.fault(error)
        }
    }

    package func checkRemovable(_ url: String) throws(Fault) {
        guard let location = RBDLocation(url), holds(location), let snapshot = location.snapshot else { return }
        let hasClones = try faults.telling { () throws(CephError) in
            guard let pool = try pool(of: location) else { return false }
            return try pool.run("looking for clones") { () throws(CephError) in
                guard let id = try pool.imageID(location.image), let image = try pool.open(id: id, isReadOnly: true) else { return false }
                defer { image.close() }
                return try image.snapshotID(snapshot).map { number throws(CephError) in try pool.hasClones(of: id, snapshot: number) }
                    ?? false
            }
        }
        if hasClones { throw faults.inUse() }
    }

    // MARK: reading

    package func holds(_ url: String) -> Bool { RBDLocation(url).map(holds) ?? false }

    private func holds(_ location: RBDLocation) -> Bool {
        guard let place = location.place else { return true }
        return place.pool == settings.pool && cluster.knownID.map { $0 == place.cluster } ?? true
    }

    package func bytes(at url: String) throws(Fault) -> Blob {
        guard let location = RBDLocation(url), holds(location) else { throw faults.noData() }
        let faults = faults
        let data = try faults.telling { () throws(CephError) -> RBDData? in
            guard let pool = try pool(of: location) else { return nil }
            return try pool.run("opening an image") { () throws(CephError) in try pool.data(at: location, faults) }
        }
        guard let data else { throw faults.noData() }
        return Blob(size: data.size, internalPath: nil) { offset throws(Fault) in try RBDReader(data, from: offset) }
    }
}

extension RBDStore: PlacedStore {
    /// Cluster and pool stand in each location. The cluster is that of the configuration file, which all processes of a node know at all times.
    package var place: [String: String?] { ["cluster": cluster.configuredID, "pool": settings.pool] }
}

extension RBDPool {
    /// Opens the data at a location; nil when there are none.
    func data(at location: RBDLocation, _ faults: RBDFaults) throws(CephError) -> RBDData? {
        let snapshot = location.snapshot
        // Without a snapshot to ask for, it is opened so that nobody can remove it.
        guard let id = try imageID(location.image), let image = try open(id: id, snapshot: snapshot, isReadOnly: snapshot != nil) else {
            return nil
        }
        let number: UInt64? = if let snapshot { try image.snapshotID(snapshot) } else { nil }
        guard snapshot == nil || number != nil else { return nil }
        return RBDData(pool: self, image: image, size: try image.size(), snapshot: number, faults: faults)
    }
}
