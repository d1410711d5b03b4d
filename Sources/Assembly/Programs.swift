internal import BackgroundJobs
internal import FastCGI
internal import Files
internal import Glibc
internal import Logging
internal import Options
package import OsloConfig
internal import OsloLog
internal import Server
internal import ServiceMetrics
internal import SharedMetrics
internal import Threading

/// The entry points of the programs, which call them once they know their arguments.
package enum Programs {
    /// Runs the API as FastCGI threads until a signal ends it.
    package static func serve(_ configuration: Configuration, metadata: String, data: String?) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-api", isCounted: true)
        root.logComplaints()
        let downloads = try configuration(options.processes.downloadThreads)
        let workers = Workers(
            api: try root.makeAPI(), log: root.log, senders: Senders(limit: downloads, share: CompositionRoot.share(of: downloads)))
        try workers.start(try configuration(options.processes.metadataThreads), on: try listener(metadata), pool: .metadata)
        if let data { try workers.start(try configuration(options.processes.dataThreads), on: try listener(data), pool: .data) }
        let periodic: [(any PeriodicJob)?] = [try root.makeFolderClaims(), try root.makeNodeComparing()]
        let jobs = Scheduler(periodic: periodic.compactMap(\.self), root.log.logger("glance.store"))
        try run(workers, until: signals, root, "glance.api", beside: jobs)
    }

    /// Runs the registry as FastCGI threads until a signal ends it.
    package static func serveRegistry(_ configuration: Configuration, socket: String) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-registry", isCounted: true)
        let workers = Workers(
            api: try root.makeRegistry(), log: root.log, name: "glance.registry", accessName: "glance.registry.access")
        try workers.start(try configuration(options.processes.registryThreads), on: try listener(socket), pool: .registry)
        try run(workers, until: signals, root, "glance.registry")
    }

    private static func run(
        _ workers: Workers, until signals: Signals, _ root: CompositionRoot, _ name: String, beside jobs: Scheduler? = nil
    ) throws {
        let logger = root.log.logger(name)
        try jobs?.start()
        logger.info("\(OsloArguments.release) takes requests")
        Readiness.tell()
        signals.waitForEnd(root.lookAgain)
        logger.info("ends; finishes what runs")
        let all: [(any Ending)?] = [workers, jobs]
        try end(all.compactMap(\.self), root, logger, unfinished: "ended before all requests did")
    }

    /// Waits for the end of all parts, for `graceful_shutdown_timeout` at most.
    private static func end(_ all: [any Ending], _ root: CompositionRoot, _ logger: Logger, unfinished: String) throws {
        if Server.end(all, within: try root.configuration(options.processes.gracefulShutdownTimeout)) { return }
        logger.warning("\(unfinished)")
        // `exit` would take down what running threads still use.
        _exit(0)
    }

    /// Answers one CGI request of the API. It does not read the command line, where a web server may put words of the query.
    package static func serveCGI() {
        Signals.ignoreAllButEnding()
        do {
            try answerCGI()
        } catch {
            // Nothing else reports it: an error that leaves the program is a crash.
            var line = Array("glance-api: \(error)".utf8)
            escapeControls(in: &line)
            _ = (line + [UInt8(ascii: "\n")]).withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
            exit(1)
        }
    }

    private static func answerCGI() throws {
        let root = try CompositionRoot(
            try ProgramConfiguration.read(files: [], directories: [], program: "glance-api"), program: "glance-api")
        Workers(api: try root.makeAPI(), log: root.log).serveOnce(Exchange(cgi: ()))
    }

    /// Runs the work that outlives requests until a signal ends it.
    package static func runTasks(_ configuration: Configuration, tools: ImportTools, makeBrokerSender: MakeBrokerSender) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-tasks", isCounted: true)
        let logger = root.log.logger("glance.tasks")
        // The signal by which systemd, or another starter of this process, ends it.
        let folders = try root.makeFolderChecks { kill(getpid(), SIGTERM) }
        try folders.checkAtStart()
        let pools: [WorkerPool?] = [
            try root.makeCopyPool(logger), try root.makeImportPool(tools, logger), try root.makePrefetchPool(logger),
        ]
        let periodic: [(any PeriodicJob)?] = [
            try root.makeSweeping(logger), try root.makeRemoving(), try root.makeScrubbing(),
            try root.makeOutboxRelay(makeBrokerSender), try root.makeSendLog(), try root.makeEventKeeping(), try root.makeUsePurging(),
            try root.makeCacheSweeping(), try root.makeReportRefresher(), try root.makeVerifying(),
            try root.makeProjectCounting(), folders,
        ]
        let (surveying, measuring) = (try root.makeSurveying(), try root.makeMeasuring())
        let figures: [any PeriodicJob] = measuring + [surveying].compactMap(\.self)
        let jobs = Scheduler(
            pools: pools.compactMap(\.self), periodic: periodic.compactMap(\.self) + figures, look: try root.makeLook(),
            wakeUps: try root.makeWakeUps(), logger)
        try jobs.start()
        let metrics = try root.startMetricsServer([surveying].compactMap(\.self))
        defer { metrics?.stop() }
        let others = periodic.dropFirst().dropLast().compactMap { $0?.purpose.replacing("look after ", with: "") }
        logger.info("\(OsloArguments.release) looks after \((["uploads, imports, copies"] + others).joined(separator: ", "))")
        Readiness.tell()
        signals.waitForEnd(root.lookAgain)
        logger.info("ends; leaves to others what is half-way")
        try end([jobs], root, logger, unfinished: "ended in the midst of some work; others begin it anew")
    }

    private static func listener(_ place: String) throws -> Listener {
        let descriptor = place.hasPrefix("fd:") ? CInt(place.dropFirst(3)) : nil
        guard descriptor != nil || !place.hasPrefix("fd:") else {
            throw ConfigurationError(place: place, reason: "is neither fd:N nor the path of a socket")
        }
        do throws(FastCGIError) {
            if let descriptor { return try Listener(descriptor: descriptor) }
            return try Listener(path: place)
        } catch {
            throw ConfigurationError(
                place: place,
                reason: """
                    is no socket that requests come in by (\(error)); systemd hands the sockets over (deploy/systemd), or they are named on \
                    the command line
                    """)
        }
    }
}
