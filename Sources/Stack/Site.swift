internal import Foundation
internal import Glibc

/// nginx and the workers behind it, in one folder: the service as `make run`, the tests and the benchmarks use it.
package final class Site: @unchecked Sendable {
    package struct Settings: Sendable {
        /// Sockets, logs and what nginx buffers; made when it is not there.
        package var folder: String
        /// `glance-api` and `glance-tasks` lie here.
        package var programs: String
        /// The project's `nginx/`.
        package var nginxFolder: String
        /// Words of the programs' command lines that say where the configuration is; none for where it usually is.
        package var configuration: [String]
        /// What overrides the configuration: `OS_<GROUP>__<OPTION>`.
        package var environment: [String: String] = [:]
        /// The internal locations by which nginx sends stores' files, and where those lie.
        package var blobs: [(prefix: String, folder: String)]
        package var port: Int
        /// Where the registry listens; nil for none.
        package var registryPort: Int?
        package var workers: Int
        /// Looks after abandoned uploads.
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

    /// Starts everything. Requests are taken as soon as `waitUntilListening` returns, though a worker may need a moment for the first.
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
            "nginx", ["-p", settings.folder, "-c", "\(settings.folder)/nginx/nginx.conf", "-e", nginxLog], output: nginxLog)
    }

    /// Waits until nginx takes connections, whatever becomes of the workers.
    package func waitUntilListening() throws {
        // It is written once the ports are its own: somebody else may listen there.
        let isListening = waitUntil(seconds: 60) { nginx?.isRunning != true || FileManager.default.fileExists(atPath: pidFile) }
        guard isListening, nginx?.isRunning == true else {
            throw ChildProcess.NotStarted(description: "nginx does not start. \(nginxSentence)")
        }
    }

    /// Waits until every program is past its start and requests are answered.
    ///
    /// - Parameter isCancelled: whether nobody waits for that any more.
    /// - Throws: `NotStarted` with the words of the first program that ends before.
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

    /// Takes nothing new, finishes what runs.
    package func stop() {
        nginx?.signal(SIGQUIT)
        for worker in workers { worker.process.signal(SIGTERM) }
        tasks?.process.signal(SIGTERM)
        for worker in workers { worker.process.stop(patience: 70) }
        for registry in registries { registry.process.stop(patience: 70) }
        tasks?.process.stop()
        nginx?.stop(with: SIGQUIT)
        for socket in sockets { close(socket) }
        // By then the numbers are others' descriptors.
        sockets = []
    }

    /// Starts again what ended by itself; waits a little when that comes too often.
    ///
    /// - Throws: `NotStarted` with the words of a program that cannot start.
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

    /// What nginx said last, and how it ended if it did.
    package var nginxSentence: String { "nginx \(nginx?.ending ?? "does not answer") (\(nginxLog)): \(tail(of: nginxLog))" }

    /// Where nginx tells of the bytes that it sent: `[vitrine] send_log`.
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

    /// Whether workers answer what nginx hands to them, by all ports.
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
