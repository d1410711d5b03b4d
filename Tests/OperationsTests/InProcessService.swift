import Domain
import Foundation
import ImageFormats
import Importing
import Logging
import MariaDB
import Operations
import Persistence
import Schema
import Stack
import Stores
import Synchronization
import TestSupport

/// The use cases in this process, over one database and one set of folders: once with ports that fail as the injector says, and once with
/// ports that do not fail, as another process has them.
final class InProcessService: Sendable {
    let injector = Injector()
    let failing: Parts
    let sound: Parts
    let folder: String
    let stores = ["one", "two"]
    private let databaseName: String

    /// What a process is made of.
    struct Parts: Sendable {
        let injector: Injector
        let catalog: any WholeCatalog
        let service: ImageService
        let imports: ImportService
        let importer: Importer
        let copier: Copier
        let locations: LocationService
        let sweeper: Sweeper
        let remover: Remover
        let scrubber: Scrubber

        /// The caller of every operation.
        let caller = Caller(user: "root", project: "acme", roles: ["admin"], isAdmin: true)
    }

    /// A file store as it is, or behind one that fails.
    private typealias Wrapping = (FileStore) -> any ListedStore

    /// - Parameter more: stores beside the usual ones.
    init(
        delaysDeletion: Bool = false, tellsPaths: Bool = true, more: [StoreSet.Member] = [], schemes: LocationSchemes = LocationSchemes()
    ) throws {
        databaseName = "operations_\(UInt32.random(in: 0 ... .max))"
        folder = "\(TestFolder.root)/\(databaseName)"
        let server = try Self.server()
        try server.createDatabase(databaseName)
        let pool = Pool(try Address(url: server.url(of: databaseName)))
        try Migrations(Database(pool)).apply { _ in }
        let catalog = MariaDBCatalog(Database(pool), delaysDeletion: delaysDeletion)
        let (folder, injector) = (folder, injector)
        sound = try Self.parts(catalog, WebSource(nil), Injector(), worker: "sound", folder, more, schemes) { $0 }
        failing = try Self.parts(
            FailingCatalog(catalog, injector), WebSource(injector), injector, worker: "failing", folder, more, schemes
        ) {
            FailingStore($0, injector, tellsPaths: tellsPaths)
        }
    }

    /// A server of these tests alone: a power cut is not what they are about, and a commit that waits for the disk takes most of their time.
    private static func server() throws -> PrivateMariaDB {
        try shared.withLock { server in
            if let server { return server }
            let started = PrivateMariaDB(
                folder: "\(TestFolder.root)/mariadb-operations", extra: ["--innodb-flush-log-at-trx-commit=0", "--max-connections=500"])
            try started.start()
            try started.waitUntilReady()
            server = started
            return started
        }
    }

    private static let shared = Mutex<PrivateMariaDB?>(nil)

    private static func parts(
        _ catalog: some WholeCatalog, _ web: WebSource, _ injector: Injector, worker: String, _ folder: String,
        _ more: [StoreSet.Member], _ schemes: LocationSchemes, _ wrap: Wrapping
    ) throws -> Parts {
        var main = StoreInfo(id: "one", type: "file")
        main.isDefault = true
        var outside = StoreInfo(id: "web", type: "http")
        outside.isReadOnly = true
        let stores = StoreSet(
            more + [
                .init(main, wrap(try FileStore(name: "one", [.init(path: "\(folder)/one")]))),
                .init(StoreInfo(id: "two", type: "file"), wrap(try FileStore(name: "two", [.init(path: "\(folder)/two")]))),
                .init(outside, web),
            ])
        var settings = FileStore.Settings()
        settings.hasLocations = false
        let staging = StagingArea(wrap(try FileStore([.init(path: "\(folder)/staging")], settings)), folder: "\(folder)/staging")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var retries = Retries()
        (retries.pause, retries.patience) = (0.001, 0.01)
        let service = try ImageService(
            catalog: catalog, stores: stores, staging: staging, source: web, worker: worker, policies: Policy(), protections: nil,
            limits: ImageLimits(), projectLimits: ProjectLimits.none, formats: FormatRules(), hashAlgorithm: "sha512",
            clientUploads: ProjectShares(of: "uploads", limit: nil), schemes: schemes, retries: retries, logger: logger)
        return Parts(
            injector: injector, catalog: catalog, service: service,
            imports: ImportService(service: service, catalog: catalog, source: web, regions: nil, settings: ImportSettings()),
            importer: try Importer(
                service: service, jobs: catalog, source: web, plugins: ImportPlugins(), downloads: nil, site: { JobSite() }, patience: 3600,
                isEnding: { false }),
            copier: Copier(service: service, orders: catalog, isEnding: { false }),
            locations: LocationService(service: service, locations: catalog, areForClients: true, verifies: true),
            sweeper: Sweeper(catalog: catalog, stores: stores, staging: staging, worker: worker, isDead: { _ in false }, logger: logger),
            remover: Remover(catalog: catalog, stores: stores, logger: logger),
            scrubber: Scrubber(catalog: catalog, stores: stores, patience: 0, logger: logger))
    }

