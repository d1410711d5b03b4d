internal import Digest
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

    /// - Parameter program: names the log file in `log_dir`.
    package init(_ configuration: Configuration, program: String) throws {
        self.configuration = configuration
        bulkheads = program == "glance-api" ? Bulkheads() : nil
        let file = try configuration(Options.logFile)
        let folder = try configuration(Options.logDir)
        let path: String? =
            switch (file, folder) {
            case (let file?, let folder?): file.hasPrefix("/") ? file : "\(folder)/\(file)"
            case (let file?, nil): file
            case (nil, let folder?): "\(folder)/\(program).log"
            case (nil, nil): nil
            }
        log = try OsloLog(
            path: path, isJSON: try configuration(Options.useJSON), level: try configuration(Options.debug) ? .debug : .info)
        policies = try PolicyFiles(try Self.policyPlaces(configuration), logger: log.logger("glance.policy"))
    }

    /// Where a file lies that a setting names.
    static func found(_ name: String, _ configuration: Configuration) -> String {
        if name.hasPrefix("/") { return name }
        let folders = configuration.folders + ["/etc/glance"]
        return folders.map { "\($0)/\(name)" }.first { access($0, F_OK) == 0 } ?? "\(folders[0])/\(name)"
    }

    private static func policyPlaces(_ configuration: Configuration) throws -> PolicyFiles.Places {
        func found(_ name: String) -> String { Self.found(name, configuration) }
        let named = try configuration(Options.policyFolders)
        return PolicyFiles.Places(
            file: found(try configuration(Options.policyFile)), isFileNamed: configuration.isSet(Options.policyFile),
            folders: (named.isEmpty ? ["policy.d"] : named).map(found), isOld: try !configuration(Options.enforceNewDefaults))
    }

    /// Says in the log what is set and means nothing.
    package func logComplaints() {
        let logger = log.logger("glance.config")
        for complaint in configuration.complaints(known: Options.all + corsKeys + storeKeys, unused: Options.unused + unusedStoreKeys) {
            logger.warning("\(complaint)")
        }
    }

    package func makeDatabase() throws -> Database {
        guard let url = try configuration(Options.connection) else {
            throw ConfigurationError(place: "[database] connection", reason: "is not set")
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
        let kept = try configuration(Options.maxPoolSize)
        let threads = try configuration(Options.metadataThreads) + configuration(Options.dataThreads)
        let limits = Pool.Limits(
            size: kept == 0 ? threads + 1 : kept, overflow: try configuration(Options.maxOverflow),
            patience: Double(try configuration(Options.poolTimeout)))
        return Database(Pool(address, limits: limits))
    }

    func makeCatalog() throws -> MariaDBCatalog {
        // Their images would seem to have no data.
        guard try configuration(Options.metadataEncryptionKey) == nil else {
            throw ConfigurationError(place: "[DEFAULT] metadata_encryption_key", reason: "is not supported")
        }
        let showsLocations =
            try configuration(Options.showImageDirectURL) || configuration(Options.showMultipleLocations) || !backends.isEmpty
        return MariaDBCatalog(
            try makeDatabase(), showsLocations: showsLocations, taskHours: try configuration(Options.taskHours),
            delaysDeletion: try configuration(Options.delayedDelete), outbox: try makeOutbox())
    }

    /// - Parameter isEnding: whether the process is about to end, and copies are to be left to others.
    func makeCopier(isEnding: @escaping @Sendable () -> Bool) throws -> Copier {
        let catalog = try makeCatalog()
        return Copier(service: try makeService(over: catalog, try makeProjectLimits()), orders: catalog, isEnding: isEnding)
    }

    func makeSweeper() throws -> Sweeper {
        let catalog = try makeCatalog()
        return Sweeper(
            catalog: catalog, stores: try makeStores(), staging: try makeStaging(), worker: WorkerName.fresh().text,
            isDead: WorkerName.isDead, logger: log.logger("glance.tasks"))
    }

    package func makeScrubber() throws -> Scrubber {
        Scrubber(
            catalog: try makeCatalog(), stores: try makeStores(), patience: try configuration(Options.scrubTime),
            logger: log.logger("glance.scrubber"))
    }

    func makeService(
        over catalog: some Catalog, _ projectLimits: any LimitSource, cache: CacheKeeper? = nil
    ) throws -> ImageService {
        let algorithm = try configuration(Options.hashingAlgorithm)
        guard Digest(algorithm) != nil else {
            throw ConfigurationError(place: "[DEFAULT] hashing_algorithm", reason: "'\(algorithm)' is not known")
        }
        return ImageService(
            catalog: catalog, stores: try makeStores(), staging: try makeStaging(), cache: cache,
            source: try makeImageSource(), certificates: try makeCertificates(), worker: WorkerName.fresh().text, policies: policies,
            protections: try makeProtections(), limits: try makeLimits(), projectLimits: projectLimits,
            formats: try makeFormatRules(), hashAlgorithm: algorithm, logger: log.logger("glance.service"))
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

    var identity: Options.IdentityKind {
        get throws {
            let isFlavored = try configuration(Options.flavor)?.contains("keystone") == true && !configuration.isSet(Options.identity)
            return isFlavored ? .keystone : try configuration(Options.identity)
        }
    }

    /// What OpenStack's clients need in their environment to come in, as words for a shell.
    ///
    /// - Parameter address: of this service.
    package func clientEnvironment(at address: String) throws -> String {
        switch try identity {
        case .none: "OS_AUTH_TYPE=none OS_ENDPOINT=\(address)"
        case .tokens: "OS_AUTH_TYPE=admin_token OS_ENDPOINT=\(address) OS_TOKEN=…"
        case .keystone:
            """
            OS_AUTH_TYPE=v3password OS_AUTH_URL=\(try configuration(Options.AuthToken.access.authURL) ?? "…") \
            OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_PROJECT_NAME=… OS_USERNAME=… OS_PASSWORD=… \
            OS_IMAGE_ENDPOINT_OVERRIDE=\(address)
            """
        }
    }

    func makeAuthenticator() throws -> any Authenticator {
        switch try identity {
        case .keystone: return try makeKeystoneTokens()
        case .none: return NoIdentity(project: try configuration(Options.project))
        case .tokens:
            guard let path = try configuration(Options.tokenFile) else {
                throw ConfigurationError(place: "[vitrine] token_file", reason: "is not set")
            }
            return try TokenFile(path: path, policy: policies, logger: log.logger("glance.identity"))
        }
    }
}
