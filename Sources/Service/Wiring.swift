internal import Cryptography
package import Domain
internal import Glibc
internal import Identity
internal import Logging
internal import MariaDB
package import Operations
package import OsloConfig
package import Persistence

/// Puts the parts together as a configuration says.
package struct Wiring {
    package let configuration: Configuration
    package let log: OsloLog
    package let policies: any PolicySource
    /// Nil in programs that answer no clients.
    let bulkheads: Bulkheads?
    /// By which URLs of locations are encrypted in the database; nil where they are not.
    let locationCipher: TextCipher?

    /// - Parameter program: names the log file in `log_dir`.
    package init(_ configuration: Configuration, program: String) throws {
        self.configuration = configuration
        locationCipher = try Self.makeLocationCipher(configuration)
        bulkheads = program == "glance-api" ? Bulkheads() : nil
        log = try OsloLog(configuration, program: program)
        let logger = log.logger("glance.policy")
        let servers = try Self.policyServers(configuration, bulkheads, logger)
        policies = try PolicyFiles(try Self.policyPlaces(configuration), servers: servers, logger: logger)
    }

    private static func makeLocationCipher(_ configuration: Configuration) throws -> TextCipher? {
        guard let key = try configuration(Options.metadataEncryptionKey), !key.isEmpty else { return nil }
        guard let cipher = TextCipher(key: key) else {
            throw ConfigurationError(
                place: "[DEFAULT] metadata_encryption_key", reason: "has \(key.utf8.count) bytes; a key of AES has 16, 24 or 32")
        }
        return cipher
    }

    /// The operator's order: opens the log again, and has files read again that hold rules and tokens.
    func lookAgain() {
        log.reopen()
        Reloading.order()
        // At once, so that the log says what came of it.
        _ = policies.current
    }

    /// Where a file lies that a setting names.
    static func found(_ name: String, _ configuration: Configuration) -> String {
        if name.hasPrefix("/") { return name }
        let usual = ConfigurationSearch(project: "glance", environment: Programs.environment()).folders
        let paths = (configuration.folders + usual).map { "\($0)/\(name)" }
        return paths.first(where: ConfigurationSearch.isThere) ?? "\(configuration.folders.first ?? "/etc/glance")/\(name)"
    }

    /// Where the database is.
    var databaseAddress: Address {
        get throws {
            guard let url = try configuration(Options.connection) else {
                let places = "; no configuration file was named, and none is in ~/.glance, ~, /etc/glance or /etc"
                throw ConfigurationError(
                    place: "[database] connection", reason: "is not set" + (configuration.folders.isEmpty ? places : ""))
            }
            let place = "[database] connection"
            let address: Address
            do throws(AddressError) {
                address = try Address(url: url)
            } catch {
                throw ConfigurationError(place: place, reason: "\(error)")
            }
            for (word, path) in address.tls?.paths ?? [] where access(path, R_OK) != 0 {
                throw ConfigurationError(place: place, reason: "\(path) of \(word) cannot be read: \(String(cString: strerror(errno)))")
            }
            return address
        }
    }

    /// - Parameter threads: that may want a connection at once.
    package func makeDatabase(for threads: Int) throws -> Database {
        let kept = try configuration(Options.maxPoolSize)
        let limits = Pool.Limits(
            size: kept == 0 ? threads : kept, overflow: try configuration(Options.maxOverflow),
            patience: Double(try configuration(Options.poolTimeout)))
        return Database(Pool(try databaseAddress, limits: limits), wakeUp: try makeWakeUp())
    }

    /// - Parameter threads: that may want to ask it something at once.
    func makeCatalog(for threads: Int) throws -> MariaDBCatalog {
        let showsLocations =
            try configuration(Options.showImageDirectURL) || configuration(Options.showMultipleLocations) || !backends.isEmpty
        return MariaDBCatalog(
            try makeDatabase(for: threads), showsLocations: showsLocations, taskHours: try configuration(Options.taskHours),
            delaysDeletion: try configuration(Options.delayedDelete), outbox: try makeOutbox(), cipher: locationCipher)
    }

    /// - Parameter isEnding: whether the process is about to end, and copies are to be left to others.
    func makeCopier(isEnding: @escaping @Sendable () -> Bool) throws -> Copier {
        // One more renews their leases; likewise below.
        let catalog = try makeCatalog(for: try configuration(Options.copyThreads) + 1)
        return Copier(service: try makeService(over: catalog, try makeProjectLimits()), orders: catalog, isEnding: isEnding)
    }

    func makeSweeper() throws -> Sweeper {
        let catalog = try makeCatalog(for: 1)
        return Sweeper(
            catalog: catalog, stores: try makeStores(catalog), staging: try makeStaging(), node: try host, worker: WorkerName.fresh().text,
            isDead: WorkerName.isDead, logger: log.logger("glance.tasks"))
    }

    func makeRemover() throws -> Remover {
        let catalog = try makeCatalog(for: 1)
        return Remover(catalog: catalog, stores: try makeStores(catalog), logger: log.logger("glance.tasks"))
    }

    package func makeScrubber() throws -> Scrubber {
        let catalog = try makeCatalog(for: 1)
        return Scrubber(
            catalog: catalog, stores: try makeStores(catalog), patience: try configuration(Options.scrubTime),
            logger: log.logger("glance.scrubber"))
    }

    func makeService(
        over catalog: some Catalog, _ projectLimits: any LimitSource, cache: CacheKeeper? = nil,
        clientUploads: ProjectShares = ProjectShares(of: "uploads", limit: nil)
    ) throws -> ImageService {
        let algorithm = try configuration(Options.hashingAlgorithm)
        guard Digest(algorithm) != nil else {
            throw ConfigurationError(place: "[DEFAULT] hashing_algorithm", reason: "'\(algorithm)' is not known")
        }
        return try ImageService(
            catalog: catalog, stores: try makeStores(catalog), staging: try makeStaging(), host: try host, cache: cache,
            source: try makeImageSource(), certificates: try makeCertificates(), worker: WorkerName.fresh().text, policies: policies,
            protections: try makeProtections(), limits: try makeLimits(), projectLimits: projectLimits,
            formats: try makeFormatRules(), hashAlgorithm: algorithm, clientUploads: clientUploads, logger: log.logger("glance.service"))
    }

    /// Nil where the site protects no custom properties.
    private func makeProtections() throws -> PropertyProtections? {
        guard let name = try configuration(Options.propertyProtectionFile) else { return nil }
        return try PropertyProtectionFile.read(
            Self.found(name, configuration), try configuration(Options.propertyProtectionFormat), policies.current)
    }

    func makeProjectLimits() throws -> any LimitSource {
        if try configuration(Options.useKeystoneLimits) { return try makeKeystoneLimits() }
        let quota = try configuration(Options.userStorageQuota)
        return ProjectLimits(imageSizeTotal: quota == 0 ? nil : quota)
    }

    func makeLimits() throws -> ImageLimits {
        func quota(_ option: OsloConfig.Option<Int>) throws -> Int? {
            let value = try configuration(option)
            return value < 0 ? nil : value
        }
        var limits = ImageLimits()
        limits.properties = try quota(Options.imagePropertyQuota)
        limits.tags = try quota(Options.imageTagQuota)
        limits.locations = try quota(Options.imageLocationQuota)
        limits.members = try quota(Options.imageMemberQuota)
        limits.size = Int64(try configuration(Options.imageSizeCap))
        let rate = try configuration(Options.uploadRate)
        limits.uploadRate = rate == 0 ? nil : rate
        return limits
    }
}
