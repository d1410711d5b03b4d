internal import Assembly
internal import Foundation
internal import Options
internal import OsloConfig
internal import Persistence
internal import Schema
internal import Stack

/// MariaDB, nginx and the workers in one folder, which are started, watched and ended together.
struct Lab {
    private let home: Home
    private let mariadb: PrivateMariaDB?
    private let site: Site
    private let migrations: Migrations
    private let views: ReportViews
    private let port: Int
    private let clientEnvironment: String
    /// What an operator may try, a command a line.
    private let operatorCommands: [String]
    /// Where metrics are to be read; nil if nowhere.
    private let metrics: String?

    private static let database = "glance"

    /// The port of metrics if nobody says another.
    private static let metricsPort = 9193

    init(
        home: Home, configurationFile: String, databaseURL: String?, apiPort: Int, registryPort: Int, metricsPort: Int?, nginxFolder: String
    ) throws {
        (self.home, port) = (home, apiPort)
        let named = try ProgramConfiguration.read(files: [configurationFile], directories: [], program: "glance-api")
        try LoopbackPort(apiPort).checkFree(orChoose: "--api-port (make run: API_PORT=)")
        if try named(options.v1.enableAPI) {
            guard apiPort != registryPort else {
                throw ChildProcess.NotStarted(description: "the API and the registry cannot both have port \(apiPort)")
            }
            try LoopbackPort(registryPort).checkFree(orChoose: "--registry-port (make run: REGISTRY_PORT=)")
        }
        let mariadb: PrivateMariaDB? =
            if databaseURL == nil, try named(options.database.connection) == nil { PrivateMariaDB(folder: "\(home.folder)/mariadb") } else {
                nil
            }
        self.mariadb = mariadb
        var environment: [String: String] = [:]
        if let url = databaseURL ?? mariadb?.url(of: Self.database) { environment["OS_DATABASE__CONNECTION"] = url }
        // These settings belong to the folder, so they override the file.
        environment["OS_DEFAULT__REGISTRY_HOST"] = "127.0.0.1"
        environment["OS_DEFAULT__REGISTRY_PORT"] = String(registryPort)
        if try named(options.v1.registrySecret) == nil { environment["OS_VITRINE__REGISTRY_SECRET"] = try home.registrySecret() }
        environment["OS_VITRINE__SEND_LOG"] = Site.sendLog(in: home.folder)
        environment["OS_VITRINE__METRICS_LISTEN"] = try Self.metricsAddress(metricsPort, named(options.metrics.listen)) ?? ""
        if try named(options.metrics.folder) == nil { environment["OS_VITRINE__METRICS_FOLDER"] = "\(home.folder)/metrics" }
        environment.merge(CompositionRoot.stagingVariables(below: home.folder, named)) { $1 }
        for (name, value) in environment { setenv(name, value, 1) }
        operatorCommands =
            [". \(try home.write(environment: environment))"]
            + ["report overview", "store verify"].map { "\(Self.programs)/glance-manage \($0) --config-file \(configurationFile)" }

        let configuration = try ProgramConfiguration.read(files: [configurationFile], directories: [], program: "glance-api")
        metrics = try configuration(options.metrics.listen).map { "http://\($0)/metrics" }
        let root = try CompositionRoot(configuration, program: "glance-manage")
        (migrations, views) = (Migrations(try root.database), ReportViews(try root.database))
        clientEnvironment = try root.clientEnvironment(at: "http://127.0.0.1:\(apiPort)")
        let workers = try configuration(options.processes.workers)
        var settings = Site.Settings(
            folder: home.folder, programs: Self.programs, nginxFolder: nginxFolder, configuration: ["--config-file", configurationFile],
            blobs: try root.internalFolders(), port: apiPort,
            workers: workers == 0 ? ProcessInfo.processInfo.activeProcessorCount : workers)
        settings.environment = environment
        settings.remotes = try root.remotePlaces()
        if try configuration(options.v1.enableAPI) { settings.registryPort = registryPort }
        site = Site(settings)
    }

    /// The address at which metrics are served; nil for none. A port that is taken, as by another service of the same kind, is no reason not
    /// to start.
    private static func metricsAddress(_ port: Int?, _ configured: String?) throws -> String? {
        if port == nil, let configured { return configured }
        let port = port ?? Self.metricsPort
        guard port != 0 else { return nil }
        do {
            try LoopbackPort(port).checkFree(orChoose: "--metrics-port (make run: METRICS_PORT=)")
            return "127.0.0.1:\(port)"
        } catch {
            FileHandle.standardError.write(Data("There are no metrics: \(error)\n".utf8))
            return nil
        }
    }

    /// Starts all programs, prints `ready`, and ends all after a signal, or when the terminal is closed. Another SIGHUP than that has them
    /// read their files again.
    func run() throws {
        let hadTerminal = Self.hasTerminal
        let isToldToEnd = { Self.pending().contains { Self.ends($0, hadTerminal) } }
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in Self.heeded + [SIGCHLD] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        defer {
            site.stop()
            mariadb?.stop()
        }
        try mariadb?.start()
        try mariadb?.waitUntilReady()
        try mariadb?.createDatabase(Self.database)
        // The tables must exist before the first request.
        try migrations.apply { _ in }
        try views.installTelling()
        try site.start()
        try site.waitUntilReady(unless: isToldToEnd)
        if !isToldToEnd() { announce() }

        var limit = timespec(tv_sec: 1, tv_nsec: 0)
        while true {
            let number = sigtimedwait(&signals, nil, &limit)
            if Self.ends(number, hadTerminal) { break }
            if number == SIGHUP { site.reload() }
            guard site.isRunning else { throw ChildProcess.NotStarted(description: site.nginxSentence) }
            if let mariadb, !mariadb.isRunning { throw ChildProcess.NotStarted(description: mariadb.sentence) }
            try site.revive()
        }
    }

    private static let heeded = [SIGINT, SIGTERM, SIGQUIT, SIGHUP]

    /// The signals that were not waited for yet.
    private static func pending() -> [CInt] {
        var waiting = sigset_t()
        sigpending(&waiting)
        return heeded.filter { sigismember(&waiting, $0) == 1 }
    }

    /// Whether a signal says that the service is to end. SIGHUP does so when the terminal of the start is gone.
    private static func ends(_ number: CInt, _ hadTerminal: Bool) -> Bool {
        number == SIGHUP ? hadTerminal && !hasTerminal : heeded.contains(number)
    }

    /// Whether the process has a terminal that can end it: a session that lost its terminal cannot open this file.
    private static var hasTerminal: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        close(terminal)
        return true
    }

    private func announce() {
        let address = "http://127.0.0.1:\(port)"
        guard isatty(STDOUT_FILENO) != 0 else {
            print("ready: \(address), state in \(home.folder)\(metrics.map { ", metrics at \($0)" } ?? "")")
            fflush(nil)
            return
        }
        print(
            """
            The image service is ready at \(address). Everything it keeps lies in \(home.folder).\(metrics.map { "\nMetrics are at \($0)." } ?? "")
            Try, in another terminal, with python-openstackclient from PyPI:

                export \(clientEnvironment)
                openstack image create --disk-format qcow2 --container-format bare --file disk.qcow2 first
                openstack image list

            And for operators:

                \(operatorCommands.joined(separator: "\n    "))

            Ctrl-C ends it.
            """)
    }

    /// The folder of this program.
    private static var programs: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (own as NSString).deletingLastPathComponent
    }
}
