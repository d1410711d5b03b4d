internal import BackgroundJobs
internal import Domain
internal import Logging
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Stores
internal import Synchronization

extension CompositionRoot {
    /// The periodic job that compares this node with the others of the database; nil for an API without a database of its own.
    func makeNodeComparing() throws -> NodeComparing? {
        guard try configuration(options.api.enableV2) else { return nil }
        let name = try configuration(options.processes.nodeName)
        return NodeComparing(
            node: String((name ?? WorkerName.Place.own.machine).prefix(255)), watch: nodeWatch, logger: log.logger("glance.nodes"),
            catalog: { try self.catalog }, setup: try makeNodeSetup(name ?? hostName()))
    }

    /// Reads how this node is set up: what the configuration says, and the marks of folders as they are now.
    private func makeNodeSetup(_ name: String) throws -> @Sendable () throws -> NodeSetup {
        var fixed = NodeSetup(name: name)
        fixed.address = try configuration(options.imports.selfReference)
        if let address = fixed.address { warnUnlessURL(address, at: "[DEFAULT] worker_self_reference_url") }
        fixed.settings = try commonSettings
        for (store, type) in try storeTypes { fixed.stores[store] = NodeSetup.Store(type: type) }
        let (setup, staging) = (fixed, try stagingAsShared)
        return {
            var setup = setup
            setup.staging = staging.seenMark
            let stores = try self.stores
            for (store, folders) in stores.seenFolders { setup.stores[store]?.folders = folders }
            for (store, place) in stores.places { setup.stores[store]?.place = place }
            return setup
        }
    }

    /// The types of all stores by their names. A store without a name has that of its type.
    private var storeTypes: [String: String] {
        get throws {
            let several = try backends
            let all = try several.isEmpty ? onlyTypes.map { ($0, $0) } : several.map { ($0.id, $0.type) }
            return Dictionary(all) { $1 }
        }
    }

    /// The settings that decide what is written, and which must be the same at all nodes.
    private var commonSettings: [String: String] {
        get throws {
            let several = try backends
            let main = try several.isEmpty ? defaultType(onlyTypes) : configuration(options.stores.defaultBackend) ?? ""
            func list(_ option: OsloConfig.Option<[String]>) throws -> String {
                let values = try configuration(option)
                return values.isEmpty ? "empty" : values.joined(separator: ",")
            }
            return [
                "the default store": "'\(main)'",
                "[DEFAULT] hashing_algorithm": try configuration(options.images.hashingAlgorithm),
                "[DEFAULT] enabled_import_methods": try list(options.imports.methods),
                "[image_import_opts] image_import_plugins": try list(options.imports.plugins),
                "[DEFAULT] delayed_delete": try configuration(options.deletion.delayedDelete) ? "true" : "false",
                "[DEFAULT] metadata_encryption_key": locationCipher == nil ? "not set" : "set",
            ]
        }
    }
}

/// What a process knows of the other nodes of its database, for health checks and orders.
final class NodeWatch: Sendable {
    private let state = Mutex(State())

    private struct State {
        var warnings: [NodeWarning] = []
        var hasOtherStaging = false
    }

    /// What differs at other nodes and must not, in sentences for a health check; empty while that is not known.
    var warnings: [String] { state.withLock { $0.warnings.map(\.sentence) } }

    /// Whether a node that is there has another staging folder.
    var hasOtherStaging: Bool { state.withLock { $0.hasOtherStaging } }

    /// Takes the result of a comparison.
    ///
    /// - Returns: the warnings that are new, and those that are over.
    fileprivate func note(_ warnings: [NodeWarning], hasOtherStaging: Bool) -> (new: [NodeWarning], over: [NodeWarning]) {
        state.withLock { state in
            defer { (state.warnings, state.hasOtherStaging) = (warnings, hasOtherStaging) }
            return (warnings.filter { !state.warnings.contains($0) }, state.warnings.filter { !warnings.contains($0) })
        }
    }
}

/// Records how this node is set up, and warns of what the nodes of one database must share and do not.
final class NodeComparing: PeriodicJob {
    private let node: String
    private let watch: NodeWatch
    private let logger: Logger
    private let catalog: @Sendable () throws -> any NodeCatalog
    private let setup: @Sendable () throws -> NodeSetup
    /// How often this node did not know all of itself: another process has not marked a folder yet.
    private let unfinished = Mutex(0)

    var purpose: String { "compare this node with the others" }

    /// - Parameter node: the name under which this node is recorded.
    init(
        node: String, watch: NodeWatch, logger: Logger, catalog: @escaping @Sendable () throws -> any NodeCatalog,
        setup: @escaping @Sendable () throws -> NodeSetup
    ) {
        (self.node, self.watch, self.logger, self.catalog, self.setup) = (node, watch, logger, catalog, setup)
    }

    func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        do {
            let own = try setup()
            let records = try catalog()
            try records.record(own, ofNode: node)
            let others = try records.nodeSetups(seenWithin: Timing.nodeSilence).filter { $0.key != node }.values
            let (new, over) = watch.note(
                own.warnings(about: Array(others)), hasOtherStaging: others.contains { own.isStaging(elsewhereThan: $0) })
            for warning in new { logger.warning("\(warning.line)") }
            for warning in over { logger.info("no longer so: \(warning.line)") }
            return pause(after: own)
        } catch {
            // The database may not be reachable yet, or not have the table.
            logger.debug("cannot \(purpose) now: \(error)")
            return Timing.databaseAway
        }
    }

    private func pause(after own: NodeSetup) -> Double {
        let knowsAll = own.staging != nil && own.stores.values.allSatisfy { $0.type != "file" || $0.folders != nil }
        guard !knowsAll else { return Timing.nodeComparison }
        let count = unfinished.withLock { count in
            count += 1
            return count
        }
        return count > Timing.unfinishedComparisons ? Timing.nodeComparison : Timing.nodeComparisonAgain
    }
}
