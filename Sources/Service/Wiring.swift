internal import APICommon
internal import APIV2
internal import Digest
internal import Domain
internal import Glibc
internal import HTTP
internal import Identity
internal import Logging
internal import MariaDB
internal import Operations
package import OsloConfig
package import Persistence
internal import Stores

/// Puts the parts together as a configuration says.
package struct Wiring {
    package let configuration: Configuration
    package let log: OsloLog
    private let policy = Policy()

    /// - Parameter program: names the log file in `log_dir`.
    package init(_ configuration: Configuration, program: String) throws {
        self.configuration = configuration
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
    }

    /// Says in the log what is set and means nothing.
    package func logComplaints() {
        let logger = log.logger("glance.config")
        for complaint in configuration.complaints(known: Options.all, unused: Options.unused) { logger.warning("\(complaint)") }
    }

    package func makeDatabase() throws -> Database {
        guard let url = try configuration(Options.connection) else {
            throw ConfigurationError(place: "[database] connection", reason: "is not set")
        }
        guard let address = Address(url: url) else {
            // The URL holds a password, so it is not said.
            throw ConfigurationError(
                place: "[database] connection", reason: "is no URL of the form mysql+pymysql://user:password@host/database")
        }
        let kept = try configuration(Options.maxPoolSize)
        let threads = try configuration(Options.metadataThreads) + configuration(Options.dataThreads)
        let limits = Pool.Limits(
            size: kept == 0 ? threads + 1 : kept, overflow: try configuration(Options.maxOverflow),
            patience: Double(try configuration(Options.poolTimeout)))
        return Database(Pool(address, limits: limits))
    }

    func makeService() throws -> ImageService {
        let backends = try configuration(Options.enabledBackends)
        guard backends.isEmpty else {
            throw ConfigurationError(place: "[DEFAULT] enabled_backends", reason: "several stores are not supported yet")
        }
        let store = try configuration(Options.defaultStore)
        guard store == "file" || store == "filesystem" else {
            throw ConfigurationError(place: "[glance_store] default_store", reason: "the store '\(store)' is not supported yet")
        }
        let algorithm = try configuration(Options.hashingAlgorithm)
        guard Digest(algorithm) != nil else {
            throw ConfigurationError(place: "[DEFAULT] hashing_algorithm", reason: "'\(algorithm)' is not known")
        }
        let catalog = MariaDBCatalog(try makeDatabase(), showsLocations: try configuration(Options.showImageDirectURL))
        return ImageService(
            images: catalog, memberships: catalog, uploads: catalog, removals: catalog, store: try makeStore(),
            worker: Self.workerName(), policy: policy, limits: try makeLimits(), hashAlgorithm: algorithm,
            logger: log.logger("glance.service"))
    }

    func makeAPI() throws -> API {
        let service = try makeService()
        let schemas = ImageSchemas(
            diskFormats: try configuration(Options.diskFormats), containerFormats: try configuration(Options.containerFormats))
        let paging = ImagesDoor.Paging(
            usual: try configuration(Options.limitParamDefault), most: try configuration(Options.apiLimitMax))
        let images = ImagesDoor(
            service: service, schemas: schemas, paging: paging, showsDirectURL: try configuration(Options.showImageDirectURL))
        let data = DataDoor(service: service)
        let members = MembersDoor(service: service)
        let descriptions = SchemasDoor(schemas: schemas)
        let routes =
            ImagesDoor.routes.map { $0.map { $0(images) } } + DataDoor.routes.map { $0.map { $0(data) } }
            + MembersDoor.routes.map { $0.map { $0(members) } } + SchemasDoor.routes.map { $0.map { $0(descriptions) } }
        return API(
            routes: routes, versions: Versions(publicEndpoint: try configuration(Options.publicEndpoint)),
            authenticator: try makeAuthenticator(), longestRequestID: try configuration(Options.maxRequestIDLength),
            logger: log.logger("glance.api"))
    }

    private func makeStore() throws -> FileStore {
        // An octal number that the dialect gives as a decimal one: 640 means rw-r-----.
        let permissions = UInt32(String(try configuration(Options.fileStorePermissions)), radix: 8)
        guard let permissions else {
            throw ConfigurationError(place: "[glance_store] filesystem_store_file_perm", reason: "is no octal number")
        }
        return try FileStore(
            folder: try configuration(Options.fileStoreFolder),
            internalPrefix: try configuration(Options.internalPrefix).map { "\($0)/file" }, permissions: permissions)
    }

    private func makeLimits() throws -> ImageLimits {
        func quota(_ option: OsloConfig.Option<Int>) throws -> Int? {
            let value = try configuration(option)
            return value < 0 ? nil : value
        }
        var limits = ImageLimits()
        limits.properties = try quota(Options.imagePropertyQuota)
        limits.tags = try quota(Options.imageTagQuota)
        limits.members = try quota(Options.imageMemberQuota)
        limits.size = Int64(try configuration(Options.imageSizeCap))
        let rate = try configuration(Options.uploadRate)
        limits.uploadRate = rate == 0 ? nil : rate
        return limits
    }

    private func makeAuthenticator() throws -> any Authenticator {
        if let flavor = try configuration(Options.flavor), flavor.contains("keystone"), !configuration.isSet(Options.identity) {
            throw ConfigurationError(
                place: "[paste_deploy] flavor", reason: "Keystone is not supported yet; set [vitrine] identity to none or tokens")
        }
        switch try configuration(Options.identity) {
        case .none: return NoIdentity(project: try configuration(Options.project))
        case .tokens:
            guard let path = try configuration(Options.tokenFile) else {
                throw ConfigurationError(place: "[vitrine] token_file", reason: "is not set")
            }
            return try TokenFile(path: path, policy: policy, logger: log.logger("glance.identity"))
        }
    }

    /// Names this process among all that hold uploads, also one of the same number on another host or after a restart.
    private static func workerName() -> String {
        var name = [CChar](repeating: 0, count: 64)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).prefix(30)
        return "\(host):\(getpid()):\(UInt32.random(in: .min ... .max))"
    }
}
