internal import Foundation
internal import Glibc

/// nginx and the workers behind it, in one folder: the service for `make run`, the tests and the benchmarks.
package final class Site: @unchecked Sendable {
    /// The folders, ports and programs of a site.
    package struct Settings: Sendable {
        /// For sockets, logs and nginx's buffers; created if it does not exist.
        package var folder: String
        /// The folder of `glance-api`, `glance-registry` and `glance-tasks`.
        package var programs: String
        /// The project's `nginx/`.
        package var nginxFolder: String
        /// Arguments that name the programs' configuration; empty for the default files.
        package var configuration: [String]
        /// Variables of all programs, such as those that override the configuration: `OS_<GROUP>__<OPTION>`.
        package var environment: [String: String] = [:]
        /// The internal locations from which nginx sends stores' files, and the stores' folders.
        package var blobs: [(prefix: String, folder: String)]
        /// The internal locations by which nginx fetches data from stores' servers, with the files of the authorities whose certificates are
        /// trusted; nil where certificates are not verified.
        package var remotes: [(prefix: String, authorities: String?)] = []
        package var port: Int
        /// The port of the registry; nil for no registry.
        package var registryPort: Int?
        package var workers: Int
        /// Whether `glance-tasks` is started.
        package var runsTasks = true

        package init(
            folder: String, programs: String, nginxFolder: String, configuration: [String], blobs: [(prefix: String, folder: String)],
            port: Int, workers: Int
        ) {
            self.folder = folder
            self.programs = programs
            self.nginxFolder = nginxFolder
            self.configuration = configuration
            self.blobs = blobs
            self.port = port
            self.workers = workers
        }
    }

    private let settings: Settings
    private var sockets: [CInt] = []
    private var ready: ReadySocket?
    private var nginx: ChildProcess?
    private var (tasks, workers, registries): (Watched?, [Watched], [Watched]) = (nil, [], [])
    private var lastRespawn = Date.distantPast

    package init(_ settings: Settings) { self.settings = settings }

    /// Starts all programs. Requests are accepted once `waitUntilListening` returns; the first may wait for a worker's start.
    package func start() throws {
        for folder in ["run", "log", "nginx"] {
            try FileManager.default.createDirectory(atPath: "\(settings.folder)/\(folder)", withIntermediateDirectories: true)
        }
        ready = try ReadySocket(path: "\(settings.folder)/run/ready.sock")
        sockets = [try listen(at: "\(settings.folder)/run/metadata.sock"), try listen(at: "\(settings.folder)/run/data.sock")]
        workers = try (0..<settings.workers).map { _ in try Watched(log: workerLog) { [unowned self] in try startWorker() } }
        if settings.registryPort != nil {
            sockets.append(try listen(at: "\(settings.folder)/run/registry.sock"))
            registries = try (0..<settings.workers).map { _ in try Watched(log: registryLog) { [unowned self] in try startRegistry() } }
        }
        try startNginx()
        if settings.runsTasks { tasks = try Watched(log: tasksLog) { [unowned self] in try startTasks() } }
    }

    private func startNginx() throws {
        let included = "\(settings.folder)/nginx/vitrine"
        try FileManager.default.createDirectory(atPath: included, withIntermediateDirectories: true)
        let shipped = try ShippedNginx(settings.nginxFolder)
        for (name, text) in try shipped.rendered(for: settings) {
            try text.write(toFile: "\(included)/\(name)", atomically: true, encoding: .utf8)
        }
        try nginxConfiguration.write(toFile: "\(settings.folder)/nginx/nginx.conf", atomically: true, encoding: .utf8)
        unlink(pidFile)
        nginx = try ChildProcess(
            "nginx", ["-p", settings.folder, "-c", "\(settings.folder)/nginx/nginx.conf", "-e", nginxLog], output: nginxLog,
            environment: settings.environment)
    }

    /// Waits until nginx accepts connections, whether or not the workers start.
    package func waitUntilListening() throws {
        // nginx writes the file after it has bound its ports, where another program may listen too.
        let isListening = waitUntil(seconds: 60) { nginx?.isRunning != true || FileManager.default.fileExists(atPath: pidFile) }
        guard isListening, nginx?.isRunning == true else {
            throw ChildProcess.NotStarted(description: "nginx does not start. \(nginxSentence)")
        }
    }

    /// Waits until every program has started and requests are answered.
    ///
    /// - Parameter isCancelled: returns true to stop waiting.
    /// - Throws: `NotStarted` with the error of the first program that ends before.
    package func waitUntilReady(unless isCancelled: () -> Bool = { false }) throws {
        try waitUntilListening()
        var failed: Watched?
        let isOver = waitUntil(seconds: 120) {
            noteReady()
            failed = programs.first { !$0.isReady && !$0.isRunning }
            return failed != nil || isCancelled() || programs.allSatisfy(\.isReady) && isAnswered
        }
        if let failed = failed ?? (isOver ? nil : programs.first { !$0.isReady }) {
            throw ChildProcess.NotStarted(description: "the service does not start. \(failed.sentence)")
        }
        guard isOver else { throw ChildProcess.NotStarted(description: "requests are not answered. \(nginxSentence)") }
    }

    private func noteReady() {
        guard let processes = ready?.news(), !processes.isEmpty else { return }
        for program in programs { program.note(ready: processes) }
    }

    private var programs: [Watched] { workers + registries + [tasks].compactMap(\.self) }

    /// Accepts no new requests, and finishes the running ones.
    package func stop() {
        nginx?.signal(SIGQUIT)
        for worker in workers { worker.process.signal(SIGTERM) }
        tasks?.process.signal(SIGTERM)
        for worker in workers { worker.process.stop(patience: 70) }
        for registry in registries { registry.process.stop(patience: 70) }
        tasks?.process.stop()
        nginx?.stop(with: SIGQUIT)
        for socket in sockets { close(socket) }
        // Later, other descriptors may have these numbers.
        sockets = []
    }

    /// Has all programs read their files again, as SIGHUP does; one that is just starting reads them anyway.
    package func reload() {
        noteReady()
        for program in programs where program.isReady { program.process.signal(SIGHUP) }
        nginx?.signal(SIGHUP)
    }

    /// Restarts programs that ended by themselves, after a pause if that happens too often.
    ///
    /// - Throws: `NotStarted` with the error of a program that cannot start.
    package func revive() throws {
        noteReady()
        for program in programs where !program.isRunning {
            if Date().timeIntervalSince(lastRespawn) < 1 { usleep(500_000) }
            if try program.revive() { lastRespawn = Date() }
        }
    }

    package var registryIDs: [Int32] { registries.filter(\.isRunning).map(\.process.id) }
    package var workerIDs: [Int32] { workers.filter(\.isRunning).map(\.process.id) }
    package var tasksID: Int32? { tasks?.process.id }
    package var nginxID: Int32? { nginx?.id }
    package var isRunning: Bool { nginx?.isRunning == true }
    package var workerLog: String { "\(settings.folder)/log/glance-api.log" }
    private var registryLog: String { "\(settings.folder)/log/glance-registry.log" }
    private var tasksLog: String { "\(settings.folder)/log/glance-tasks.log" }
    private var nginxLog: String { "\(settings.folder)/log/nginx.log" }
    private var pidFile: String { "\(settings.folder)/run/nginx.pid" }

    /// The end of nginx's log, and how nginx ended if it did.
    package var nginxSentence: String { "nginx \(nginx?.ending ?? "does not answer") (\(nginxLog)): \(tail(of: nginxLog))" }

    /// nginx's log of the bytes that it sent: `[vitrine] send_log`.
    package static func sendLog(in folder: String) -> String { "\(folder)/log/sends.log" }

    private func startWorker() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-api",
            settings.configuration + ["--metadata", "fd:0", "--data", "fd:3"], output: workerLog,
            descriptors: [sockets[0]: 0, sockets[1]: 3], environment: environment)
    }

    private func startRegistry() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-registry", settings.configuration + ["--socket", "fd:0"],
            output: registryLog, descriptors: [sockets[2]: 0], environment: environment)
    }

    private func startTasks() throws -> ChildProcess {
        try ChildProcess(
            "\(settings.programs)/glance-tasks", settings.configuration,
            output: tasksLog, environment: environment)
    }

    private var environment: [String: String] {
        settings.environment.merging(["NOTIFY_SOCKET": ready?.path ?? ""]) { $1 }
    }

    private func listen(at path: String) throws -> CInt {
        let descriptor = try bound(to: path, kind: CInt(SOCK_STREAM.rawValue))
        guard Glibc.listen(descriptor, 1024) == 0 else {
            let code = errno
            close(descriptor)
            throw ChildProcess.NotStarted(description: "cannot listen at \(path): \(String(cString: strerror(code)))")
        }
        return descriptor
    }

    /// Whether workers answer the requests of both ports.
    private var isAnswered: Bool {
        ([settings.port] + [settings.registryPort].compactMap(\.self)).allSatisfy { port in
            guard let status = LoopbackPort(port).statusOfVersions else { return false }
            return status != 502 && status != 504
        }
    }

    /// What an operator's nginx.conf says round `site.conf`, kept to this folder.
    private var nginxConfiguration: String {
        let buffers = [("client_body", "body"), ("fastcgi", "fastcgi"), ("proxy", "proxy"), ("scgi", "scgi"), ("uwsgi", "uwsgi")]
        return """
            daemon off;
            \(getuid() == 0 ? "user root;" : "")
            worker_processes auto;
            pid \(pidFile);
            events { worker_connections 4096; }
            http {
                access_log \(settings.folder)/log/access.log combined buffer=64k flush=1s;
                default_type application/octet-stream;
                keepalive_requests 100000;
                \(buffers.map { "\($0)_temp_path \(settings.folder)/nginx/\($1);" }.joined(separator: " "))
                include vitrine/site.conf;
            }
            """
    }
}
