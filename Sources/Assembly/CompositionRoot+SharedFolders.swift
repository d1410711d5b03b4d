internal import BackgroundJobs
internal import Domain
internal import Glibc
internal import Logging
internal import Options
package import OsloConfig
internal import OsloLog
internal import Stores
internal import Threading

extension CompositionRoot {
    /// The folders that `glance-api` and `glance-tasks` of one machine must both see.
    private var sharedFolders: [SharedFolder] {
        get throws {
            var folders = [try stagingAsShared]
            if let cache = try cacheFolder {
                folders.append(SharedFolder(path: cache, option: "[DEFAULT] image_cache_dir", machine: WorkerName.Place.own.machine))
            }
            return folders
        }
    }

    /// The staging folder, which bears a mark.
    var stagingAsShared: SharedFolder {
        get throws {
            let (path, option) = try stagingFolder
            return SharedFolder(path: path, option: option, machine: WorkerName.Place.own.machine)
        }
    }

    /// The periodic job that marks the folders that the API uses.
    func makeFolderClaims() throws -> FolderClaims {
        FolderClaims(try sharedFolders, log.logger("glance.store")) { try self.catalog }
    }

    /// The periodic job that compares this process's folders with the API's.
    func makeFolderChecks(isStranger: @escaping @Sendable () -> Void) throws -> FolderChecks {
        FolderChecks(try sharedFolders, log.logger("glance.store"), isStranger: isStranger) { try self.catalog }
    }

    /// Variables of the environment that put the staging folder below a folder, unless the configuration sets it.
    package static func stagingVariables(below folder: String, _ configuration: Configuration) -> [String: String] {
        var variables: [String: String] = [:]
        if !configuration.isSet(options.stores.nodeStagingURI) { variables["OS_DEFAULT__NODE_STAGING_URI"] = "file://\(folder)/staging" }
        let group = ReservedStore.staging.rawValue
        if !configuration.isSet(Options.StoreGroup(group).folder) {
            variables["OS_\(group.uppercased())__FILESYSTEM_STORE_DATADIR"] = "\(folder)/staging"
        }
        return variables
    }
}

/// Marks the folders that a process of the API uses, and records the marks. The database need not be reachable yet.
struct FolderClaims: PeriodicJob {
    private let folders: [SharedFolder]
    private let logger: Logger
    private let makeCatalog: @Sendable () throws -> any MaintenanceCatalog

    var purpose: String { "mark the folders that it shares with glance-tasks" }

    init(_ folders: [SharedFolder], _ logger: Logger, makeCatalog: @escaping @Sendable () throws -> any MaintenanceCatalog) {
        (self.folders, self.logger, self.makeCatalog) = (folders, logger, makeCatalog)
    }

    func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        do {
            let records = try makeCatalog()
            for folder in folders where try !folder.claim(records) {
                logger.error(
                    """
                    \(folder.option): another process of this machine sees another folder at \(folder.path) (a /tmp of its own, another \
                    container); what is left there is found by one of them alone
                    """)
            }
            return Timing.folderMark
        } catch {
            logger.debug("cannot \(purpose) yet: \(error)")
            return Timing.folderMarkAgain
        }
    }
}

/// Finds out whether `glance-tasks` sees the folders that `glance-api` uses.
final class FolderChecks: PeriodicJob {
    private let folders: [SharedFolder]
    private let logger: Logger
    private let makeCatalog: @Sendable () throws -> any MaintenanceCatalog
    private let isStranger: @Sendable () -> Void
    /// Checks in a row that found another folder.
    private let strange = Monitor(0)

    var purpose: String { "compare the folders that it shares with glance-api" }
    /// Checks that must agree, since an API that is just starting has not marked its folder yet.
    private static let looks = 5

    /// - Parameter isStranger: called when a folder has turned out to be another one than the API's.
    init(
        _ folders: [SharedFolder], _ logger: Logger, isStranger: @escaping @Sendable () -> Void,
        makeCatalog: @escaping @Sendable () throws -> any MaintenanceCatalog
    ) {
        (self.folders, self.logger, self.makeCatalog, self.isStranger) = (folders, logger, makeCatalog, isStranger)
    }

    /// Checks until the result is certain. Without a database it passes.
    ///
    /// - Throws: when this program sees another folder than the API.
    func checkAtStart() throws {
        for look in 1...Self.looks {
            guard let folder = stranger() else { return }
            guard look < Self.looks else { throw ConfigurationError(place: folder.option, reason: Self.reason(folder)) }
            usleep(useconds_t(Timing.folderCheckAgain * 1_000_000))
        }
    }

    func run(_ waiting: WaitingWork) throws(Fault) -> Double? {
        guard let folder = stranger() else {
            strange.with { $0 = 0 }
            return Timing.folderCheck
        }
        let count = strange.with { count in
            count += 1
            return count
        }
        if count == Self.looks {
            logger.critical("\(folder.option): \(Self.reason(folder))")
            isStranger()
        }
        return Timing.folderCheckAgain
    }

    /// A folder that is not the API's; nil also if that cannot be found out now.
    private func stranger() -> SharedFolder? {
        do {
            let records = try makeCatalog()
            return try folders.first { try !$0.isTheRecordedOne(records) }
        } catch {
            logger.debug("cannot \(purpose) now: \(error)")
            return nil
        }
    }

    private static func reason(_ folder: SharedFolder) -> String {
        """
        \(folder.path), as glance-tasks sees it, is not the folder that glance-api of this machine uses: it does not have its mark. A /tmp of \
        its own (PrivateTmp=) or a container hides the other's; choose a folder that both see, such as one below /var/lib/glance
        """
    }
}
