internal import FastCGI
internal import Glibc
internal import Logging
package import OsloConfig
internal import Operations
internal import Threading

/// What the programs under the roof do once they know their arguments.
package enum Programs {
    /// Where a configuration is looked for when none is named. Source: oslo.config, `find_config_files`.
    private static func usualFiles(_ name: String) -> [String] { ["/etc/glance/\(name).conf", "/usr/share/glance/\(name)-dist.conf"] }

    package static func configuration(
        files: [String], directories: [String], usualName: String = "glance-api"
    ) throws -> Configuration {
        var sources = files.map { Configuration.Source.file($0) } + directories.map { .directory($0) }
        if sources.isEmpty, let usual = usualFiles(usualName).first(where: { access($0, R_OK) == 0 }) { sources = [.file(usual)] }
        return try Configuration(sources, environment: environment(), known: Options.all)
    }

    /// The API as FastCGI threads, until SIGTERM or SIGINT.
    package static func serve(_ configuration: Configuration, metadata: String, data: String?) throws {
        let wiring = try Wiring(configuration, program: "glance-api")
        let signals = blockedEndSignals()
        wiring.logComplaints()
        let workers = Workers(api: try wiring.makeAPI(), log: wiring.log)
        workers.start(try configuration(Options.metadataThreads), on: try listener(metadata))
        if let data { workers.start(try configuration(Options.dataThreads), on: try listener(data)) }
        try run(workers, until: signals, wiring, "glance.api")
    }

    /// The registry as FastCGI threads, until SIGTERM or SIGINT.
    package static func serveRegistry(_ configuration: Configuration, socket: String) throws {
        let wiring = try Wiring(configuration, program: "glance-registry")
        let signals = blockedEndSignals()
        let workers = Workers(
            api: try wiring.makeRegistry(), log: wiring.log, name: "glance.registry", accessName: "glance.registry.access")
        workers.start(try configuration(Options.registryThreads), on: try listener(socket))
        try run(workers, until: signals, wiring, "glance.registry")
    }

    private static func run(_ workers: Workers, until signals: sigset_t, _ wiring: Wiring, _ name: String) throws {
        let logger = wiring.log.logger(name)
        logger.info("takes requests")
        wait(for: signals)
        logger.info("ends; finishes what runs")
        if !workers.end(patience: try wiring.configuration(Options.gracefulShutdownTimeout)) {
            logger.warning("ended before all requests did")
        }
    }

    /// The API as one CGI request. The command line is not looked at: a web server may put words of the query there.
    package static func serveCGI() throws {
        let directories = environment()["OS_GLANCE_CONFIG_DIR"].map { [$0] } ?? []
        let files = environment()["OS_GLANCE_CONFIG_FILES"]?.split(separator: ";").map(String.init) ?? []
        let folder = directories.first.map { $0 + "/" } ?? ""
        let configuration = try configuration(files: files.map { folder + $0 }, directories: files.isEmpty ? directories : [])
        let wiring = try Wiring(configuration, program: "glance-api")
        Workers(api: try wiring.makeAPI(), log: wiring.log).serveOnce(Exchange(cgi: ()))
    }

    /// What outlives requests, until SIGTERM or SIGINT.
    package static func runTasks(_ configuration: Configuration, tools: ImportTools, makeBrokerSender: MakeBrokerSender) throws {
        let wiring = try Wiring(configuration, program: "glance-tasks")
        let logger = wiring.log.logger("glance.tasks")
        let signals = blockedEndSignals()
        let sweeper = try wiring.makeSweeper()
        let (copies, imports) = (wiring.makeCopies(logger), try wiring.makeImports(tools, logger))
        let prefetching = try wiring.makePrefetching(logger)
        let works: [(any Work)?] = [
            Removing(remover: try wiring.makeRemover()),
            Scrubbing(scrubber: try wiring.makeScrubber(), pause: Double(try configuration(Options.wakeupTime))),
            try wiring.makeCourier(makeBrokerSender), try wiring.makeSendLog(), try wiring.makeCacheRounds(),
        ]
        let rounds = works.compactMap(\.self).map { Rounds($0, logger) }
        try copies.start(try configuration(Options.copyThreads))
        try imports.start(try configuration(Options.importThreads))
        try prefetching?.start(try configuration(Options.cacheThreads))
        for round in rounds { round.start() }
        let others = ["uploads, imports, copies"] + works.compactMap { $0?.purpose.replacing("look after ", with: "") }
        logger.info("looks after \(others.joined(separator: ", "))")
        // After an absence of the database those that hold uploads get the time of a lease to renew them.
        var (wait, count) = (firstSweep, 0)
        while !ended(signals, within: wait) {
            do {
                // Who was killed a moment ago is not waited for.
                if count == 0 { try sweeper.endLeasesOfTheDead() } else { try sweeper.sweep() }
                if count % thoroughSweeps == 1 { sweeper.sweepThoroughly() }
                count += 1
                wait = sweepPause
            } catch {
                logger.error("cannot look after uploads: \(error)")
                wait = leaseLength
            }
        }
        for round in rounds { round.end(patience: 20) }
        prefetching?.end(patience: 10)
        imports.end(patience: 10)
        copies.end(patience: 10)
    }

    /// Seconds. An abandoned upload is given back within both of these: 30 + 10.
    private static let sweepPause = 10
    private static let firstSweep = 1
    /// Sweeps of which one is thorough: that is ten minutes.
    private static let thoroughSweeps = 60
    private static let leaseLength = 35

    private static func listener(_ place: String) throws -> Listener {
        guard place.hasPrefix("fd:") else { return try Listener(path: place) }
        guard let descriptor = CInt(place.dropFirst(3)) else {
            throw ConfigurationError(place: place, reason: "is neither fd:N nor the path of a socket")
        }
        return try Listener(descriptor: descriptor)
    }

    // MARK: the process

    /// Taken from every thread that starts later, so that they come to whoever waits for them.
    private static func blockedEndSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A reader that is gone is an error of its write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        return signals
    }

    private static func wait(for signals: sigset_t) {
        var signals = signals
        var number: CInt = 0
        sigwait(&signals, &number)
    }

    private static func ended(_ signals: sigset_t, within seconds: Int) -> Bool {
        var signals = signals
        var limit = timespec(tv_sec: seconds, tv_nsec: 0)
        return sigtimedwait(&signals, nil, &limit) > 0
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next.successor()
        }
        return variables
    }
}
