internal import BackgroundJobs
internal import FastCGI
internal import Files
internal import Glibc
internal import Logging
package import OsloConfig
internal import Threading

/// What the programs under the roof do once they know their arguments.
package enum Programs {
    /// The API as FastCGI threads, until it is told to end.
    package static func serve(_ configuration: Configuration, metadata: String, data: String?) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-api")
        root.logComplaints()
        let downloads = try configuration(Options.downloadThreads)
        let workers = Workers(
            api: try root.makeAPI(), log: root.log, senders: Senders(limit: downloads, share: CompositionRoot.share(of: downloads)))
        try workers.start(try configuration(Options.metadataThreads), on: try listener(metadata))
        if let data { try workers.start(try configuration(Options.dataThreads), on: try listener(data)) }
        let claims = Scheduler(periodic: [try root.makeFolderClaims()], root.log.logger("glance.store"))
        try run(workers, until: signals, root, "glance.api", beside: claims)
    }

    /// The registry as FastCGI threads, until it is told to end.
    package static func serveRegistry(_ configuration: Configuration, socket: String) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-registry")
        let workers = Workers(
            api: try root.makeRegistry(), log: root.log, name: "glance.registry", accessName: "glance.registry.access")
        try workers.start(try configuration(Options.registryThreads), on: try listener(socket))
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

    /// Waits for the end of all, for as long as the operator lets it.
    private static func end(_ all: [any Ending], _ root: CompositionRoot, _ logger: Logger, unfinished: String) throws {
        if Service.end(all, within: try root.configuration(Options.gracefulShutdownTimeout)) { return }
        logger.warning("\(unfinished)")
        // What still runs must not meet what `exit` takes down.
        _exit(0)
    }

    /// The API as one CGI request. The command line is not looked at: a web server may put words of the query there.
    package static func serveCGI() {
        Signals.ignoreAllButEnding()
        do {
            try answerCGI()
        } catch {
            // Nothing else says so: an error that leaves the program is a crash.
            var line = Array("glance-api: \(error)".utf8)
            escapeControls(in: &line)
            _ = (line + [UInt8(ascii: "\n")]).withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
            exit(1)
        }
    }

    private static func answerCGI() throws {
        let root = try CompositionRoot(try configuration(files: [], directories: [], program: "glance-api"), program: "glance-api")
        Workers(api: try root.makeAPI(), log: root.log).serveOnce(Exchange(cgi: ()))
    }

    /// What outlives requests, until it is told to end.
    package static func runTasks(_ configuration: Configuration, tools: ImportTools, makeBrokerSender: MakeBrokerSender) throws {
        let signals = Signals.take()
        let root = try CompositionRoot(configuration, program: "glance-tasks")
        let logger = root.log.logger("glance.tasks")
        // The order to end that whoever started this process gives.
        let folders = try root.makeFolderChecks { kill(getpid(), SIGTERM) }
        try folders.checkAtStart()
        let pools: [WorkerPool?] = [
            try root.makeCopyPool(logger), try root.makeImportPool(tools, logger), try root.makePrefetchPool(logger),
        ]
        let periodic: [(any PeriodicJob)?] = [
            try root.makeSweeping(logger), try root.makeRemoving(), try root.makeScrubbing(),
            try root.makeOutboxRelay(makeBrokerSender), try root.makeSendLog(), try root.makeCacheSweeping(), folders,
        ]
        let jobs = Scheduler(
            pools: pools.compactMap(\.self), periodic: periodic.compactMap(\.self), look: try root.makeLook(),
            wakeUps: try root.makeWakeUps(), logger)
        try jobs.start()
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
