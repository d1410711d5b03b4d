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
    private let port: Int
    private let clientEnvironment: String

    private static let database = "glance"

    init(home: Home, configurationFile: String, databaseURL: String?, apiPort: Int, registryPort: Int, nginxFolder: String) throws {
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
        environment.merge(CompositionRoot.stagingVariables(below: home.folder, named)) { $1 }
        for (name, value) in environment { setenv(name, value, 1) }

        let configuration = try ProgramConfiguration.read(files: [configurationFile], directories: [], program: "glance-api")
        let root = try CompositionRoot(configuration, program: "glance-manage")
        migrations = Migrations(try root.database)
        clientEnvironment = try root.clientEnvironment(at: "http://127.0.0.1:\(apiPort)")
        let workers = try configuration(options.processes.workers)
        var settings = Site.Settings(
            folder: home.folder, programs: Self.programs, nginxFolder: nginxFolder, configuration: ["--config-file", configurationFile],
            blobs: try root.internalFolders(), port: apiPort,
            workers: workers == 0 ? ProcessInfo.processInfo.activeProcessorCount : workers)
        settings.environment = environment
        if try configuration(options.v1.enableAPI) { settings.registryPort = registryPort }
        site = Site(settings)
    }

    /// Starts all programs, prints `ready`, and ends all after a signal, or when the terminal is closed.
    func run() throws {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGCHLD] { sigaddset(&signals, number) }
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
        try site.start()
        try site.waitUntilReady(unless: Self.isToldToEnd)
        if !Self.isToldToEnd() { announce() }

        var limit = timespec(tv_sec: 1, tv_nsec: 0)
        while true {
            let number = sigtimedwait(&signals, nil, &limit)
            if [SIGINT, SIGTERM, SIGQUIT, SIGHUP].contains(number) { break }
            guard site.isRunning else { throw ChildProcess.NotStarted(description: site.nginxSentence) }
            if let mariadb, !mariadb.isRunning { throw ChildProcess.NotStarted(description: mariadb.sentence) }
            try site.revive()
        }
    }

    /// Whether a signal to end is pending.
    private static func isToldToEnd() -> Bool {
        var waiting = sigset_t()
        sigpending(&waiting)
        return [SIGINT, SIGTERM, SIGQUIT, SIGHUP].contains { sigismember(&waiting, $0) == 1 }
    }

    private func announce() {
        let address = "http://127.0.0.1:\(port)"
        guard isatty(STDOUT_FILENO) != 0 else {
            print("ready: \(address), state in \(home.folder)")
            fflush(nil)
            return
        }
        print(
            """
            The image service is ready at \(address). Everything it keeps lies in \(home.folder).
            Try, in another terminal, with python-openstackclient from PyPI:

                export \(clientEnvironment)
                openstack image create --disk-format qcow2 --container-format bare --file disk.qcow2 first
                openstack image list

            Ctrl-C ends it.
            """)
    }

    /// The folder of this program.
    private static var programs: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (own as NSString).deletingLastPathComponent
    }
}
