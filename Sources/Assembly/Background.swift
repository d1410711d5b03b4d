internal import BackgroundJobs
internal import Cryptography
internal import Domain
internal import Importing
internal import Logging
internal import MariaDB
internal import Operations
internal import Options
internal import OsloConfig
internal import OsloLog
internal import Persistence
internal import Server

extension Scheduler: Ending {}

/// The parts of the background work of `glance-tasks`.
extension CompositionRoot {
    // MARK: pools of workers

    func makeImportPool(_ tools: ImportTools, _ logger: Logger) throws -> WorkerPool {
        let plugins = try makePlugins(tools)
        return try WorkerPool("look after imports", .catalog(.jobs), threads: try configuration(options.imports.threads), logger) {
            isEnding in
            let importer = try self.makeImporter(plugins, isEnding: isEnding)
            return { () throws(Fault) in try importer.doOne() }
        }
    }

    /// The workers that make V1's copies.
    func makeCopyPool(_ logger: Logger) throws -> WorkerPool {
        try WorkerPool("look after copies", .catalog(.copies), threads: try configuration(options.processes.copyThreads), logger) {
            isEnding in
            let copier = try self.makeCopier(isEnding: isEnding)
            return { () throws(Fault) in try copier.makeOne() }
        }
    }

    /// The workers that fetch images into the image cache; nil if there is no cache.
    func makePrefetchPool(_ logger: Logger) throws -> WorkerPool? {
        guard let keeper = try cacheKeeper else { return nil }
        let threads = try configuration(options.cache.threads)
        let isWanted: @Sendable () -> Bool = { keeper.hasQueue }
        return try WorkerPool("look after what is wanted in the image cache", .local(isWanted), threads: threads, logger) { isEnding in
            let prefetcher = Prefetcher(service: try self.service, keeper: keeper, isEnding: isEnding)
            return { () throws(Fault) in try prefetcher.fetchOne() }
        }
    }

    // MARK: periodic jobs

    func makeSweeping(_ logger: Logger) throws -> Sweeping { Sweeping(try makeSweeper(), logger) }

    func makeRemoving() throws -> Removing { Removing(try makeRemover()) }

    func makeScrubbing() throws -> Scrubbing {
        Scrubbing(try makeScrubber(), pause: Double(try configuration(options.deletion.wakeupTime)))
    }

    /// The periodic job that keeps the image cache in order; nil if there is no cache.
    func makeCacheSweeping() throws -> CacheSweeping? {
        guard let keeper = try cacheKeeper else { return nil }
        return CacheSweeping(keeper, stallTime: try configuration(options.cache.stallTime))
    }

    func makeProjectCounting() throws -> ProjectCounting { ProjectCounting(try catalog) }

    /// The periodic job that keeps the summary tables of reports current; nil if it is off.
    func makeReportRefresher() throws -> ReportRefresher? {
        let pause = try configuration(options.reports.every)
        guard pause > 0 else { return nil }
        return ReportRefresher(try catalog, every: Double(pause), worker: worker, log.logger("glance.reports"))
    }

    // MARK: figures

    /// The periodic jobs that measure what the metrics show; none where no metrics are wanted.
    func makeMeasuring() throws -> [any PeriodicJob] {
        guard counting != nil else { return [] }
        let spaces: [any PeriodicJob] = SpaceMeasuring.jobs(for: try stores)
        return [Measuring(try catalog), FindingMeasuring(try catalog)] + spaces
    }

    /// The job that reads the images for OpenStack's dashboards; nil where their metrics are off.
    func makeSurveying() throws -> Surveying? {
        guard try counting != nil && configuration(options.openStackMetrics.isOn) else { return nil }
        return Surveying(try catalog, atMost: try configuration(options.openStackMetrics.limit))
    }

    // MARK: the scheduler

    func makeLook() throws -> Scheduler.Look {
        let catalog = try catalog
        let (site, patience) = (try makeJobSite(), try configuration(options.imports.stagingNodeTimeout))
        return { () throws(Fault) in try catalog.waitingWork(at: site(), patience: patience) }
    }

    func makeWakeUps() throws -> WakeUpSocket { WakeUpSocket(WakeUpName(of: try databaseAddress)) }

    /// The sender of wake-ups to `glance-tasks` of this machine.
    func makeWakeUp() throws -> any WakeUp { WakeUpSender(to: WakeUpName(of: try databaseAddress)) }
}

extension WakeUpName {
    /// Both programs derive the name from the address of the database in their configuration, without user and password.
    init(of address: Address) {
        let place = address.socket ?? "\(address.host):\(address.port)"
        let digest = Digest("sha256")!
        Array("\(place)/\(address.database)".utf8).withUnsafeBytes { digest.update($0) }
        self.init("vitrine/tasks/\(digest.finish())")
    }
}
