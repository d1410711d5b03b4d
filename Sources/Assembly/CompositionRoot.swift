internal import Cryptography
package import Domain
internal import Glibc
internal import Identity
internal import Logging
package import Operations
internal import Options
package import OsloConfig
package import OsloLog
internal import Persistence
internal import RBDStore
internal import RegistryClient
internal import Server
internal import Stores

/// Makes the parts of a process from its configuration, each once and when it is first needed, and hands them to the parts that need them.
///
/// A part that exists once is a property (`database`, `stores`, `keystoneSession`); a part that is made for each caller is a function
/// (`make…`).
package final class CompositionRoot: Sendable {
    /// The purpose of the process.
    enum Role {
        case api, registry, tasks
        /// A program that an operator runs at a command line.
        case tool
    }

    package let configuration: Configuration
    package let log: OsloLog
    package let policies: any PolicySource
    let role: Role
    /// The name of this process among all that hold leases.
    let worker = WorkerName.fresh().text
    /// Nil in programs that answer no clients.
    let bulkheads: Bulkheads?
    /// Encrypts the URLs of locations in the database; nil where they are not encrypted.
    let locationCipher: TextCipher?
    /// Nil in processes that count nothing.
    let counting: ProcessCounting?
    let parts = Parts()
    /// What this process knows of the other nodes.
    let nodeWatch = NodeWatch()

    /// The parts that are made when they are first needed.
    struct Parts: Sendable {
        let database = Once<Database>()
        let catalog = Once<MariaDBCatalog>()
        let registry = Once<RegistryClient?>()
        let stores = Once<StoreSet>()
        let cephClusters = CephClusters()
        let staging = Once<StagingArea>()
        let fetcher = Once<HTTPStore>()
        let imageSource = Once<any ImageSource>()
        let certificates = Once<(any CertificateSource)?>()
        let cacheKeeper = Once<CacheKeeper?>()
        let projectLimits = Once<any LimitSource>()
        let clientUploads = Once<ProjectShares>()
        let keystoneSession = Once<KeystoneSession>()
        let service = Once<ImageService>()
    }

    /// - Parameters:
    ///   - program: the name of the log file in `log_dir`; it decides the role.
    ///   - isCounted: whether the process counts metrics if they are wanted; once a process.
    package init(_ configuration: Configuration, program: String, isCounted: Bool = false) throws {
        self.configuration = configuration
        counting = isCounted ? try ProcessCounting(configuration, program: program) : nil
        role =
            switch program {
            case "glance-api": .api
            case "glance-registry": .registry
            case "glance-tasks": .tasks
            default: .tool
            }
        locationCipher = try Self.makeLocationCipher(configuration)
        bulkheads = role == .api ? Bulkheads() : nil
        log = try OsloLog(configuration, program: program)
        counting?.report(to: log.logger("glance.metrics"))
        let logger = log.logger("glance.policy")
        let servers = try Self.policyServers(configuration, bulkheads, logger)
        policies = try PolicyFiles(try Self.policyPlaces(configuration), servers: servers, logger: logger)
    }

    private static func makeLocationCipher(_ configuration: Configuration) throws -> TextCipher? {
        guard let key = try configuration(options.images.metadataEncryptionKey), !key.isEmpty else { return nil }
        guard let cipher = TextCipher(key: key) else {
            throw ConfigurationError(
                place: "[DEFAULT] metadata_encryption_key", reason: "has \(key.utf8.count) bytes; a key of AES has 16, 24 or 32")
        }
        return cipher
    }

    /// Obeys an operator's SIGHUP: opens the log again, and reads files of rules and tokens again.
    func lookAgain() {
        log.reopen()
        Reloading.order()
        // They are read at once, so that the log shows the result.
        _ = policies.current
    }

    /// The path of a file that a setting names.
    static func found(_ name: String, _ configuration: Configuration) -> String {
        if name.hasPrefix("/") { return name }
        let usual = ConfigurationSearch(project: "glance", environment: ProgramConfiguration.environment()).folders
        let paths = (configuration.folders + usual).map { "\($0)/\(name)" }
        return paths.first(where: ConfigurationSearch.isThere) ?? "\(configuration.folders.first ?? "/etc/glance")/\(name)"
    }

    /// The worker that makes V1's copies.
    ///
    /// - Parameter isEnding: whether the process is about to end and leaves copies to others.
    func makeCopier(isEnding: @escaping @Sendable () -> Bool) throws -> Copier {
        Copier(service: try service, orders: try catalog, isEnding: isEnding)
    }

    func makeSweeper() throws -> Sweeper {
        Sweeper(
            catalog: try catalog, stores: try stores, staging: try staging, site: try makeJobSite(), worker: worker,
            isDead: WorkerName.isDead, logger: log.logger("glance.tasks"))
    }

    func makeRemover() throws -> Remover { Remover(catalog: try catalog, stores: try stores, logger: log.logger("glance.tasks")) }

    package func makeScrubber() throws -> Scrubber {
        Scrubber(
            catalog: try catalog, stores: try stores, patience: try configuration(options.deletion.scrubTime),
            logger: log.logger("glance.scrubber"))
    }

    package func makePurger() throws -> Purger { Purger(catalog: try catalog, logger: log.logger("glance.purge")) }

    /// The image service over this process's own connections to the database.
    var service: ImageService {
        get throws { try parts.service { try makeService(over: try catalog) } }
    }

    /// The image service over a catalog.
    ///
    /// - Parameter catalog: the database, or for V1 the registry.
    func makeService(over catalog: some Catalog) throws -> ImageService {
        let algorithm = try configuration(options.images.hashingAlgorithm)
        guard Digest(algorithm) != nil else {
            throw ConfigurationError(place: "[DEFAULT] hashing_algorithm", reason: "'\(algorithm)' is not known")
        }
        return try ImageService(
            catalog: catalog, stores: try stores, staging: try staging, host: try host,
            cache: role == .api && (try sendsFromCache) ? try cacheKeeper : nil,
            source: try imageSource, certificates: try certificates, worker: worker, policies: policies,
            protections: try makeProtections(), limits: try makeLimits(), projectLimits: try projectLimits,
            formats: try makeFormatRules(), hashAlgorithm: algorithm, clientUploads: try clientUploads,
            schemes: try locationSchemes, logger: log.logger("glance.service"))
    }

    /// The rules of custom properties; nil if none are protected.
    private func makeProtections() throws -> PropertyProtections? {
        guard let name = try configuration(options.images.propertyProtectionFile) else { return nil }
        return try PropertyProtectionFile.read(
            Self.found(name, configuration), try configuration(options.images.propertyProtectionFormat), policies.current)
    }

    /// The limits of each project.
    var projectLimits: any LimitSource {
        get throws {
            try parts.projectLimits {
                if try configuration(options.limits.useKeystoneLimits) { return try makeKeystoneLimits() }
                let quota = try configuration(options.limits.userStorageQuota)
                return ProjectLimits(imageSizeTotal: quota == 0 ? nil : quota)
            }
        }
    }

    /// The share of clients' uploads that each project may have, over both APIs.
    private var clientUploads: ProjectShares {
        get throws {
            try parts.clientUploads {
                guard role == .api else { return ProjectShares(of: "uploads", limit: nil) }
                let isSet = configuration.isSet(options.limits.uploadsPerProject)
                let limit =
                    try isSet
                    ? configuration(options.limits.uploadsPerProject) : Self.share(of: configuration(options.processes.dataThreads))
                return ProjectShares(of: "uploads", limit: limit == 0 ? nil : limit)
            }
        }
    }

    /// The share of threads that one project may take, so that some are left for others.
    static func share(of threads: Int) -> Int { max(1, threads * 3 / 4) }

    func makeLimits() throws -> ImageLimits {
        func quota(_ option: OsloConfig.Option<Int>) throws -> Int? {
            let value = try configuration(option)
            return value < 0 ? nil : value
        }
        var limits = ImageLimits()
        limits.properties = try quota(options.limits.imagePropertyQuota)
        limits.tags = try quota(options.limits.imageTagQuota)
        limits.locations = try quota(options.limits.imageLocationQuota)
        limits.members = try quota(options.limits.imageMemberQuota)
        limits.size = Int64(try configuration(options.limits.imageSizeCap))
        let rate = try configuration(options.limits.uploadRate)
        limits.uploadRate = rate == 0 ? nil : rate
        return limits
    }
}