    // MARK: the database and the folders

    fileprivate func connect() throws -> Connection { try Self.server().connect(to: databaseName) }

    func rows(_ sql: String, columns: Int = 1) throws -> [[String?]] {
        try connect().all(
            Query(sql) { row throws(MariaDBError) in
                var values: [String?] = []
                for column in 0..<columns { values.append(try row.textOrNil(column)) }
                return values
            })
    }

    /// Files of a folder, with or without those that are still to come.
    func files(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)").filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Ends all leases, makes all unfinished and staged files old, and has the other process do what there is to do, until that is nothing.
    func settle() throws {
        for _ in 0..<5 {
            let connection = try connect()
            for table in ["vitrine_uploads", "vitrine_jobs"] {
                try connection.execute("UPDATE \(table) SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR")
            }
            try connection.execute(
                "UPDATE vitrine_removals SET owed_since = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR, next_try = '1970-01-01 00:00:00'")
            for place in stores + ["staging"] {
                for name in [place, "\(place)/.incoming"] {
                    for file in try files(in: name) { try Self.age("\(folder)/\(name)/\(file)") }
                }
            }
            try sound.sweeper.sweep()
            sound.sweeper.sweepThoroughly()
            while try sound.importer.doOne() {}
            while try sound.copier.makeOne() {}
            _ = try sound.remover.removeSome()
            if try openWork().isEmpty { return }
        }
    }

    private static func age(_ path: String) throws {
        let old = timespec(tv_sec: time(nil) - 7200, tv_nsec: 0)
        guard utimensat(AT_FDCWD, path, [old, old], 0) == 0 || errno == ENOENT else { throw Unexpected("\(path) cannot be made older") }
    }

    /// What is still under way or owed.
    func openWork() throws -> [String] {
        var found: [String] = []
        let tables = ["vitrine_uploads", "vitrine_jobs", "vitrine_copies", "vitrine_removals"]
        let counts = try rows(tables.map { "SELECT '\($0)', COUNT(*) FROM \($0)" }.joined(separator: " UNION ALL "), columns: 2)
        for count in counts where count[1] != "0" { found.append("\(count[0]!) has \(count[1]!) rows") }
        for place in stores + ["staging"] {
            for file in try files(in: "\(place)/.incoming") { found.append("\(place)/.incoming/\(file) is there") }
        }
        return found
    }

    /// Forgets all, so that the next run finds nothing.
    func reset() throws {
        let connection = try connect()
        let tables = [
            "image_locations", "image_properties", "image_tags", "image_members", "task_info", "tasks", "vitrine_uploads", "vitrine_jobs",
            "vitrine_copies", "vitrine_removals", "images",
        ]
        for table in tables { try connection.execute("DELETE FROM \(table)") }
        for place in stores + ["staging"] {
            for name in [place, "\(place)/.incoming"] {
                for file in try files(in: name) { try FileManager.default.removeItem(atPath: "\(folder)/\(name)/\(file)") }
            }
        }
    }
}

extension InProcessService {
    func execute(_ sql: String) throws { try connect().execute(sql) }
}
