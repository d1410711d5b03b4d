internal import Glibc
internal import MariaDB
internal import Options
internal import OsloConfig
package import Persistence

// The pool of database connections of this process, and the catalog that uses it.

extension CompositionRoot {
    package var database: Database {
        get throws { try parts.database { try makeDatabase() } }
    }

    /// The catalog, read and written in the database.
    package var catalog: MariaDBCatalog {
        get throws { try parts.catalog { try makeCatalog() } }
    }

    /// Threads that may want a connection at once. Renewals of leases have connections beyond them (`Pool`).
    private var databaseThreads: Int {
        get throws {
            switch role {
            case .api:
                try configuration(options.processes.metadataThreads) + configuration(options.processes.dataThreads)
                    + PeriodicThreadOfAPI.allCases.count
            case .registry: try configuration(options.processes.registryThreads)
            case .tasks:
                try configuration(options.processes.copyThreads) + configuration(options.imports.threads)
                    + (hasCache ? configuration(options.cache.threads) + Self.threadsOfCacheRecords : 0)
                    + PeriodicThreadOfTasks.allCases.count
            case .tool: 1 + Self.threadsOfCacheRecords
            }
        }
    }

    /// The threads of the API's scheduler.
    private enum PeriodicThreadOfAPI: CaseIterable { case sharedFolders, nodes }

    /// The threads of the scheduler of `glance-tasks` beside its worker pools. A refresh of reports keeps a connection beside the one of its
    /// leader lease.
    private enum PeriodicThreadOfTasks: CaseIterable {
        case look, sweeping, removals, deletions, notifications, keptEvents, sendLog, useRecords, cache, sharedFolders, verification
        case projectSums, backlog, findings, survey, reports, leaseOfReports
    }

    /// The thread that tells the database what was read from the cache.
    private static let threadsOfCacheRecords = 1

    /// The address of the database.
    var databaseAddress: Address {
        get throws {
            guard let url = try configuration(options.database.connection) else {
                let places = "; no configuration file was named, and none is in ~/.glance, ~, /etc/glance or /etc"
                throw ConfigurationError(
                    place: "[database] connection", reason: "is not set" + (configuration.folders.isEmpty ? places : ""))
            }
            let place = "[database] connection"
            var address: Address
            do throws(AddressError) {
                address = try Address(url: url)
            } catch {
                throw ConfigurationError(place: place, reason: "\(error)")
            }
            for (word, path) in address.tls?.paths ?? [] where access(path, R_OK) != 0 {
                throw ConfigurationError(place: place, reason: "\(path) of \(word) cannot be read: \(String(cString: strerror(errno)))")
            }
            address.syncWait = try configuration(options.database.wsrepSyncWait)
            // What is old must not decide which data are removed.
            address.acceptsOldReads = role == .api || role == .registry
            return address
        }
    }

    private func makeDatabase() throws -> Database {
        let kept = try configuration(options.database.maxPoolSize)
        let limits = Pool.Limits(
            size: kept == 0 ? try databaseThreads : kept, overflow: try configuration(options.database.maxOverflow),
            patience: Double(try configuration(options.database.poolTimeout)))
        return Database(Pool(try databaseAddress, limits: limits, observer: MeteredPool()), wakeUp: try makeWakeUp())
    }

    private func makeCatalog() throws -> MariaDBCatalog {
        let delaysDeletion = try configuration(options.deletion.delayedDelete)
        guard role != .registry else {
            return MariaDBCatalog(
                try database, delaysDeletion: delaysDeletion, outbox: try makeOutbox(),
                keepsEvents: try keepsEvents, cipher: locationCipher)
        }
        let showsLocations =
            try configuration(options.api.showImageDirectURL) || configuration(options.api.showMultipleLocations) || !backends.isEmpty
        return MariaDBCatalog(
            try database, showsLocations: showsLocations, taskHours: try configuration(options.imports.taskHours),
            delaysDeletion: delaysDeletion, outbox: try makeOutbox(),
            keepsEvents: try keepsEvents, cipher: locationCipher)
    }
}
